"""Numbers that are too long, with broken JSON behind them, end no process: ijson's C part never sees them."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.connectors.reading.lines import Item, objects
from ledger.connectors.records import Refused

LONG = b"9" * 5_000
TEXT = st.text(st.sampled_from('a9\\"n'), max_size=6).map(lambda text: text + "7" * 4_500)
EDGE = 64 * 1024
"""So much is read at a time."""


@pytest.mark.parametrize("behind", [b" true]", b"true", b" x", b"}", b'"', b",", b"]", b""])
@pytest.mark.parametrize("before", [b"[", b"[" * 1_000, b'[{"a\\"\\\\":', b'["\\\\",', b"[-", b"[1, "])
@pytest.mark.parametrize("far", [0, EDGE - 10, EDGE - 4_500])
def test_a_long_number_is_refused(before: bytes, behind: bytes, far: int) -> None:
    data = before[:1] + b" " * far + before[1:] + LONG + behind
    found = list(objects(io.BytesIO(data)))
    assert isinstance(found[-1], Refused)
    assert found[-1].reason == "A number in it, or in one of the next, is too long."


@settings(max_examples=25)
@given(st.lists(TEXT, min_size=1, max_size=3), st.integers(0, 40))
def test_texts_of_digits_are_read_wherever_they_stand(texts: list[str], near: int) -> None:
    values = [{text: text} for text in texts]
    data = b"[" + b" " * (EDGE - near) + json.dumps(values).encode()[1:]
    assert [each.value for each in objects(io.BytesIO(data)) if isinstance(each, Item)] == values
