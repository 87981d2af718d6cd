"""The figures that docs/load.md shows are those of the kept reports, and what they missed is said."""

from __future__ import annotations

import json

from scripts.load import pages


def test_the_page_shows_the_kept_figures() -> None:
    assert pages.PAGE.read_text() == pages.page(), "run 'python -m scripts.load.pages'"


def test_the_kept_runs_held() -> None:
    report = json.loads(pages.REPORT.read_text())
    for name in ("load", "faults"):
        assert report[name]["errors"] == 0
        assert not any(report[name]["checks"].values())


def test_what_is_missed_is_said() -> None:
    report = json.loads(pages.REPORT.read_text())["load"]
    kind = {**report["kinds"][0], "met": False}
    held = {name: {**each, "flat": False} for name, each in report["memory"].items()}
    text = pages.load_table({**report, "kinds": [kind], "memory": held})
    assert "**missed**" in text
    assert "**grows**" in text
    failed = report | {"faults": {"kill worker": 1}, "checks": {"audit": 2}}
    assert "**fails**, 2" in pages.faults_table(failed)
