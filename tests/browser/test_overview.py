"""The first page and the list of campaigns, as a visitor finds them: alive, light, in both languages, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.wire import NewContribution
from scripts.pages.world import World

OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]
PERSIAN = re.compile("[\u0600-\u06ff]")


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_the_overview_follows_the_log(scene: World, open_page: OpenPage, axe: Axe) -> None:
    page = open_page("/", size="desktop")
    expect(page.get_by_role("heading", level=1)).to_have_text("Work that was done stays on record.")
    expect(page.get_by_role("status")).to_contain_text("Live")
    for words in ("Entries over time", "Money of the campaigns"):
        expect(page.get_by_role("img", name=words).first).to_be_visible()
    for words in ("Anchored on the chain", "Campaigns that take work now"):
        expect(page.get_by_role("heading", name=words)).to_be_visible()
    assert axe(page) == []

    count = page.locator("[data-count=contributions]")
    before = int(re.sub(r"\D", "", count.inner_text()))
    campaign = scene.campaigns["slow"].id
    scene.platform.client.submit(NewContribution(campaign=campaign, contributor="visitor", content="A wren, I think."))
    expect(count).to_have_text(str(before + 1), timeout=15_000)
    assert overflow(page) == 0


def test_the_overview_in_persian_on_a_phone(open_page: OpenPage, axe: Axe) -> None:
    page = open_page("/", lang="fa", size="phone", dark=True)
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["fa", "rtl"]
    expect(page.get_by_role("heading", level=1)).to_have_text(PERSIAN)
    expect(page.locator("[data-count=size]")).to_have_text(re.compile("^[۰-۹٬]+$"))
    # Moments are in the visitor's own calendar: 1405 and after.
    expect(page.locator("#anchored time").first).to_have_text(re.compile("۱۴[۰-۹]{2}"))
    assert axe(page) == []
    assert overflow(page) == 0
    words = page.locator("main").inner_text()
    assert "Entries" not in words
    assert "Contributions" not in words


def test_a_language_once_chosen_is_kept(open_page: OpenPage) -> None:
    page = open_page("/campaigns?show=all", lang="en", size="phone")
    page.get_by_role("link", name="فارسی").click()
    expect(page).to_have_url(re.compile(r"/campaigns\?show=all&lang=fa$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("پروژه‌ها")
    page.get_by_role("link", name="نمای کلی").click()
    assert page.evaluate("document.documentElement.lang") == "fa"
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Work that was done stays on record.")


def test_keys_alone_lead_everywhere(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="See my work and pay")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "what has the focus is seen to have it"
    table = page.locator("#course summary")
    table.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#course table")).to_be_visible()


@pytest.mark.parametrize(("lang", "size"), [("en", "phone"), pytest.param("fa", "desktop", marks=pytest.mark.long)])
def test_campaigns_are_listed_and_lead_to_their_pages(
    scene: World, open_page: OpenPage, axe: Axe, lang: str, size: Literal["phone", "desktop"]
) -> None:
    page = open_page("/campaigns?show=all", lang=lang, size=size)
    expect(page.locator(".campaign-card").nth(len(scene.campaigns) - 1)).to_be_visible()
    assert axe(page) == []
    assert overflow(page) == 0
    while page.get_by_role("link", name="Does it follow?").count() == 0:  # other tests have opened newer ones
        page.locator("a[rel=next]").click()
    page.get_by_role("link", name="Does it follow?").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Does it follow?")


@pytest.mark.long
@pytest.mark.parametrize("path", ["/docs", "/problems", "/problems/not-found"])
def test_pages_for_programmers_have_no_faults_either(open_page: OpenPage, axe: Axe, path: str) -> None:
    for lang, size in (("en", "desktop"), ("fa", "phone")):
        page = open_page(f"{path}?lang={lang}", size=size)
        assert axe(page) == []
        assert overflow(page) == 0


def test_a_page_that_is_not_there_says_so_and_leads_back(open_page: OpenPage, axe: Axe) -> None:
    page = open_page("/nowhere", lang="fa", size="phone")
    expect(page.get_by_role("heading", level=1)).to_have_text("چنین چیزی نیست")
    expect(page.get_by_role("link", name="به نمای کلی")).to_be_visible()
    assert axe(page) == []
    assert [problem for problem in page.problems if "404" not in problem] == []  # type: ignore[attr-defined]
    page.problems.clear()  # type: ignore[attr-defined]


def test_without_scripts_the_figures_are_there(scene: World, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="fa-IR")
    page = context.new_page()
    page.goto(scene.url)
    expect(page.locator("[data-count=size]")).to_have_text(re.compile("^[۰-۹٬]+$"))
    expect(page.locator("#course svg.picture")).to_be_visible()
    context.close()
