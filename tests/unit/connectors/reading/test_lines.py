"""JSON Lines, arrays and documents: what json reads, and what is broken said once with its place."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.connectors.reading.lines import Item, objects, parse
from ledger.connectors.reading.text import MAX_ROW
from ledger.connectors.records import Refused
from ledger.errors import FormatError
from ledger.statements import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
OBJECTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), min_size=1, max_size=5)


def read(data: bytes, member: str | None = None) -> list[Item | Refused]:
    return list(objects(io.BytesIO(data), member))


def values(data: bytes, member: str | None = None) -> list[Any]:
    found = read(data, member)
    assert all(isinstance(item, Item) for item in found), found
    return [item.value for item in found if isinstance(item, Item)]


@settings(max_examples=40)
@given(OBJECTS, st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_what_json_writes_is_read_back_from_every_form(written: list[Any], plain: bool, end: str) -> None:
    texts = [json.dumps(each, ensure_ascii=plain) for each in written]
    assert values(end.join(texts).encode("utf-8-sig")) == written
    assert values(("[" + ",".join(texts) + "]").encode("utf-8-sig")) == written
    assert values(json.dumps(written, ensure_ascii=plain, indent=1).encode()) == written
    assert values(json.dumps({"data": {"items": written}}).encode(), "data.items") == written


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4))
def test_one_document_over_many_lines(written: dict[str, Any]) -> None:
    assert values(json.dumps(written, indent=2).encode()) == [written]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for begin in (b"[", b"{", b'{"a":1}\n', b'[{"a":'):
        for item in read(begin + data):
            if isinstance(item, Item):
                canonical.encode(item.value)
            else:
                assert item.reason
                assert item.remedy


@given(st.text(max_size=60) | VALUES.map(json.dumps))
def test_json_in_a_field_is_parsed_or_refused(text: str) -> None:
    try:
        value = parse(text)
    except FormatError:
        return
    canonical.encode(value)


def test_a_broken_line_costs_no_other() -> None:
    found = read(b'{"a":1}\n{"a":\n\n{"a":3}\nnull\n{"a":\xff}\n{"a":"\\ud800"}\n{"a":7}')
    assert [(item.line, isinstance(item, Item)) for item in found] == [
        (1, True),
        (2, False),
        (4, True),
        (5, True),
        (6, False),
        (7, False),
        (8, True),
    ]


def test_a_broken_first_line_is_no_document() -> None:
    assert [isinstance(item, Item) for item in read(b'{"a":\n{"a":2}\n{"a":3}')] == [False, True, True]


@pytest.mark.parametrize(
    "data", [b'[{"a":1},{"a":2', b'[{"a":1},{"a":2},]', b'[{"a":1},{"a":nope}]', b'[{"a":1}{"a":2}]']
)
def test_a_broken_array_is_refused_where_it_breaks(data: bytes) -> None:
    *good, bad = read(data)
    assert good
    assert all(isinstance(item, Item) for item in good)
    assert isinstance(bad, Refused)
    assert bad.line == len(good) + 1
    assert "What comes after it was not read." in bad.remedy


def test_long_integers_become_texts_and_floats_stay() -> None:
    data = b'{"id":9223372036854775807,"big":123456789012345678901234567890,"x":4.2,"y":-9007199254740993}'
    expected = {
        "id": "9223372036854775807",
        "big": "123456789012345678901234567890",
        "x": 4.2,
        "y": "-9007199254740993",
    }
    assert values(data) == values(b"[" + data + b"]") == [expected]


def test_depth_is_bounded() -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    for data in (deep + b"\n" + b'{"a":1}', b"[" + deep + b',{"a":1}]'):
        found = read(data)
        assert [isinstance(item, Item) for item in found] == [False, True]


def test_size_is_bounded() -> None:
    long = b'{"a":"' + b"x" * (MAX_ROW + 200_000) + b'"}'
    found = read(b'{"a":1}\n' + long + b'\n{"a":3}\n')
    assert [(item.line, isinstance(item, Item)) for item in found] == [(1, True), (2, False), (3, True)]
    found = read(b'[{"a":1},' + long + b',{"a":3}]')
    assert isinstance(found[0], Item)
    assert isinstance(found[1], Refused)
    assert "longer" in found[1].reason


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2", b"\x00\x00", b"nope"])
def test_what_is_no_json_at_all(data: bytes) -> None:
    with pytest.raises(FormatError, match="neither"):
        read(data)


@pytest.mark.parametrize("number", ["1" * 5000, "1e999999999999999999999", "1e-999999999999999999999"])
def test_a_number_without_end_is_refused_like_any_other_damage(number: str) -> None:
    *good, broken = read(f'[{{"a":1}},{{"a":{number}}},{{"a":3}}]'.encode())
    assert all(isinstance(each, Item) for each in good)
    assert isinstance(broken, Refused)
    assert broken.line == len(good) + 1
    assert "was not read" in broken.remedy


def test_what_stands_behind_an_array_is_not_lost() -> None:
    assert values(b'[{"a":1}]\n{"b":{"c":2}}\n[{"d":3}] 4') == [{"a": 1}, {"b": {"c": 2}}, {"d": 3}, 4]


def test_an_array_that_is_not_there_is_no_empty_file() -> None:
    with pytest.raises(FormatError, match=r"no array 'data\.rows'"):
        read(b'{"data": {"items": [1]}}', "data.rows")
    assert read(b'{"data": {"rows": []}}', "data.rows") == []


def test_half_a_character_is_refused_and_not_a_question_mark() -> None:
    halves = b'[{"a":"what?"},{"a":"x\\ud83d"},{"a":"\\ud83d\\ude00?"},{"a":"\\\\ud83d"}]'
    found = read(halves)
    assert [each.line for each in found if isinstance(each, Refused)] == [1, 2, 3], "beside it nobody can tell"
    assert isinstance(found[3], Item)
    whole = b'[{"a":"what?"},{"a":"\\ud83d\\ude00?"},{"a":"\\\\ud83d?"}]'
    assert values(whole) == [{"a": "what?"}, {"a": "\U0001f600?"}, {"a": "\\ud83d?"}]


@pytest.mark.parametrize("shift", range(14))
def test_a_pair_that_is_read_in_two_parts_is_whole(shift: int) -> None:
    begin = b'[{"a":"' + b"x" * (64 * 1024 - 20 + shift)
    assert values(begin + b'\\ud83d\\ude00?"}]')[0]["a"].endswith("x\U0001f600?")
    (refused,) = read(begin + b'\\ud83d"}]')
    assert isinstance(refused, Refused)


def test_a_large_float_is_the_same_from_every_form() -> None:
    text = '{"a":1e22,"b":"4e5","c":9007199254740993e1}'
    assert (
        values(text.encode())
        == values(f"[{text}]".encode())
        == [{"a": "10000000000000000000000", "b": "4e5", "c": "90071992547409936"}]
    )
