"""The auditor's pages, as people use them: read on a phone, driven by keyboard, an audit run by the real worker."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ledger.client import Client
from scripts.pages.world import World

Axe = Callable[[Page], list[str]]


def account_path(scene: World) -> str:
    """The page of ana's amount in the last settlement that has her."""
    deployment = scene.stage.deployment
    with Client(scene.url, scene.key) as client:
        last = [each.number for each in client.settlements()][-1]
    return f"/s/{deployment.chain_id}/{deployment.pool}/{last}/{scene.people['ana'].address.lower()}"


def paths(scene: World) -> list[str]:
    account = account_path(scene)
    return [
        *("/audit", "/entries", "/entries?kind=decision.made", "/e/40", "/tree", "/tree?entry=40"),
        *("/anchors", "/s", account.rpartition("/")[0], account),
    ]


@pytest.mark.long
@pytest.mark.parametrize(("lang", "size", "dark"), [("en", "phone", True), ("fa", "desktop", False)])
def test_the_pages_are_fit_for_everybody(
    scene: World, open_page: Callable[..., Page], axe: Axe, lang: str, size: str, dark: bool
) -> None:
    for path in paths(scene) if size == "phone" else ("/audit", "/tree", account_path(scene)):
        page = open_page(path, lang=lang, size=size, dark=dark)
        assert axe(page) == [], path
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("dir") == ("rtl" if lang == "fa" else "ltr")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{path} is {wider} px too wide"
        page.context.close()


@pytest.mark.long
def test_an_audit_is_run_and_its_report_is_shown(scene: World, open_page: Callable[..., Page], axe: Axe) -> None:
    page = open_page("/audit", size="phone")
    expect(page.locator("#audit-line")).to_have_text(f"crowdledger audit {scene.url} --rpc RPC_URL")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").nth(1).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"crowdledger mirror {scene.url} ./mirror"

    page.get_by_role("button", name="Run one now").press("Enter")
    expect(page).to_have_url(re.compile(r"/audits/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Passed: the log is what it claims to be", timeout=120_000
    )
    expect(page.get_by_text("so it is its operator's word")).to_be_visible()
    expect(page.locator(".checks")).to_contain_text("Every anchored head is the head of these entries")
    assert axe(page) == []
    page.get_by_role("link", name="Audit", exact=True).first.click()
    expect(page.get_by_text("The last audit passed")).to_be_visible()
    expect(page.get_by_text(re.compile("can be asked for in [0-9]+ minutes?"))).to_be_visible()
    with Client(scene.url, scene.key) as client:
        size = client.audit_summary().size
    report = page.get_by_role("row").nth(1)
    expect(report).to_contain_text("passed")
    assert int(report.get_by_role("cell").nth(1).inner_text().replace("\u202f", "")) <= size


def test_from_a_number_to_the_proof_and_the_root(scene: World, open_page: Callable[..., Page]) -> None:
    """With the keyboard alone."""
    page = open_page("/entries")
    page.get_by_label("Number of an entry, an id, or a hash").focus()
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Entry 40")
    page.get_by_text("All hashes").focus()
    page.keyboard.press("Enter")
    leaf = page.locator("dt", has_text="Leaf hash").locator("+ dd").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the receipt").press("Enter")
    assert download.value.suggested_filename == "receipt-40.json"
    page.get_by_role("link", name="Its place in the tree").press("Enter")
    expect(page.locator("svg .sought").first).to_be_visible()
    page.locator("svg a", has_text="Entry 41").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Entry 41")
    page.get_by_role("link", name=re.compile("Before")).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Entry 40")
    page.goto(f"{scene.url}/entries?q={leaf}")
    expect(page.locator(".entries li")).to_have_count(1)
    page.goto(f"{scene.url}/tree")
    for _ in range(8):
        nodes = page.locator("svg a")
        nodes.nth(nodes.count().bit_length() - 1).focus()  # the first of the tips
        with page.expect_navigation():
            page.keyboard.press("Enter")
        if "/e/" in page.url:
            break
    expect(page.get_by_role("heading", level=1)).to_have_text("Entry 0")


def test_what_somebody_is_paid_follows_from_decisions(scene: World, open_page: Callable[..., Page]) -> None:
    page = open_page("/s", size="phone")
    page.get_by_role("row").nth(1).get_by_role("link").click()
    page.get_by_label("Find an account").fill(scene.people["ana"].address)
    page.get_by_role("button", name="Find").click()
    page.locator("tbody th a").first.click()
    expect(page.get_by_text("exactly this amount")).to_be_visible()
    page.locator("tbody td:nth-child(4) a").first.click()  # a decision
    expect(page.locator(".above")).to_contain_text("A decision was made")


def test_in_persian_numbers_and_days_are_persian(open_page: Callable[..., Page]) -> None:
    page = open_page("/anchors", lang="fa", size="phone")
    assert re.search("[۰-۹]", page.locator(".figures dd").first.inner_text())
    assert "۱۴" in page.locator("td time").first.inner_text()
