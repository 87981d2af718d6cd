"""The page /verify never shows what came of other files than those it names. It runs alone, without a service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from api.pages.verifying import contract_facts, shapes
from tests.browser.receipt_maker import Maker

STATIC: Final = Path(__file__).parents[2] / "api" / "pages" / "static"
HOST: Final = "https://receipts.example"
FACTS: Final = json.dumps({"shapes": shapes(), "contract": contract_facts(), "log": ""}).replace("<", "\\u003c")
PAGE: Final = f"""<!doctype html><html lang="en" dir="ltr" data-base="" data-version=""><title>verify</title>
<div id="verify"></div><script type="application/json" id="facts">{FACTS}</script>
<script type="module" src="{HOST}/verify/page.mjs"></script>"""
HEADING: Final = "This receipt is right, if its key is the log's"


def serve(route: Route) -> None:
    path = STATIC / route.request.url.removeprefix(f"{HOST}/")
    if path.is_file():
        route.fulfill(path=path, content_type="text/javascript")
    else:
        route.fulfill(body=PAGE, content_type="text/html")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """The page with a receipt that is right."""
    context = chromium.new_context()
    context.route(f"{HOST}/**", serve)
    page = context.new_page()
    page.goto(f"{HOST}/")
    data = Maker(1).receipt(3, 100).encode()
    page.locator("input[type=file]").set_input_files({"name": "a.json", "mimeType": "", "buffer": data})
    expect(page.get_by_role("heading", level=2)).to_have_text(HEADING)
    yield page
    context.close()


@pytest.mark.parametrize("name", ["slice", "arrayBuffer"])
def test_a_file_that_cannot_be_read_is_not_right(page: Page, name: str) -> None:
    """As where it was changed on the disk since it was chosen."""
    page.evaluate(f"void (Blob.prototype.{name} = () => {{ throw new DOMException('changed', 'NotReadableError'); }})")
    other = Maker(1).receipt(4, 100).encode()
    page.locator("input[type=file]").set_input_files({"name": "b.json", "mimeType": "", "buffer": other})
    expect(page.locator(".notice.bad")).to_have_text("This could not be checked to the end")
    assert page.get_by_role("heading", level=2).count() == 0


def test_what_was_found_goes_with_the_file_while_the_next_one_is_read(page: Page) -> None:
    page.evaluate("void (Blob.prototype.arrayBuffer = () => new Promise(() => {}))")
    other = Maker(1).receipt(4, 100).encode()
    page.locator("input[type=file]").set_input_files({"name": "b.json", "mimeType": "", "buffer": other})
    page.get_by_role("button", name="Remove a.json").click()
    assert page.get_by_role("heading", level=2).count() == 0
