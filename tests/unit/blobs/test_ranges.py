"""Byte ranges against the examples of RFC 9110 section 14 and against counting by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.blobs.ranges import parse_range
from ledger.errors import RangeError


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-499", (0, 500)),
        ("bytes=500-999", (500, 1000)),
        ("bytes=-500", (9500, 10000)),
        ("bytes=9500-", (9500, 10000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=9999-20000", (9999, 10000)),
        ("bytes=-20000", (0, 10000)),
        ("Bytes=0-1", (0, 2)),
    ],
)
def test_the_standards_examples(header: str, part: tuple[int, int]) -> None:
    assert parse_range(header, 10_000) == part


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "bytes=a-b", "lines=0-1", "bytes=--1",
     "bytes=0x1-2", "bytes=+1-2", "bytes=1 - 2", "bytes=٣-٤", "bytes=" + "9" * 20 + "-", "bytes=0-1\n"],
)  # fmt: skip
def test_what_is_no_single_range_gives_the_whole(header: str | None) -> None:
    assert parse_range(header, 10_000) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=0-0", 0)]
)
def test_a_range_without_bytes(header: str, size: int) -> None:
    with pytest.raises(RangeError) as error:
        parse_range(header, size)
    assert error.value.status == 416


def test_the_end_of_nothing_is_nothing() -> None:
    assert parse_range("bytes=-5", 0) is None


@given(st.integers(0, 12), st.integers(0, 15), st.integers(0, 15))
def test_by_hand(size: int, first: int, last: int) -> None:
    everything = range(size)
    for header, wanted in (
        (f"bytes={first}-{last}", [at for at in everything if first <= at <= last]),
        (f"bytes={first}-", [at for at in everything if at >= first]),
        (f"bytes=-{last}", [at for at in everything if at >= size - last]),
    ):
        if header == f"bytes={first}-{last}" and last < first:
            assert parse_range(header, size) is None
            continue
        try:
            part = parse_range(header, size)
        except RangeError:
            assert wanted == []
            continue
        begin, end = part or (0, size)
        assert list(everything)[begin:end] == wanted


@given(st.text(max_size=30), st.integers(0, 100))
def test_anything_is_a_range_inside_or_none(text: str, size: int) -> None:
    try:
        part = parse_range("bytes=" + text, size)
    except RangeError:
        return
    assert part is None or 0 <= part[0] < part[1] <= size
