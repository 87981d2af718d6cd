"""What all connectors of files have in common: a row is a record that can be recorded, or is refused with its line."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.connectors.connector import Options
from ledger.connectors.records import Record, Refused, Skipped
from ledger.connectors.registry import connectors
from ledger.errors import FormatError
from ledger.statements import canonical
from tests.unit.connectors.files import DATA, read

TABLES = [(c, form) for c in connectors().values() for form in c.forms if form.suffixes[-1] in (".csv", ".tsv")]
OBJECTS = [(c, form) for c in connectors().values() for form in c.forms if form.suffixes[0] not in (".csv", ".tsv")]
EXTRA = (
    "Input.q",
    "Answer.a",
    "INPUT:q",
    "OUTPUT:a",
    "sentiment",
    "AssignmentStatus",
    "gold_standard",
    "_missed",
    "a_gold",
)
WORDS = (
    *("", "1", "x", "true", "{}", "[]", "Approved", "APPROVED", "REJECTED", "0.5", "$3.00", "collected", "null", "0"),
    *(
        '{"7":{"retired":{"retired_at":"1"}}}',
        '[{"task":"T0","value":1}]',
        "2026-11-22T02:12:24Z",
        "3/24/2016 17:57:02",
    ),
    *("می\u200cخواهم", "\u202e1", '{"a":NaN}', "[" * 100, "-1", "1e400"),
)
CELLS = st.sampled_from(WORDS) | st.text(max_size=5)


def check(found: list[Any]) -> None:
    lines = []
    for each in found:
        assert isinstance(each, Record | Refused | Skipped)
        lines.append(each.line)
        if isinstance(each, Refused):
            assert each.reason
            assert each.remedy
        elif isinstance(each, Record):
            for task in each.tasks:
                canonical.encode(task.content)
                assert len(task.external_id) <= 200
            for made in each.contributions:
                canonical.encode(made.content)
                assert made.contributor.strip()
                assert max(len(made.contributor), len(made.external_id)) <= 200
            for decided in each.decisions:
                assert decided.verdict == "accepted" or decided.feedback
                assert len(decided.external_id) <= 200
    assert lines == sorted(lines)


@settings(max_examples=150)
@given(st.sampled_from(range(len(TABLES))), st.data())
def test_any_table_with_a_forms_columns(which: int, data: st.DataObject) -> None:
    connector, form = TABLES[which]
    columns = sorted(form.columns) + data.draw(st.lists(st.sampled_from(EXTRA), unique=True, max_size=4))
    columns = list(dict.fromkeys(columns))
    count = data.draw(st.integers(0, 4))
    rows = [[data.draw(CELLS) for _ in columns] for _ in range(count)]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t" if form.suffixes == (".tsv",) else ",").writerows([columns, *rows])
    try:
        found = list(connector.read(io.BytesIO(text.getvalue().encode()), form, Options({"answers": columns[0]})))
    except FormatError:
        return
    check(found)


@settings(max_examples=150)
@given(st.sampled_from(range(len(OBJECTS))), st.data())
def test_any_object_with_a_forms_members(which: int, data: st.DataObject) -> None:
    connector, form = OBJECTS[which]
    inner = st.dictionaries(
        st.sampled_from(("id", "input_values", "output_values", "result", "Answer", "amount")), CELLS
    )
    values = CELLS | st.none() | st.integers(-2, 9) | st.booleans() | inner | st.lists(inner, max_size=2)
    members = st.fixed_dictionaries(dict.fromkeys(sorted(form.columns), values))
    items = data.draw(st.lists(members, min_size=1, max_size=3))
    text = json.dumps(items) if data.draw(st.booleans()) else "\n".join(json.dumps(each) for each in items)
    try:
        found = list(connector.read(io.BytesIO(text.encode()), form, Options()))
    except FormatError:
        return
    check(found)


@pytest.mark.parametrize(("connector", "form"), [(c.name, f.name) for c, f in TABLES], ids=lambda each: each)
def test_a_header_without_a_column_of_the_form_is_no_such_file(connector: str, form: str) -> None:
    with pytest.raises(FormatError):
        read(connector, b"a\tb,c\n1\t2,3\n1\t2,4\n", form)


def test_ids_and_people_may_hold_any_letters_and_marks() -> None:
    text = (DATA / "mturk" / "crowdtruth-platform_amt4.csv").read_text()
    name = "می\u200cخواهم\u200f"
    found = read("mturk", text.replace('"W11"', f'"{name}"').encode(), "batch-results")
    assert found.contributions[0].contributor == name
    assert len(read("mturk", text.replace('"W11"', '"W\t11"').encode(), "batch-results").refused) == text.count('"W11"')
