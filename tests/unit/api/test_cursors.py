"""Cursors: read back what was written, refuse everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cursors
from ledger.errors import FieldError
from ledger.statements.values import MAX_COUNT


@given(st.integers(min_value=0, max_value=MAX_COUNT))
def test_there_and_back(position: int) -> None:
    assert cursors.decode(cursors.encode(position)) == position


def test_ends() -> None:
    assert cursors.encode(None) is None
    assert cursors.decode(None) is None


@given(st.text(max_size=40))
def test_anything_else_is_refused(text: str) -> None:
    try:
        position = cursors.decode(text)
    except FieldError:
        return
    assert cursors.encode(position) == text


@pytest.mark.parametrize("change", ["=", "A", " ", "\n"])
def test_one_spelling_only(change: str) -> None:
    good = cursors.encode(7)
    assert good is not None
    for text in (good + change, change + good):
        with pytest.raises(FieldError):
            cursors.decode(text)


@given(st.integers(min_value=0, max_value=MAX_COUNT), st.integers(min_value=0, max_value=MAX_COUNT))
def test_places_there_and_back(head: int, index: int) -> None:
    cursor = cursors.encode_place(head, index)
    assert cursors.decode_place(cursor) == (head, index)
    with pytest.raises(FieldError):
        cursors.decode(cursor)


@given(st.text(max_size=64))
def test_any_other_place_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        cursors.decode_place(text)


def test_a_place_beyond_all_entries_is_refused() -> None:
    for head, index in ((MAX_COUNT + 1, 0), (0, MAX_COUNT + 1)):
        with pytest.raises(FieldError):
            cursors.decode_place(cursors.encode_place(head, index))
