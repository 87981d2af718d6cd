"""Any table by its mapping: the same from CSV, JSON Lines, JSON and XLSX, and what a mapping says wrongly."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.connectors.connector import Options
from ledger.connectors.mapped import FORM, Mapped
from ledger.connectors.mapping import (
    ContributionMapping,
    DecisionMapping,
    FileMapping,
    Mapping,
    TaskMapping,
    load,
    save,
)
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Refused, TaskRecord
from ledger.errors import ConfigError, FormatError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
COLUMNS = st.lists(TEXT, min_size=1, max_size=3)
MAPPING = Mapping(
    name="kaggle",
    file=FileMapping(order="dmy", decimal=","),
    contribution=ContributionMapping(id=["team", "try"], contributor="team", json=["meta"], at="when"),
    task=TaskMapping(id=["problem"]),
    decision=DecisionMapping(
        verdict="state", accepted=["ok"], rejected=["no"], score="score", feedback="why", bonus="prize", currency="EUR"
    ),
)
HEAD = ["team", "try", "problem", "answer", "meta", "when", "state", "score", "why", "prize"]
LINE = ["سرخ", "1", "p1", " ۴۲ ", '{"k":[1]}', "3/4/2026 10:00", "ok", "85%", "", "1.234,50 €"]
CONTENT = {"answer": " ۴۲ ", "meta": {"k": [1]}, "_at": "2026-04-03T10:00:00.000Z"}


def read(data: bytes, mapping: Mapping = MAPPING) -> list[Read]:
    return list(Mapped(mapping).read(io.BytesIO(data), FORM, Options()))


def as_csv(*lines: list[str]) -> bytes:
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in (HEAD, *lines))
    return "\n".join(quoted).encode()


def as_xlsx(*lines: list[str]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in (HEAD, *lines):
        book.active.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_the_same_from_every_kind_of_file() -> None:
    row = dict(zip(HEAD, LINE, strict=True))
    expected = Record(
        2,
        (TaskRecord("kaggle:p1", {"problem": "p1"}),),
        (ContributionRecord("kaggle:سرخ/1", "سرخ", CONTENT, "kaggle:p1"),),
        (DecisionRecord("kaggle:سرخ/1", "accepted", "kaggle:سرخ/1", score="0.85", bonus="1234.50"),),
    )
    assert read(as_csv(LINE)) == [expected]
    assert read(as_xlsx(LINE)) == [expected]
    for data in (json.dumps([row]), json.dumps(row), json.dumps(row, indent=1)):
        (found,) = read(data.encode())
        assert isinstance(found, Record)
        assert (found.tasks, found.contributions, found.decisions) == (
            expected.tasks,
            expected.contributions,
            expected.decisions,
        )


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("team", " ", "no team"),
        ("try", "", "no try"),
        ("try", "x" * 200, "no try"),
        ("problem", "", "no problem"),
        ("meta", "{", "no JSON"),
        ("when", "yesterday", "no time"),
        ("score", "7", "not from 0 to 1"),
        ("score", "NaN", "not from 0 to 1"),
        ("prize", "much", "no amount"),
    ],
)
def test_a_row_that_cannot_be_used(column: str, value: str, words: str) -> None:
    bad = [value if name == column else cell for name, cell in zip(HEAD, LINE, strict=True)]
    refused, good = read(as_csv(bad, LINE))
    assert isinstance(refused, Refused)
    assert words in refused.reason
    assert refused.remedy
    assert refused.line == 2
    assert isinstance(good, Record)


@pytest.mark.parametrize(("word", "verdict"), [("ok", "accepted"), ("no", "rejected"), ("?", None), ("", None)])
def test_words_of_a_verdict(word: str, verdict: str | None) -> None:
    (found,) = read(as_csv([word if name == "state" else cell for name, cell in zip(HEAD, LINE, strict=True)]))
    assert isinstance(found, Record)
    assert [decision.verdict for decision in found.decisions] == ([verdict] if verdict else [])
    if verdict == "rejected":
        assert found.decisions[0].feedback == {"verdict": "no"}


def test_rows_without_a_contributor() -> None:
    mapping = Mapping(name="x", contribution=ContributionMapping(id=["id"], contributor="who", anonymous=True))
    (found,) = read(b"id,who,a\n7,,b\n", mapping)
    assert isinstance(found, Record)
    assert found.contributions == (ContributionRecord("x:7", "anonymous:7", {"a": "b"}),)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(FormatError, match="no column 'prize'"):
        read(as_csv(LINE).replace(b'"prize"', b'"price"'))


@given(COLUMNS, TEXT, st.none() | COLUMNS, st.booleans(), st.none() | COLUMNS)
def test_a_mapping_is_kept_and_read_again(
    own: list[str], who: str, content: list[str] | None, anonymous: bool, words: list[str] | None
) -> None:
    mapping = Mapping(
        name="x-1",
        file=FileMapping(member=who, zone="Asia/Tehran"),
        contribution=ContributionMapping(id=own, contributor=who, content=content, anonymous=anonymous),
        task=TaskMapping(id=own),
        decision=None if words is None else DecisionMapping(verdict=who, accepted=words),
    )
    assert load(save(mapping)) == mapping


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "name"),
        ("name = 1", "str"),
        ("name = 'A b'\n[contribution]\nid = ['a']\ncontributor = 'b'", "regex"),
        ("name = 'a'\n[contribution]\nid = []\ncontributor = 'b'", "length"),
        ("name = 'a'\nv = 2\n[contribution]\nid = ['a']\ncontributor = 'b'", "v"),
        ("name = 'a'\nextra = 2\n[contribution]\nid = ['a']\ncontributor = 'b'", "extra"),
        ("name = ", "Invalid value"),
    ],
)
def test_a_mapping_that_cannot_be_used(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(text)


def test_the_mapping_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "importing.md").read_text()
    mapping = load(page.partition("```toml\n")[2].partition("```")[0])
    for part in (mapping, mapping.file, mapping.contribution, mapping.task, mapping.decision):
        assert part is not None
        names = set(part.__struct_fields__)
        assert all(f"{name} = " in page or f"[{name}]" in page for name in names), names


def test_ids_of_several_columns_are_never_two_peoples() -> None:
    lines = (["a/b", "c", *LINE[2:]], ["a", "b/c", *LINE[2:]], ["a%2Fb", "c", *LINE[2:]])
    found = [each for each in read(as_csv(*lines)) if isinstance(each, Record)]
    assert len({record.contributions[0].external_id for record in found}) == 3


def test_a_column_that_is_named_as_our_time_is_kept() -> None:
    mapping = Mapping(name="x", contribution=ContributionMapping(id=["id"], contributor="who", at="when"))
    (record,) = read(b"id,who,when,_at,_at_answered\n1,ann,2026-04-03,mine,too\n", mapping)
    assert isinstance(record, Record)
    assert record.contributions[0].content == {
        "_at": "2026-04-03T00:00:00.000Z",
        "_at_answered": "too",
        "_at_answered_": "mine",
    }
