"""XLSX read as its CSV would be, and files that unpack to too much or are none refused."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.connectors.reading import sheets, tables
from ledger.connectors.reading.sheets import rows
from ledger.connectors.reading.tables import Row
from ledger.errors import FormatError

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
TEXT = st.text(CHARACTERS, max_size=8)


def book(*lines: Any, title: str = "Answers") -> io.BytesIO:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = title
    for line in lines:
        sheet.append(line)
    target = io.BytesIO()
    made.save(target)
    target.seek(0)
    return target


def read(source: io.BytesIO, sheet: str | None = None) -> list[dict[str, str]]:
    found = list(rows(source, sheet))
    assert all(isinstance(row, Row) for row in found), found
    return [row.fields for row in found if isinstance(row, Row)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(TEXT.filter(lambda text: text[:1] != "="), st.integers(-(10**9), 10**9)), max_size=4))
def test_a_sheet_and_its_csv_are_the_same(written: list[tuple[str, int]]) -> None:
    lines = [("متن", "n"), *(("x" + text, number) for text, number in written)]
    target = io.StringIO(newline="")
    csv.writer(target).writerows(lines)
    from_csv = [row.fields for row in tables.rows(io.BytesIO(target.getvalue().encode())) if isinstance(row, Row)]
    assert read(book(*lines)) == from_csv


def test_values_of_all_kinds_and_gaps() -> None:
    at = datetime(2026, 11, 22, 3, 14)  # noqa: DTZ001  # cells have no zone
    found = read(book((), ("a", None, "c"), (), (1.0, 2.5, True), (at,), (None, None, None), ("x", "", "۱")))
    assert found == [
        {"a": "1", "column 2": "2.5", "c": "TRUE"},
        {"a": "2026-11-22T03:14:00", "column 2": "", "c": ""},
        {"a": "x", "column 2": "", "c": "۱"},
    ]
    assert [row.line for row in rows(book((), ("a",), (), ("1",)))] == [4]


def test_a_row_that_is_too_wide_and_other_sheets() -> None:
    good, bad = rows(book(("a",), ("1",), ("1", "2")))
    assert isinstance(good, Row)
    assert not isinstance(bad, Row)
    assert "2 fields" in bad.reason
    with pytest.raises(FormatError, match="no sheet 'x'") as caught:
        list(rows(book(("a",)), "x"))
    assert "Answers" in caught.value.remedy
    with pytest.raises(FormatError, match="Two columns"):
        list(rows(book(("a", "a"))))
    with pytest.raises(FormatError, match="empty"):
        list(rows(book()))


def changed(part: str, data: bytes, **more: Any) -> io.BytesIO:
    """A book with one part replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(book(("a",), ("1",))) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, data if name == part else old.read(name))
        for name, text in more.items():
            new.writestr(name, text)
    target.seek(0)
    return target


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormatError, match="too much"):
        list(rows(changed("xl/worksheets/sheet1.xml", b" " * 60 * 1024**2)))
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(FormatError, match="document type"):
        list(rows(changed("xl/styles.xml", laughs)))
    monkeypatch.setattr(sheets, "MAX_PART_BYTES", 1000)
    with pytest.raises(FormatError, match="too much"):
        list(rows(changed("xl/styles.xml", b"<x>" + b"y" * 2000)))
    monkeypatch.setattr(sheets, "MAX_PARTS", 3)
    with pytest.raises(FormatError, match="too much"):
        list(rows(book(("a",))))


def test_a_far_cell_is_no_bomb() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
        b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        b'<row r="200000"><c r="A200000" t="inlineStr"><is><t>far</t></is></c></row></sheetData></worksheet>'
    )
    assert read(changed("xl/worksheets/sheet1.xml", sheet)) == [{"a": "far"}]


@pytest.mark.parametrize("cut", [4, 100, 2000, -30])
def test_what_is_no_whole_file(cut: int) -> None:
    with pytest.raises(FormatError, match="no whole XLSX"):
        list(rows(io.BytesIO(book(("a",), ("1",)).getvalue()[:cut])))
    with pytest.raises(FormatError):
        list(rows(changed("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>")))


@pytest.mark.parametrize("number", ["1048577", "99999999999"])
def test_a_row_that_no_sheet_has(number: str) -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        b'<row r="%b"><c r="A%b" t="inlineStr"><is><t>far</t></is></c></row></sheetData></worksheet>'
    ) % (number.encode(), number.encode())
    with pytest.raises(FormatError, match="over 1048576 rows"):
        list(rows(changed("xl/worksheets/sheet1.xml", sheet)))
