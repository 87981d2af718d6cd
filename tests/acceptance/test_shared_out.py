"""How the suite is shared out among processes: what is named together is there, and is one piece of work."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("xdist")

from tests.services.scheduling import TOGETHER, piece_of

ROOT = Path(__file__).parents[2]


def test_what_is_together_is_there_and_one_piece() -> None:
    assert [path for path in TOGETHER if not (ROOT / path).exists()] == []
    assert piece_of("tests/browser/test_me.py::test_a") == piece_of("tests/browser/test_seal.py::test_b[fa-phone]")
    assert piece_of("tests/acceptance/test_demo_pages.py::test_a") == piece_of(
        "tests/acceptance/live/test_x.py::test_b"
    )


def test_all_else_is_a_piece_by_file() -> None:
    assert piece_of("tests/unit/test_spans.py::test_a[1]") == "tests/unit/test_spans.py"
    assert piece_of("tests/acceptance/test_demo.py::test_a") == "tests/acceptance/test_demo.py"
