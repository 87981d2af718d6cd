"""All public pages, whatever they show: in every language, at every size, light and dark. Each page's stories have
files of their own; here stands what holds for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Page

from ledger.client import Client
from ledger.demo.platform import wait_until
from scripts.pages.world import World

OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]
Size = Literal["phone", "desktop"]
MOST_BYTES = 200_000
NARROW = 320
"""CSS pixels: a small phone, or a window of 640 at 200 % (WCAG 2.2, 1.4.10 asks for no less)."""
_SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, summary, input, select, textarea')]
  .filter((each) => each.checkVisibility() && getComputedStyle(each).display !== 'inline' && !each.closest('label'))
  .map((each) => [each.getBoundingClientRect(), each])
  .filter(([box]) => box.width > 1 && (box.width < 24 || box.height < 20))
  .map(([, each]) => each.outerHTML.slice(0, 120))"""
_WEIGHT = """() => performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
  .reduce((sum, each) => sum + each.transferSize, 0)"""


@pytest.fixture(scope="module")
def paths(scene: World) -> list[str]:
    """Every page that anybody can open."""
    place = scene.stage.deployment
    with Client(scene.url, scene.key) as client:
        number = [each.number for each in client.settlements()][-1]
    settlement = f"/s/{place.chain_id}/{place.pool}/{number}"
    decision = scene.platform.client.contribution(scene.contributions["ana", "slow"][0]).decision
    assert decision is not None
    audits, operator = f"{scene.url}/v1/audits", {"Authorization": f"Bearer {scene.stage.admin_key}"}
    audit = httpx.post(audits, headers=operator).json()["id"]
    wait_until("the audit is done", lambda: httpx.get(f"{audits}/{audit}").json()["state"] == "done" or None)
    return [
        *("/", "/campaigns", "/campaigns?show=all", "/entries", "/entries?kind=decision.made", "/e/40"),
        *(f"/campaigns/{each.id}" for each in scene.campaigns.values()),
        *(f"/c/{scene.contributions[who, 'slow'][0]}" for who in ("ana", "dan", "caro", "fay")),
        f"/c/{scene.contributions['ana', 'quick'][0]}",
        f"/d/{decision.id}",
        *("/tree", "/tree?entry=40", "/anchors", "/s", settlement),
        f"{settlement}/{scene.people['ana'].address.lower()}",
        *("/audit", f"/audits/{audit}", "/verify", "/me", "/platform", "/seal", "/docs", "/problems"),
        *("/problems/not-found",),
    ]


def faults(page: Page, lang: str) -> list[str]:
    """What is wrong with a page at first sight."""
    found = page.evaluate(
        """() => ({
          headings: document.querySelectorAll('h1').length,
          lang: document.documentElement.lang,
          dir: document.documentElement.dir,
          wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          title: document.title,
        })"""
    )
    wrong = []
    if found["headings"] != 1:
        wrong.append(f"{found['headings']} headings of the first level")
    if (found["lang"], found["dir"]) != (lang, "rtl" if lang == "fa" else "ltr"):
        wrong.append(f"is in {found['lang']}, {found['dir']}")
    if found["wider"] > 0:
        wrong.append(f"{found['wider']} px too wide")
    if not found["title"]:
        wrong.append("no title")
    return wrong + [f"hard to touch: {each}" for each in page.evaluate(_SMALL_TARGETS)]


@pytest.mark.parametrize("lang", ["en", pytest.param("fa", marks=pytest.mark.long)])
def test_each_fits_the_smallest_screen_and_is_light(
    open_page: OpenPage, scene: World, paths: list[str], lang: str
) -> None:
    page = open_page("/", lang=lang, size="phone")
    page.set_viewport_size({"width": NARROW, "height": 640})
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    wrong = []
    for path in paths:
        page.goto(scene.url + path)
        weight = page.evaluate(_WEIGHT)
        wrong += [f"{path}: {each}" for each in faults(page, lang)]
        if weight > MOST_BYTES:
            wrong.append(f"{path} weighs {weight:,} bytes")
    assert not wrong, "\n".join(wrong)


def test_axe_finds_nothing_on_some(open_page: OpenPage, scene: World, axe: Axe, paths: list[str]) -> None:
    """What no story's own test looks at; the long tests look at all, in every way."""
    page = open_page("/", lang="fa", size="desktop", dark=True)
    wrong = []
    for path in paths:
        if re.match("/(e/|tree$|anchors|s/.*/0x.*/.*0x|campaigns/)", path):
            page.goto(scene.url + path)
            wrong += [f"{path}: {each}" for each in axe(page)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", ["en", "fa"])
def test_axe_finds_nothing_on_any(
    open_page: OpenPage, scene: World, axe: Axe, paths: list[str], lang: str, size: Size, dark: bool
) -> None:
    page = open_page("/", lang=lang, size=size, dark=dark)
    wrong = []
    for path in paths:
        page.goto(scene.url + path, wait_until="networkidle")
        wrong += [f"{path}: {each}" for each in faults(page, lang) + axe(page)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
@pytest.mark.parametrize("lang", ["en", "fa"])
def test_at_200_percent_nothing_is_cut_off(open_page: OpenPage, scene: World, lang: str) -> None:
    """Text alone made twice as large, as people set it in their browser."""
    page = open_page("/", lang=lang, size="desktop")
    wrong = []
    contribution = scene.contributions["dan", "slow"][0]
    for path in ("/", f"/campaigns/{scene.campaigns['quick'].id}", f"/c/{contribution}", "/audit", "/verify", "/me"):
        page.goto(scene.url + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        wrong += [f"{path}: {each}" for each in faults(page, lang)]
    assert not wrong, "\n".join(wrong)
