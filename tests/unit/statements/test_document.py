"""A document is written as it stands, and is the bytes that the whole value would have had."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.canonical import Document, JsonValue

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["a:1.5", "[-1e3", ",9007199254740993", "\U0001f600", "é", "\\u00e9", '"', '":1.5', "T16:18:07.81"]
    )
    | st.sampled_from(["\\", '\\"', '\\\\":1.5,"', "x\\\\", '\n"'])
    | st.sampled_from([1e300, 1e-7, -0.0, 0.5, 10**15 - 1, 10**15, -(2**53), 2**53])
)
KEYS = st.text(max_size=4) | st.sampled_from(["\U0001f600", "\ue000", ":1.0", "1e5", '"', "\\"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def _written(make: object) -> bytes | str:
    try:
        return make()  # type: ignore[operator, no-any-return]
    except FormatError as error:
        return error.detail


@given(VALUES)
def test_what_was_read_from_json_is_written_as_anything_else(value: JsonValue) -> None:
    try:
        read = json.loads(json.dumps(value))
    except ValueError:
        return
    assert _written(lambda: Document.parsed(read).data) == _written(lambda: Document.of(read).data)


@given(VALUES)
def test_inside_another_value_it_is_that_value(value: JsonValue) -> None:
    try:
        document = Document.of(value)
    except FormatError:
        return
    around: JsonValue = {"z": 1.5, "content": value, "a": "\U0001f600"}
    assert canonical.encode({"z": 1.5, "content": document, "a": "\U0001f600"}) == canonical.encode(around)
    assert canonical.encode({"content": document, "a": "b"}) == canonical.encode({"content": value, "a": "b"})


def test_it_leaves_room_for_the_level_around_it() -> None:
    deep: JsonValue = "x"
    for _ in range(63):
        deep = [deep]
    for make in (Document.of, Document.parsed):
        opened = canonical.decode(canonical.encode({"content": make(deep)}))
        assert opened == {"content": deep}
        with pytest.raises(FormatError, match="nested"):
            make([deep])
