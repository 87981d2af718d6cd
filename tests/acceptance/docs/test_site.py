"""The site itself, in a real browser: built whole, read from a disk, on a desk and a phone, in light and in dark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.compile_contracts import ROOT
from scripts.pages.browser import find_chromium, running_chromium

pytestmark = pytest.mark.long
PAGES = ("index", "how-it-works", "start/contributor", "comparison", "glossary", "gas", "client", "operations")
LOOKS = [(width, dark) for width in (1360, 390) for dark in (False, True)]
_AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_COULD_NOT = 2
_WITHOUT_SIDEWAYS = "document.documentElement.scrollWidth <= screen.width"
_FAULTS = """async () => (await axe.run("article", {runOnly: ["wcag2a", "wcag2aa"], preload: false})).violations
    .map(each => each.id + " " + each.nodes.map(node => node.html.slice(0, 150)).slice(0, 3).join(" "))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that ``make docs`` builds."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "scripts.docs", "--site", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == _COULD_NOT and "could not be installed" in done.stderr:
        pytest.skip("MkDocs cannot be installed here")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def chromium():
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine")
    with running_chromium(program) as browser:
        yield browser


def opened(chromium, width, dark):
    """A page, and what goes wrong on it."""
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, is_mobile=width < 500, color_scheme="dark" if dark else "light"
    )
    page, problems = context.new_page(), []
    page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or problems.append(asked.url))
    page.on("requestfailed", lambda asked: problems.append(f"failed: {asked.url}"))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: said.type != "error" or problems.append(said.text))
    return page, problems


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_pages_are_whole_and_readable_from_a_disk(site, chromium, width, dark):
    page, problems = opened(chromium, width, dark)
    for name in PAGES:
        page.goto((site / f"{name}.html").as_uri(), wait_until="networkidle")
        assert page.evaluate(_WITHOUT_SIDEWAYS), name
        page.add_script_tag(path=_AXE)
        assert page.evaluate(_FAULTS) == [], name
        assert problems == [], name
    page.context.close()


def test_drawings_follow_the_page_and_are_told(site, chromium):
    page, problems = opened(chromium, 1360, False)
    page.goto((site / "how-it-works.html").as_uri())
    assert page.get_by_role("img", name="An inclusion proof").count() == 1
    grounds = []
    for _ in range(2):
        grounds.append(page.evaluate("getComputedStyle(document.querySelector('.drawing .box')).fill"))
        page.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    assert grounds[0] != grounds[1]
    assert problems == []
    page.context.close()


def test_the_search_works_without_a_server(site, chromium):
    page, problems = opened(chromium, 1360, False)
    page.goto((site / "start" / "auditor.html").as_uri(), wait_until="networkidle")
    page.locator(".md-search__input").click()
    page.keyboard.type("guardian", delay=20)
    page.locator(".md-search-result__link").first.wait_for()
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url("**/guard.html**")
    assert problems == []
    page.context.close()


def test_nothing_in_the_files_leads_the_browser_elsewhere(site):
    from html.parser import HTMLParser

    found = []

    class Asked(HTMLParser):
        def handle_starttag(self, tag, attrs):
            given = dict(attrs)
            address = given.get("src") or (given.get("href") if tag == "link" else None)
            if address and address.startswith(("http:", "https:", "//")):
                found.append((tag, address))

    for path in Path(site).rglob("*.html"):
        Asked().feed(path.read_text())
    assert found == []
