"""Tables as they come: every way to end a line, to quote, to damage a row; and no row is ever lost unsaid."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.connectors.reading import text
from ledger.connectors.reading.tables import MAX_COLUMNS, Row, header, rows
from ledger.connectors.reading.text import MAX_RAW, MAX_ROW
from ledger.connectors.records import Refused
from ledger.errors import FormatError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
PIECES = ["x,y", "1", '"open', 'a"b,c', '"q""",z', "", ' "s",t', '"m,', '",n']
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def read(data: bytes, delimiter: str | None = None) -> list[Row | Refused]:
    return list(rows(io.BytesIO(data), delimiter))


def fields(data: bytes) -> list[dict[str, str]]:
    found = read(data)
    assert all(isinstance(row, Row) for row in found), found
    return [row.fields for row in found if isinstance(row, Row)]


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=8), ENDS, st.sampled_from(",;\t|"), st.booleans())
def test_what_python_writes_is_read_back(
    written: list[tuple[str, str, str]], end: str, delimiter: str, marked: bool
) -> None:
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "ی"), *written])
    found = read(target.getvalue().encode("utf-8-sig" if marked else "utf-8"), delimiter)
    assert [row.fields for row in found if isinstance(row, Row)] == [
        dict(zip("abی", each, strict=True)) for each in written
    ]
    assert len(found) == len(written)


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_refusals_in_order(data: bytes) -> None:
    found = read(b"a,b\n" + data)
    lines = [row.line for row in found]
    assert lines == sorted(set(lines))
    for row in found:
        if isinstance(row, Row):
            assert set(row.fields) == {"a", "b"}
            "".join(row.fields.values()).encode()
        else:
            assert row.reason
            assert row.remedy
            row.raw.encode()


@given(
    st.lists(st.sampled_from(["x,y", "1", '"open', 'a"b,c', '"q""",z', "", ' "s",t', '"m,', '",n']), max_size=12), ENDS
)
def test_a_damaged_row_costs_no_other(pieces: list[str], end: str) -> None:
    found = read((end.join(["a,b", *pieces, "last,one"]) + end).encode())
    assert found
    good = sum(piece == "x,y" for piece in pieces)
    swallowed = sum(
        row.fields["a"].count("x,y") + row.fields["b"].count("x,y") for row in found if isinstance(row, Row)
    )
    assert sum(isinstance(row, Row) and row.fields == {"a": "x", "b": "y"} for row in found) + swallowed == good


def test_lines_are_counted_as_an_editor_does() -> None:
    found = read(b'a,b\r\n1,"x\r\ny"\r\n\r\n2\r\n3,z')
    assert [(type(row).__name__, row.line) for row in found] == [("Row", 2), ("Refused", 5), ("Row", 6)]


def test_an_unclosed_quote_costs_its_line_alone() -> None:
    found = read(b'a,b\n1,x\n2,"open\n3,y\n4,z\n')
    assert [row.line for row in found] == [2, 3, 4, 5]
    assert isinstance(found[1], Refused)
    assert "cut off" in found[1].reason
    assert [row.fields["a"] for row in found if isinstance(row, Row)] == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"1", "1 fields, but the header names 2"),
        (b"1,2,3", "3 fields"),
        (b"1,\xff", "not UTF-8"),
        (b"1,\xed\xa0\x80", "not UTF-8"),
        (b"1,\0", "NUL"),
        (b'1,"x"y', "quote"),
    ],
)
def test_what_is_wrong_is_said_of_the_row(row: bytes, words: str) -> None:
    first, bad, last = read(b"a,b\n1,2\n" + row + b"\n3,4\n")
    assert isinstance(bad, Refused)
    assert words in bad.reason
    assert (first.line, bad.line, last.line) == (2, 3, 4)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty"),
        (b"\n\r\n", "empty"),
        (b"a,b,a\n", "Two columns are named 'a'"),
        (b"a,b, a \n", "Two columns"),
        (b'"a,b\n', "header cannot be read"),
        (b"a,\xff\n", "header cannot be read"),
        (b",".join(b"c%d" % at for at in range(MAX_COLUMNS + 1)), "columns"),
        (b"x" * (MAX_ROW + 2), "no table"),
    ],
)
def test_a_header_that_cannot_be_used(head: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(head)


def test_columns_without_a_name_and_the_delimiter() -> None:
    assert header(io.BytesIO(b'\n\na;;"x,y"\n')) == ["a", "column 2", "x,y"]
    assert header(io.BytesIO(b"a,b\tc\td\n")) == ["a,b", "c", "d"]
    assert header(io.BytesIO(b"a,b\tc\td\n"), ",") == ["a", "b\tc\td"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_names_the_encoding(encoding: str) -> None:
    mark = "" if encoding in ("utf-16", "utf-32", "utf-8-sig") else "\ufeff"
    assert fields((mark + "a,b\n۱,نه\n").encode(encoding)) == [{"a": "۱", "b": "نه"}]


def test_half_a_character_in_utf_16() -> None:
    with pytest.raises(FormatError, match="utf-16"):
        read("a,b\n1,2\n".encode("utf-16") + b"\x00\xd8\x00")


def test_text_goes_byte_for_byte() -> None:
    text = "\u200fسلام\u200c\u0627\u0653 e\u0301 \u202b"
    assert fields(f"a,b\n1, {text} \n".encode())[0]["b"] == f" {text} "


class Endless(io.RawIOBase):
    """A header, one field of ``size`` bytes, one more row; made as it is read."""

    def __init__(self, size: int, begin: bytes) -> None:
        self._parts = self._make(size, begin)
        self._left = b""

    @staticmethod
    def _make(size: int, begin: bytes) -> Iterator[bytes]:
        yield b"a,b\n" + begin
        for _ in range(size // 65536):
            yield b"x" * 65536
        yield b"\n3,4\n"

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            self._left = next(self._parts, b"")
        data, self._left = self._left[:size], self._left[size:]
        return data


@pytest.mark.parametrize("begin", [b"1,", b'1,"'])
def test_a_field_of_100_mb_is_refused_in_bounded_memory(begin: bytes) -> None:
    tracemalloc.start()
    found = list(rows(Endless(100 * 1024**2, begin)))  # type: ignore[arg-type]  # all that is read is read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found[0], Refused)
    assert "longer than" in found[0].reason
    assert len(found[0].raw) <= MAX_RAW
    assert isinstance(found[1], Row)
    assert (found[1].line, found[1].fields) == (3, {"a": "3", "b": "4"})
    assert peak < 16 * MAX_ROW


def test_quotes_that_are_not_closed_everywhere_end_the_reading_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these lines opens a quote that the next one only closes and opens again: all is read for each of them."""
    monkeypatch.setattr(text, "AGAIN_FREE", 1024**2)
    with pytest.raises(FormatError, match="not closed, the last one in line"):
        list(rows(io.BytesIO(b"a,b\n" + b'x","y\n' * 2_000)))


def test_some_quotes_that_are_not_closed_cost_their_lines() -> None:
    found = list(rows(io.BytesIO(b"a,b\n" + b'x","y\n' * 20 + b"1,2\n")))
    assert [type(each) for each in found] == [Refused] * 20 + [Row]
