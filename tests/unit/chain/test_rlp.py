"""Against another encoder."""

from __future__ import annotations

import contextlib

import pytest
import rlp as another
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain import rlp
from ledger.errors import FormatError

items = st.recursive(
    st.binary(max_size=70) | st.binary(min_size=250, max_size=300), lambda inner: st.lists(inner, max_size=4)
)


@given(items)
def test_any_item_is_written_as_another_encoder_does(item: rlp.Item) -> None:
    assert rlp.encode(item) == another.encode(item)


@given(st.integers(0, 2**256))
def test_numbers(value: int) -> None:
    assert rlp.encode(rlp.number(value)) == another.encode(value)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_lists_of_strings_are_read_back(strings: list[bytes]) -> None:
    assert rlp.strings(rlp.encode(strings)) == strings


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: bytes([0xC0 + min(len(tail), 55)]) + tail))
def test_any_bytes_are_a_list_or_a_format_error(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert rlp.encode(rlp.strings(data)) == data


@pytest.mark.parametrize("data", ["", "80", "c1", "c0c0", "c28101", "c1c0", "f800", "c2b801"])
def test_what_is_no_list_of_strings(data: str) -> None:
    with pytest.raises(FormatError):
        rlp.strings(bytes.fromhex(data))
