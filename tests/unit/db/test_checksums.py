"""Checksums of rows: one bit of any value changes them, and the list of what they are of fits the tables."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from ledger.db import tables
from ledger.db.checksums import CHECKED, checksum

VALUES = st.one_of(st.text(max_size=30), st.binary(min_size=1, max_size=40), st.integers(0, 2**62))


def test_it_is_the_crc_of_the_values_with_zero_bytes_between() -> None:
    assert checksum("Zoë", 12, b"\xff") == zlib.crc32("Zoë".encode() + b"\x0012\x00\xff")
    assert checksum("") == 0
    assert checksum("a\udcff") == zlib.crc32(b"a\xff")  # a damaged text


@given(st.lists(VALUES, min_size=1, max_size=5), st.data())
def test_one_bit_of_a_value_changes_it(values: list[str | bytes | int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    value = values[place]
    if isinstance(value, int):
        damaged: str | bytes | int = value ^ (1 << data.draw(st.integers(0, 61)))
    else:
        raw = bytearray(value.encode() if isinstance(value, str) else value)
        if not raw:
            return
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        damaged = bytes(raw)
    assert checksum(*values) != checksum(*values[:place], damaged, *values[place + 1 :])


def test_the_list_fits_the_tables() -> None:
    with_one = {name for name, table in tables.metadata.tables.items() if "checksum" in table.c}
    assert with_one == CHECKED.keys()
    for name, columns in CHECKED.items():
        table = tables.metadata.tables[name]
        assert set(columns) <= {column.name for column in table.c}
        assert not any(table.c[column].nullable for column in columns)
