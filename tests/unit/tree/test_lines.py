"""Base64, decimals and clean text: one spelling each."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.tree.lines import (
    check_clean,
    decode_base64,
    decode_hash,
    decode_size,
    decode_utf8,
    encode_base64,
    read_text,
)


@given(st.binary(max_size=100))
def test_base64_round_trip(data: bytes) -> None:
    assert encode_base64(data) == base64.b64encode(data).decode()
    assert decode_base64(encode_base64(data), "value") == data


@given(st.text("AB/+-_=Q \n\u00e9", max_size=8))
def test_base64_has_one_spelling(text: str) -> None:
    try:
        data = decode_base64(text, "value")
    except FormatError:
        return
    assert encode_base64(data) == text


@given(st.integers(0, 2**63 - 1))
def test_size_round_trip(size: int) -> None:
    assert decode_size(str(size), "size") == size


@pytest.mark.parametrize(
    "text", ["", "00", "01", "-1", "+1", " 1", "1 ", "1\n", "1_0", "1.0", "\u0661", str(2**63), "9" * 5000]
)
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(FormatError, match="size"):
        decode_size(text, "size")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_has_32_bytes(length: int) -> None:
    with pytest.raises(FormatError, match="root"):
        decode_hash(encode_base64(bytes(length)), "root")


def test_clean_text() -> None:
    check_clean("line\nline \u2028 \x7f\n", "note")
    for code in [*range(10), *range(11, 32), 0xD800, 0xDFFF]:
        with pytest.raises(FormatError, match="note"):
            check_clean(f"a{chr(code)}b", "note")
    with pytest.raises(FormatError, match="note"):
        decode_utf8(b"\xed\xa0\x80", "note")


def test_the_bound_of_a_text_counts_bytes() -> None:
    assert read_text("\u2014" * 3, "note", 9) == read_text(("\u2014" * 3).encode(), "note", 9) == "\u2014" * 3
    for text in ("\u2014" * 3, ("\u2014" * 3).encode(), "\ud800" * 9):
        with pytest.raises(FormatError, match="note is longer than 8 bytes"):
            read_text(text, "note", 8)
    for text in ("\ud800", b"\xff", "a\tb", b"a\rb"):
        with pytest.raises(FormatError, match="note"):
            read_text(text, "note", 8)
