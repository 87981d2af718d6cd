"""The main stories by keyboard alone, in both languages, at both sizes: sign in, see, appeal, be paid, check a receipt.

Nothing is clicked and nothing gets the focus but by the Tab key, so what the stories use is within everybody's reach.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from ledger.demo.people import Person, meet
from ledger.demo.platform import wait_until
from ledger.wire import NewContribution, NewDecision
from scripts.pages.wallet import Wallet
from scripts.pages.world import TOKEN, World

OpenPage = Callable[..., Page]
Size = Literal["phone", "desktop"]
EARNED = 2 * TOKEN
PERSIAN = re.compile("[\u0600-\u06ff]")
_MOST_TABS = 150
_EACH = pytest.mark.parametrize(
    ("lang", "size"),
    [
        ("fa", "desktop"),
        pytest.param("en", "phone", marks=pytest.mark.long),
        pytest.param("en", "desktop", marks=pytest.mark.long),
        pytest.param("fa", "phone", marks=pytest.mark.long),
    ],
)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who earned 2 tokens in one campaign and was rejected in another."""

    person: Person
    rejected: str


@pytest.fixture(scope="module")
def crowd(scene: World) -> dict[tuple[str, str, str], Member]:
    """Somebody for each way to be paid, language and size, who can be paid now."""
    keys = [(way, lang, size) for way in ("relay", "wallet") for lang in ("en", "fa") for size in ("phone", "desktop")]
    people = meet(["-".join(key) for key in keys])
    made = [
        scene.platform.contribute(
            [
                NewContribution(campaign=scene.campaigns[name].id, contributor=person.name, content={"label": "tit"})
                for name in ("quick", "slow")
            ]
        )
        for person in people
    ]
    scene.platform.decide(
        [NewDecision(contribution=paid.id, verdict="accepted", reviewer="judge-1") for paid, _ in made]
        + [
            NewDecision(contribution=rejected.id, verdict="rejected", reviewer="judge-1", feedback="It is a wren.")
            for _, rejected in made
        ]
    )
    scene.platform.link(people)
    wait_until(
        "all can be paid", lambda: all(scene.platform.claimable(each.address) == EARNED for each in people) or None
    )
    return {key: Member(person, rejected.id) for key, person, (_, rejected) in zip(keys, people, made, strict=True)}


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus, which then is seen to have it."""
    wanted.wait_for()
    for _ in range(_MOST_TABS):
        if wanted.evaluate("each => each === document.activeElement"):
            outline = wanted.evaluate("each => getComputedStyle(each.closest('.drop') ?? each).outlineStyle")
            assert outline != "none", "what has the focus is seen to have it"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {wanted}")


def press(page: Page, wanted: Locator) -> None:
    reach(page, wanted)
    page.keyboard.press("Enter")


def said(page: Page, lang: str, where: Locator) -> None:
    """What is said stands in the language that was asked for."""
    expect(where.first).to_be_visible()
    assert bool(PERSIAN.search(where.first.inner_text())) == (lang == "fa")


@_EACH
def test_by_link_see_appeal_and_be_paid_by_relay(
    scene: World, open_page: OpenPage, crowd: dict[tuple[str, str, str], Member], lang: str, size: Size
) -> None:
    member = crowd["relay", lang, size]
    page = open_page(f"/me#link={scene.sign_in_token(member.person.name)}", lang=lang, size=size)
    work = page.locator(f"article[aria-labelledby='work-{member.rejected}']")
    said(page, lang, work.locator(".verdict.bad"))
    expect(work).to_contain_text("It is a wren.")
    press(page, work.locator("button.second").first)
    expect(work.locator("textarea")).to_be_focused()
    page.keyboard.type("نه، is it?")
    press(page, work.locator("form button").first)
    said(page, lang, page.locator(".notice.good"))
    appeals = {each.contribution: each.grounds for each in scene.platform.client.appeals()}
    assert appeals[member.rejected] == "نه، is it?"

    press(page, page.locator("nav.tabs a[href='#pay']"))
    said(page, lang, page.locator("section.ready h3"))
    press(page, page.locator("section.ready .buttons button"))
    expect(page.locator(".payments li")).to_have_count(1)
    said(page, lang, page.locator(".notice.good"))
    assert member.person.balance(scene.stage.node, scene.stage.deployment.token) == EARNED


@_EACH
def test_by_wallet_be_paid_by_a_transaction_of_ones_own(
    scene: World, open_page: OpenPage, crowd: dict[tuple[str, str, str], Member], lang: str, size: Size
) -> None:
    person = crowd["wallet", lang, size].person
    scene.stage.chain.rpc("anvil_setBalance", person.address, hex(TOKEN))
    wallet = Wallet(person.wallet, scene.rpc, scene.stage.chain.chain_id)
    page = open_page("/me", lang=lang, size=size, wallet=wallet)
    press(page, page.locator(".two .card .buttons button"))
    said(page, lang, page.locator("#view"))
    press(page, page.locator("nav.tabs a[href='#pay']"))
    press(page, page.locator("section.ready .buttons button").first)
    expect(page.locator(".payments li")).to_have_count(1)
    said(page, lang, page.locator(".notice.good"))
    assert wallet.asked.count("eth_sendTransaction") == 1
    assert person.balance(scene.stage.node, scene.stage.deployment.token) == EARNED


@_EACH
def test_a_right_receipt_and_a_broken_one(scene: World, open_page: OpenPage, lang: str, size: Size) -> None:
    right = scene.receipt("fay").decode()
    members = json.loads(right)
    members["proof"] = re.sub("\nindex [0-9]+\n", "\nindex 1\n", members["proof"])
    broken = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    page = open_page("/verify", lang=lang, size=size)
    press(page, page.locator("details.more summary").first)
    for receipt, failed in ((right, []), (broken, ["inclusion"])):
        reach(page, page.locator("#pasted"))
        page.keyboard.insert_text(receipt)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("[data-step=inclusion]").and_(
            page.locator(f"[data-verdict={'failed' if failed else 'ok'}]")
        ).wait_for()
        found = page.locator("[data-verdict=failed]").evaluate_all("items => items.map((item) => item.dataset.step)")
        assert found == failed
        said(page, lang, page.locator(".result h2"))


@pytest.mark.long
@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", ["en", "fa"])
def test_an_audit_is_asked_for_and_read(scene: World, open_page: OpenPage, lang: str, size: Size) -> None:
    with sqlite3.connect(scene.stage.database, timeout=20) as database:
        database.execute("UPDATE audits SET at_ms = at_ms - 7200000")  # strangers may ask once an hour
    page = open_page("/audit", lang=lang, size=size)
    press(page, page.locator("form[action='/audit'] button"))
    page.locator("h1.verdict.good").wait_for(timeout=120_000)
    said(page, lang, page.locator("h1"))
    said(page, lang, page.locator(".checks"))
    newest = httpx.get(f"{scene.url}/v1/audits").json()["items"][0]
    assert (newest["state"], newest["verdict"], newest["errors"]) == ("done", "pass", 0)
