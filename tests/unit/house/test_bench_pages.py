"""The figures that README and docs/engine.md show are those of the kept report, and a page without marks is refused."""

from __future__ import annotations

import pytest

from scripts.bench import pages


def test_the_pages_show_the_kept_figures() -> None:
    for path, text in pages.pages().items():
        assert path.read_text() == text, f"{path.name}: run 'python -m scripts.bench.pages'"


def test_a_table_goes_between_its_marks_and_nowhere_else() -> None:
    page = "Before\n<!-- a -->\nold\n<!-- /a -->\nafter\n"
    assert pages.placed(page, "a", "new \\1") == "Before\n<!-- a -->\nnew \\1\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="marks"):
        pages.placed(page + page, "a", "new")


def test_a_missed_aim_is_said() -> None:
    row = {
        "measure": "m",
        "yardstick_is": "y",
        "ours": 1.0,
        "yardstick": 2.0,
        "unit": "s",
        "ratio": 0.5,
        "reach": ">= 1",
    }
    assert "**missed**" in pages.full({"rows": [{**row, "met": False}]})
    assert "missed" not in pages.full({"rows": [{**row, "met": True}]})
