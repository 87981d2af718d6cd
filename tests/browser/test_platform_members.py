"""People of a platform in the console: added by an owner, in by a link or a wallet, out when their role changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_account import Account
from playwright.sync_api import Page, expect

from ledger.client import Client
from ledger.wire.members import MemberChange, NewMember
from scripts.pages.wallet import Wallet
from scripts.pages.world import World
from tests.browser.console import Ours, enter

OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]
ATTACK = "<img src=x onerror=\"document.title='owned'\">"
EVERYTHING = ["Campaigns", "Review", "Appeals", "Imports", "Webhooks in", "Webhooks out"]
EVERYTHING += ["Costs and payments", "Contributors", "Members", "Keys"]


def tabs(page: Page) -> list[str]:
    links = page.get_by_role("navigation", name="Parts of the console").get_by_role("link")
    return [link.inner_text() for link in links.all()]


def add(page: Page, name: str, role: str, wallet: str = "") -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.locator(f"input[value={role}]").check()
    page.get_by_label("Wallet").fill(wallet)
    page.get_by_role("button", name="Add the member").click()
    expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()


def forgive(page: Page) -> None:
    """A request was meant to be refused."""
    problems = page.problems  # type: ignore[attr-defined]
    assert problems.pop().startswith("Failed to load resource")
    assert problems == []


@pytest.mark.long
def test_a_reviewer_comes_in_by_a_link_and_judges_in_their_own_name(ours: Ours, open_page: OpenPage) -> None:
    campaign = ours.campaign("Members judge")
    work = ours.send(campaign, {"label": "robin"}, "nora")
    page = open_page("/platform#members")
    enter(page, ours.key)
    expect(page.get_by_text("There are no members yet")).to_be_visible()
    add(page, "Olga", "owner")
    add(page, f"Rita {ATTACK}", "reviewer")
    page.get_by_role("button", name="Sign-in link for Rita").click()
    link = page.locator("pre.command").inner_text()
    rita = open_page(link.removeprefix(ours.client.base_url))
    expect(rita.get_by_text(f"Rita {ATTACK}, reviewer, signed in until")).to_be_visible()
    assert "link=" not in rita.url
    assert tabs(rita) == ["Campaigns", "Review", "Appeals", "Imports", "Costs and payments"]
    assert rita.get_by_role("button", name="Open a campaign").count() == 0
    rita.evaluate("id => { location.hash = `review/${id}` }", campaign)
    expect(rita.get_by_text("You judge in your own name: Rita")).to_be_visible()
    expect(rita.locator("#judged")).to_be_visible()
    rita.get_by_role("button", name="Next").focus()
    rita.keyboard.press("a")
    rita.keyboard.press("Enter")
    member = next(each.member for each in ours.client.members() if each.role == "reviewer")
    expect(rita.locator(".outbox")).to_contain_text("recorded")
    assert ours.verdict(work) == "accepted"
    assert [each.reviewer for each in ours.client.reviewers(campaign).reviewers] == [member]
    rita.evaluate("void (location.hash = '#review')")
    rita.get_by_role("button", name="What you earn by judging").click()
    expect(rita.get_by_role("heading", name="My work")).to_be_visible()
    expect(rita.get_by_text("Signed in by a link of Console Ltd")).to_be_visible()
    rita.go_back()
    expect(rita.get_by_text("You judge", exact=False).or_(rita.get_by_role("heading", name="Review"))).to_be_visible()
    again = open_page(link.removeprefix(ours.client.base_url))
    expect(again.get_by_role("alert")).to_contain_text("This link does not open any more.")
    forgive(again)
    assert rita.title() != "owned"
    assert page.title() != "owned"
    page.get_by_role("button", name="Change Rita").click()
    page.locator("input[value=viewer]").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="Rita")).to_contain_text("viewer")
    rita.reload()
    expect(rita.get_by_text("Your session is over. Sign in again.")).to_be_visible()
    assert member not in rita.evaluate("JSON.stringify(sessionStorage)")
    forgive(rita)
    page.get_by_role("button", name="Remove Olga").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("alert")).to_contain_text("last owner")
    forgive(page)


@pytest.mark.long
def test_an_owner_comes_in_by_wallet_and_leaves(scene: World, ours: Ours, open_page: OpenPage) -> None:
    account = Account.create()
    wallet = Wallet(account, scene.rpc, scene.stage.chain.chain_id)
    member = ours.client.add_member(NewMember(name="Walter", role="owner", wallet=account.address))
    page = open_page("/platform", wallet=wallet)
    wallet.refuses = True
    page.get_by_role("button", name="Sign in with Pocket").click()
    expect(page.get_by_role("alert")).to_contain_text("You said no in the wallet")
    wallet.refuses = False
    with Client(scene.url, scene.stage.admin_key) as operator:
        other = operator.register_platform("Another Ltd").key
    with Client(scene.url, other) as elsewhere:
        elsewhere.add_member(NewMember(name="Walter", role="viewer", wallet=account.address))
    page.get_by_role("button", name="Sign in with Pocket").click()
    page.get_by_role("button", name="Console Ltd").click()
    expect(page.get_by_text("Walter, owner, signed in until")).to_be_visible()
    forgive(page)
    assert tabs(page) == EVERYTHING
    page.get_by_text("What your role allows").click()
    expect(page.get_by_text("ask for settlements")).to_be_visible()
    token = page.evaluate("Object.values(sessionStorage).find((each) => each.startsWith('ms_'))")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert "ms_" not in page.evaluate("JSON.stringify(sessionStorage)")
    with Client(scene.url, token) as late, pytest.raises(Exception, match="no session"):
        late.current_key()
    ours.client.change_member(member.member, MemberChange(wallet=""))
    page.get_by_role("button", name="Sign in with Pocket").click()
    expect(page.get_by_text("Walter, viewer, signed in until")).to_be_visible()  # the one platform that is left


@pytest.mark.long
@pytest.mark.parametrize(("lang", "size", "dark"), [("en", "desktop", False), ("fa", "phone", True)])
def test_everybody_can_use_it(
    scene: World, ours: Ours, open_page: OpenPage, axe: Axe, lang: str, size: str, dark: bool
) -> None:
    ours.client.add_member(NewMember(name="نرگس " + "x" * 60, role="treasurer"))
    wallet = Wallet(Account.create(), scene.rpc, scene.stage.chain.chain_id)
    page = open_page(f"/platform?lang={lang}#members", lang=lang, size=size, dark=dark, wallet=wallet)
    assert axe(page) == []
    page.locator("#key").fill(ours.key)
    page.keyboard.press("Enter")
    page.locator("table").wait_for()
    assert axe(page) == []
    page.locator("td .link").nth(0).click()
    page.locator("pre.command").wait_for()
    assert axe(page) == []
    page.locator("td .link").nth(1).click()
    page.locator("#change").wait_for()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= screen.width")
