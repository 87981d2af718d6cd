"""The page /me and a contribution's page in a real browser: signing in, seeing, appealing, linking, erasing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from ledger.statements.commitments import Opening
from ledger.tree.receipts import Receipt
from scripts.pages.wallet import Wallet
from scripts.pages.world import World

OpenPage = Callable[..., Page]


def saved(page: Page, click: Callable[[], None]) -> bytes:
    """The file that a click saves."""
    with page.expect_download() as download:
        click()
    return Path(download.value.path()).read_bytes()


def test_by_link_see_appeal_and_take_back_with_the_keyboard(scene: World, open_page: OpenPage) -> None:
    rejected, undecided = scene.contributions["gil", "slow"]
    page = open_page(f"/me#link={scene.sign_in_token('gil')}")
    expect(page.get_by_role("heading", name="What became of your work")).to_be_visible()
    assert "#link" not in page.url, "the address keeps no secret"
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"

    work = page.locator(f"article[aria-labelledby='work-{rejected}']")
    expect(work).to_contain_text("Not accepted")
    expect(work).to_contain_text("The stripe above the eye says it is a wren.")
    expect(work).to_contain_text("You can appeal until")
    work.get_by_role("button", name="Appeal").focus()
    page.keyboard.press("Enter")
    expect(work.get_by_label("Why is the decision wrong?")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert work.get_by_label("Why is the decision wrong?").is_visible(), "nothing was written: the browser says so"
    work.get_by_label("Why is the decision wrong?").focus()
    page.keyboard.type("It is a wren only from afar.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(work).to_contain_text("You appealed on")
    expect(page.get_by_text("Your appeal is recorded.")).to_be_visible()
    grounds = {each.contribution: each.grounds for each in scene.platform.client.appeals()}
    assert grounds[rejected] == "It is a wren only from afar."

    work = page.locator(f"article[aria-labelledby='work-{undecided}']")
    expect(work).to_contain_text("Waits for a decision")
    work.get_by_text("Take it back", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(work).to_contain_text("Withdrawn")
    assert scene.platform.client.contribution(undecided).withdrawn

    page.reload()
    expect(page.get_by_role("heading", name="What became of your work")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="With a link")).to_be_visible()


@pytest.mark.long
def test_a_link_that_was_used_says_so(scene: World, open_page: OpenPage) -> None:
    token = scene.sign_in_token("gil")
    open_page(f"/me#link={token}")
    for link in (token, "sl_nonsense"):
        page = open_page(f"/me#link={link}", wait="networkidle")
        expect(page.get_by_role("alert")).to_contain_text("was used already, has expired, or never was")
        assert "#link" not in page.url
        page.problems.clear()  # type: ignore[attr-defined]  # the browser tells of the 401


def test_receipts_and_openings_are_saved_whole(scene: World, open_page: OpenPage) -> None:
    mine = scene.contributions["ana", "slow"][0]
    page = open_page(f"/me#link={scene.sign_in_token('ana')}")
    work = page.locator(f"article[aria-labelledby='work-{mine}']")
    work.get_by_text("Receipt and proof").click()
    receipt = saved(page, work.get_by_role("link", name="Download the receipt").click)
    assert Receipt.parse(receipt).proof.index == scene.platform.client.contribution(mine).index
    opening = saved(page, work.get_by_role("button", name="Save what you sent").click)
    assert Opening.parse(opening).content() == {"photo": "feeder-17.jpg", "label": "sparrow"}
    expect(work.get_by_role("img", name="QR code of its page")).to_be_visible()
    page.locator("nav.tabs a[href='#data']").click()
    kept = json.loads(saved(page, page.get_by_role("button", name="Download my data").click))
    assert mine in json.dumps(kept)
    page.locator("nav.tabs a[href='#pay']").click()
    certificate = json.loads(saved(page, page.get_by_role("button", name="Certificate of this work").first.click))
    assert certificate["contributor"] == kept["person"]["id"]


def test_link_a_wallet_then_be_forgotten(
    scene: World, open_page: OpenPage, wallet_of: Callable[[str], Wallet], axe: Callable[[Page], list[str]]
) -> None:
    wallet = wallet_of("hua")
    page = open_page("/me", size="phone", wallet=wallet)
    page.get_by_role("button", name="Sign in with Pocket").click()
    expect(page.get_by_text("This wallet is not linked to anybody's work yet.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{scene.url}/me#link={scene.sign_in_token('hua')}")
    page.locator("nav.tabs a[href='#pay']").click()
    expect(page.get_by_text("Your pay waits for you until you link a wallet")).to_be_visible()
    page.get_by_role("link", name="Link a wallet").click()
    page.get_by_role("button", name="Link Pocket").click()
    expect(page.get_by_text("The wallet is linked.")).to_be_visible()
    assert wallet.asked[-1] == "personal_sign"
    expect(page.locator("main")).to_contain_text(scene.people["hua"].address)
    assert axe(page) == []

    page.locator("nav.tabs a[href='#data']").click()
    expect(page.get_by_text("What everybody can see of your work")).to_be_visible()
    page.get_by_role("button", name="Erase my data ...").click()
    assert axe(page) == []
    page.get_by_role("button", name="Erase my data").click()
    assert scene.opening("hua", "slow"), "without the tick nothing is erased"
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Erase my data").click()
    expect(page.get_by_text("It is erased.")).to_be_visible()
    assert scene.platform.client.contribution(scene.contributions["hua", "slow"][0]).content is None
    page.reload()
    expect(page.get_by_role("heading", name="With a link")).to_be_visible()
    page.problems.clear()  # type: ignore[attr-defined]  # the session of before is gone: 401


@pytest.mark.parametrize(
    ("lang", "size", "dark"), [pytest.param("en", "desktop", False, marks=pytest.mark.long), ("fa", "phone", True)]
)
def test_every_view_is_sound(
    scene: World,
    open_page: OpenPage,
    axe: Callable[[Page], list[str]],
    lang: str,
    size: Literal["phone", "desktop"],
    dark: bool,
) -> None:
    """No finding of axe, nothing wider than the screen, and every word in the language that was asked for."""
    page = open_page("/me", lang=lang, size=size, dark=dark)
    assert axe(page) == []
    page.goto(f"{scene.url}/me#link={scene.sign_in_token('dan')}")
    for view in ("work", "pay", "wallet", "data"):
        page.locator(f"nav.tabs a[href='#{view}']").click()
        expect(page.locator("main .skeleton")).to_have_count(0)
        expect(page.locator("#view")).to_be_focused()
        for summary in page.locator("main summary").all():
            summary.click()
        assert axe(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
    page.goto(f"{scene.url}/c/{scene.contributions['dan', 'slow'][0]}")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heading = {"en": "Appealed: somebody else is looking at it", "fa": "اعتراض"}[lang]
    expect(page.locator("h1")).to_contain_text(heading)
