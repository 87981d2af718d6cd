"""Freed memory in the middle of the heap goes back to the system."""

import sys
from pathlib import Path

import pytest

from ledger.worker import heap

PIECES, PIECE = 4_000, 16_384


def resident():
    """Bytes of this process in memory (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux" or heap._TRIM is None, reason="needs the GNU C library")
def test_holes_between_what_is_kept_are_given_back():
    pieces = [bytes([number % 255 + 1]) * PIECE for number in range(PIECES)]
    kept = pieces[::8]
    before = resident()
    del pieces
    held = resident()
    heap.give_back()
    assert before - held < PIECES * PIECE // 4, "the C library gave them back on its own: nothing is tested"
    assert held - resident() > PIECES * PIECE // 2
    assert all(each == bytes([place * 8 % 255 + 1]) * PIECE for place, each in enumerate(kept))


def test_where_nothing_can_be_given_back_nothing_happens(monkeypatch):
    monkeypatch.setattr(heap, "_TRIM", None)
    heap.give_back()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert heap._trim() is None
