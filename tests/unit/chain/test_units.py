"""A token's symbol comes from a contract, which may answer anything."""

from __future__ import annotations

from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.units import Unit, _text


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=16))
def test_symbols_as_the_abi_encodes_them(symbol: str) -> None:
    assert _text(encode(["string"], [symbol])) == symbol


@given(st.binary(max_size=200))
def test_anything_else_is_no_symbol_or_a_short_printable_one(data: bytes) -> None:
    text = _text(data)
    assert text is None or (text.isprintable() and 1 <= len(text.encode()) <= 16)


def test_hostile_symbols() -> None:
    for symbol in ("", "A\nB", "\u202eDEV", "X" * 17):
        assert _text(encode(["string"], [symbol])) is None


@given(st.integers(min_value=0, max_value=2**120), st.integers(min_value=0, max_value=36))
def test_numbers_say_the_whole_amount(units: int, decimals: int) -> None:
    whole, _, fraction = Unit("X", decimals).number(units).replace("\u202f", "").partition(".")
    assert int(whole) * 10**decimals + int(fraction.ljust(decimals, "0") or "0") == units
