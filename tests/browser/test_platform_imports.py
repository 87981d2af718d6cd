"""The console's imports: a real import in a process of its own, seen while it goes on, without a reload."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger.wire.imports import ImportProgress, NewImport
from scripts.pages.world import World
from tests.browser.console import Ours, enter

HEAD = '"HITId","AssignmentId","WorkerId","AcceptTime","SubmitTime","Input.text","Answer.label","Turkle.Username"\n'
TIME = "Sun Nov 22 02:09:50 UTC 2026"
OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]


def far(rows: int, **more: object) -> ImportProgress:
    """``rows`` of 1,000 are done, of which 2 were refused and 1 was left out."""
    counts = {"expected": 1000, "rows": rows, "used": rows - 3, "refused": 2, "skipped": 1}
    return ImportProgress.model_validate(counts | more)


@pytest.mark.long
def test_an_import_is_seen_from_its_beginning_to_its_end(
    scene: World, ours: Ours, open_page: OpenPage, tmp_path: Path
) -> None:
    campaign = ours.campaign("Imported")
    page = open_page("/platform#imports")
    enter(page, ours.key)
    expect(page.get_by_text("Nothing was imported yet.")).to_be_visible()

    own = os.urandom(3).hex()
    rows = [f'"h{row // 3}","{own}{row}","{row % 7}","{TIME}","{TIME}","?","{row}","w{row % 7}"' for row in range(30)]
    (tmp_path / "Batch «۴».csv").write_text(HEAD + "\n".join([*rows, '"h","cut off"']) + "\n")
    (tmp_path / "platform.key").write_text(ours.key)
    command = [sys.executable, "-m", "ledger.cli", "import", "turkle", "Batch «۴».csv", "--campaign", campaign]
    place = ["--api-key-file", "platform.key", "--url", scene.url]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ended = subprocess.run([*command, *place], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert ended.returncode == 1, ended.stderr
    done = page.get_by_role("article", name="Batch «۴».csv")
    expect(done.get_by_text("done")).to_be_visible()
    expect(done.get_by_role("link", name="Imported")).to_have_attribute("href", f"#campaigns/{campaign}")
    assert done.locator(".facts").inner_text().split("\n") == [
        *("Rows used", "30", "Refused", "1", "Tasks", "10", "Contributions", "30")
    ]

    client = ours.client
    new = NewImport(campaign=campaign, connector="toloka", form="results", file="assignments.tsv")
    id_ = client.begin_import(new).id
    client.tell_import(id_, far(250, written={"contribution": 247}))
    running = page.get_by_role("article", name="assignments.tsv")
    bar = running.get_by_role("progressbar", name="assignments.tsv")
    expect(bar).to_have_js_property("position", 0.25)
    expect(running.get_by_text("250 of about 1\u202f000 rows")).to_be_visible()
    client.tell_import(id_, far(750, known={"contribution": 747}))
    expect(bar).to_have_js_property("position", 0.75)
    expect(running.get_by_text("0 new, 747 known")).to_be_visible()
    page.get_by_role("link", name="Keys").click()
    client.tell_import(id_, far(750, state="failed", detail="The service does not answer."))
    page.get_by_role("link", name="Imports").click()
    expect(running.get_by_text("The service does not answer.")).to_be_visible()
    expect(running.get_by_text("The same command goes on from there")).to_be_visible()
    expect(bar).to_have_count(0)
    client.tell_import(id_, far(1000))
    expect(bar).to_have_js_property("position", 1)
    client.tell_import(id_, far(1000, state="done"))
    expect(page.get_by_role("status").filter(has_text="assignments.tsv: done")).to_have_count(1)


@pytest.mark.parametrize(("lang", "size", "dark"), [("fa", "phone", True)])
def test_everybody_can_read_it(ours: Ours, open_page: OpenPage, axe: Axe, lang: str, size: str, dark: bool) -> None:
    campaign = ours.campaign("پرنده‌ها")
    for state, name in (
        ("running", "x" * 200),
        ("stopped", "پاسخ‌ها ۱۴۰۵.xlsx"),
        ("failed", "a.csv"),
        ("done", "b.csv"),
    ):
        id_ = ours.client.begin_import(NewImport(campaign=campaign, connector="mturk", form="pull", file=name)).id
        progress = {"state": state, "expected": 9_000_000, "rows": 8_000_000, "used": 7_999_999, "refused": 1}
        detail = "The file is another one." if state == "failed" else None
        ours.client.tell_import(id_, ImportProgress.model_validate(progress | {"detail": detail}))
    page = open_page(f"/platform?lang={lang}#imports", lang=lang, size=size, dark=dark)
    page.locator("#key").fill(ours.key)
    page.keyboard.press("Enter")
    expect(page.locator("#part article").first).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= screen.width")
    expect(page.locator("#part")).to_contain_text("۸٬۰۰۰٬۰۰۰")
