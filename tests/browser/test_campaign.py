"""The public page of a campaign in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.client import Client
from ledger.demo.platform import brief
from ledger.statements.decisions import Verdict
from ledger.wire import NewCampaign, NewContribution, NewDecision, Prizes, ScoreRate
from ledger.wire.appeals import NewAppeal, NewResolution
from scripts.pages.world import World

PEOPLE = 24
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def client(scene: World) -> Iterator[Client]:
    """A platform of this file's."""
    with Client(scene.url, scene.stage.admin_key) as operator:
        key = operator.register_platform("Campaigns Ltd").key
    with Client(scene.url, key) as client:
        yield client


@pytest.fixture(scope="module")
def busy(client: Client) -> str:
    """A campaign with two dozen people, decisions of all kinds and two appeals, one of them resolved."""
    campaign = client.open_campaign(
        NewCampaign(
            title="Letters from 1910",
            type="processing",
            brief=brief("Type what the letter says.", "Letter by letter.", {"text": "Dear"}, {"text": "?"}),
            terms="CC0",
            policy=ScoreRate(max_amount="10"),
            budget="1000",
        )
    ).id
    decided = []
    for number in range(PEOPLE):
        new = NewContribution(campaign=campaign, contributor=f"own-{number}", content={"text": f"Dear {number}"})
        sent = client.submit(new).id
        if number < PEOPLE - 2:
            verdict: Verdict = "rejected" if number < 2 else "accepted"
            why = "Not legible." if verdict == "rejected" else None
            score = None if verdict == "rejected" else "0.5" if number == 2 else "1"
            client.decide(NewDecision(contribution=sent, verdict=verdict, score=score, feedback=why, reviewer="judge"))
            decided.append(sent)
    filed = [client.appeal(NewAppeal(contribution=each, grounds="It is legible.")).id for each in decided[:2]]
    client.resolve(filed[0], NewResolution(reviewer="another", reason="It is.", verdict="accepted", score="1"))
    return campaign


def test_what_is_asked_paid_and_done_is_there(busy: str, open_page: OpenPage) -> None:
    page = open_page(f"/campaigns/{busy}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Letters from 1910")
    example = page.get_by_role("region", name="What an answer earns").locator("tbody tr")
    expect(example).to_have_text(
        [re.compile("1.*10.points"), re.compile("0.8.*8.points"), re.compile("0.5.*5.points"), re.compile("nothing")]
    )
    record = page.locator("#record")
    expect(record.locator("svg[role=img]")).to_be_visible()
    record.locator("summary").click()
    expect(record.get_by_role("region").locator("tbody tr").last).to_be_visible()
    expect(record).to_contain_text("2 filed, 1 resolved, 1 of them with another decision")
    expect(record).to_contain_text("Not known: so far nothing was judged by several people.")
    expect(record).to_contain_text("no names are given")
    figures = page.locator("#figures")
    expect(figures).to_contain_text("24")
    # 19 whole ones, half of one, and the one that the appeal brought back
    expect(figures).to_contain_text("205\u00a0points is earned as it stands")


def test_people_are_listed_by_public_id_page_by_page(busy: str, open_page: OpenPage) -> None:
    page = open_page(f"/campaigns/{busy}")
    lines = page.locator("#people tbody tr")
    expect(lines).to_have_count(20)
    expect(lines.first).to_contain_text("10\u00a0points")
    assert "own-" not in page.content()
    page.get_by_role("link", name="Next page").click()
    expect(lines).to_have_count(PEOPLE - 20)
    expect(lines.last).to_contain_text("0\u00a0points")
    page.get_by_role("link", name="First page").click()
    expect(lines).to_have_count(20)


def test_prizes_are_explained_by_a_tie(client: Client, open_page: OpenPage) -> None:
    campaign = client.open_campaign(
        NewCampaign(
            title="<img src=x onerror=alert(1)>",
            type="solving",
            brief=brief("Solve it.", "Alone.", {"answer": 42}, {"answer": 41}),
            terms="CC0",
            policy=Prizes(amounts=["500", "300", "100"], min_score="0.5"),
            budget="900",
        )
    ).id
    page = open_page(f"/campaigns/{campaign}")
    expect(page.get_by_role("heading", level=1)).to_have_text("<img src=x onerror=alert(1)>")
    example = page.get_by_role("region", name="What an answer earns").locator("tbody tr")
    expect(example).to_have_text(
        [re.compile("500.points"), re.compile("200.points"), re.compile("200.points"), re.compile("nothing")]
    )
    expect(page.locator("#people")).to_contain_text("Nobody has sent anything yet.")
    expect(page.locator("#record")).to_contain_text("among so few people a number could point at one of them")


def test_it_says_the_same_without_scripts(busy: str, scene: World, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{scene.url}/campaigns/{busy}")
    expect(page.locator("#people tbody tr")).to_have_count(20)
    expect(page.locator("#record svg")).to_be_visible()
    context.close()


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "lang", "size", "dark"), [("quick", "en", "desktop", False), ("slow", "fa", "phone", True)]
)
def test_everybody_can_read_it(
    scene: World, open_page: OpenPage, axe: Callable[[Page], list[str]], name: str, lang: str, size: str, dark: bool
) -> None:
    page = open_page(f"/campaigns/{scene.campaigns[name].id}?lang={lang}", lang=lang, size=size, dark=dark)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.dir") == ("rtl" if lang == "fa" else "ltr")
