"""Files, mappings, replies and signed messages that somebody made to break the readers: read, or a typed error."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.connectors import sns
from ledger.connectors.connector import Delivery
from ledger.connectors.mapping import load, save
from ledger.connectors.reading.sheets import rows
from ledger.errors import ConfigError, FormatError, SignatureError
from tests.unit.connectors.files import NOW_MS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
SCALARS = st.one_of(TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.lists(TEXT, max_size=2))
TABLES = st.dictionaries(
    st.sampled_from(["id", "contributor", "content", "json", "at", "zone", "verdict", "accepted", "bonus", "x"]),
    SCALARS,
)
TOPIC = "arn:aws:sns:us-east-1:000000000000:answers"


def _book() -> bytes:
    made = openpyxl.Workbook()
    assert made.active is not None
    for line in (("id", "answer"), ("1", "yes"), ("2", 3.5)):
        made.active.append(line)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


BOOK = _book()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(BOOK) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(BOOK)))
def test_a_damaged_sheet_is_read_or_refused(changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(BOOK)
    for place, value in changes:
        data[place] = value
    for damaged in (bytes(data), bytes(data[:end])):
        with contextlib.suppress(FormatError):
            list(rows(io.BytesIO(damaged), None))


PARTS = [
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/styles.xml",
    "[Content_Types].xml",
    "xl/_rels/workbook.xml.rels",
]
PIECES = st.one_of(
    TEXT,
    st.sampled_from(
        ["", "<", "</row>", 't="s"', 't="e"', 'r="ZZZ9"', "<v>9999999</v>", "<v>1e400</v>", "&#0;", "&x;", "-1"]
    ),
)


@pytest.mark.filterwarnings("ignore:File contains an invalid specification")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PARTS), st.integers(0, 3000), st.integers(0, 40), PIECES)
def test_a_sheet_with_a_damaged_part_is_read_or_refused(part: str, place: int, cut: int, piece: str) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            at = place % len(text)
            new.writestr(name, text[:at] + piece.encode() + text[at + cut :] if name == part else text)
    with contextlib.suppress(FormatError):
        list(rows(target, None))


def toml_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@given(st.dictionaries(st.sampled_from(["v", "name", "y"]), SCALARS), TABLES, TABLES, TABLES)
def test_any_toml_is_a_mapping_or_told(top: dict[str, Any], one: Any, two: Any, three: Any) -> None:
    lines = [f"{name} = {toml_of(value)}" for name, value in top.items()]
    for part, table in (("contribution", one), ("task", two), ("decision", three)):
        lines += [f"[{part}]", *(f"{name} = {toml_of(value)}" for name, value in table.items())]
    _read("\n".join(lines))


@given(st.text(max_size=60))
def test_any_text_is_a_mapping_or_told(text: str) -> None:
    _read(text)


def _read(text: str) -> None:
    try:
        found = load(text)
    except ConfigError:
        return
    assert load(save(found)) == found


@given(
    st.dictionaries(
        st.sampled_from(["Type", "Message", "MessageId", "Timestamp", "TopicArn", "SignatureVersion", "Signature"]),
        st.one_of(TEXT, st.sampled_from([TOPIC, "2", "Notification", "2026-11-22T00:00:00Z", "QUJD"]), st.none()),
    ),
    st.one_of(st.binary(max_size=80), st.just(f"{TOPIC}\n-----BEGIN CERTIFICATE-----\nQUJD\n".encode())),
)
def test_no_message_of_sns_passes_that_nobody_signed(members: dict[str, Any], secret: bytes) -> None:
    delivery = Delivery({}, json.dumps(members).encode(), NOW_MS)
    with pytest.raises(SignatureError):
        sns.verify(delivery, [secret])
