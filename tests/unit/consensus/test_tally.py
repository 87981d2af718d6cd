"""Results that can be counted again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consensus.tally import MAKINGS, Making, Part, count, document
from ledger.errors import FieldError, FormatError
from ledger.statements import canonical

PARTS = st.lists(
    st.builds(
        Part,
        contribution=st.uuids().map(str),
        task=st.none() | st.sampled_from(["t1", "t2"]),
        content=st.sampled_from(["yes", "no", 1, {"a": [None]}]),
        score=st.integers(0, 1_000_000),
    ),
    max_size=8,
    unique_by=lambda part: part.contribution,
)


@given(st.sampled_from(MAKINGS), PARTS)
def test_whoever_has_the_entries_has_the_tally(making: Making, parts: list[Part]) -> None:
    made: Any = canonical.decode(canonical.encode(document(making, parts)))
    assert count(made["method"], made["entries"]) == made["tally"]
    assert [entry["contribution"] for entry in made["entries"]] == [part.contribution for part in parts]


def part(name: str, content: Any = "yes", task: str | None = None, score: int = 1_000_000) -> Part:
    return Part(name, task, content, score)


def test_answers_are_counted() -> None:
    made = document("tally", [part("a", {"x": "yes"}), part("b", {"x": "no"}), part("c", {"x": "yes"})], "x")
    assert made["tally"] == {"yes": 2, "no": 1}
    with pytest.raises(FieldError, match="no member 'x'"):
        document("tally", [part("a", {"y": 1})], "x")


def test_labels_say_ties() -> None:
    parts = [part("a", "cat", "1"), part("b", "cat", "1"), part("c", "dog", "1"), part("d", "cat", "2")]
    parts += [part("e", "dog", "2")]
    assert document("labels", parts)["tally"] == {
        "1": {"label": "cat", "votes": 2, "answers": 3},
        "2": {"label": None, "votes": 1, "answers": 2},
    }


def test_equal_scores_share_a_place() -> None:
    parts = [part("a", score=5), part("b", score=9), part("c", score=5), part("d", score=0)]
    assert document("ranking", parts)["tally"] == [
        {"contribution": "b", "place": 1},
        {"contribution": "a", "place": 2},
        {"contribution": "c", "place": 2},
        {"contribution": "d", "place": 4},
    ]


def test_assembly_holds_the_contents() -> None:
    made: Any = document("assembly", [part("a", "One."), part("b", {"two": 2})])
    assert (made["tally"], [entry["value"] for entry in made["entries"]]) == (2, ["One.", {"two": 2}])


@pytest.mark.parametrize(
    ("making", "entries"),
    [
        ("tally", [{"contribution": "a"}]),
        ("tally", ["a"]),
        ("tally", [{"contribution": "a", "value": 1}]),
        ("tally", [{"contribution": "a", "value": "1"}, {"contribution": "a", "value": "1"}]),
        ("labels", [{"contribution": "a", "value": "1"}]),
        ("ranking", [{"contribution": "a", "value": "0.10"}]),
        ("ranking", [{"contribution": "a", "value": "2"}]),
        ("vote", []),
    ],
)
def test_documents_of_another_form(making: str, entries: list[Any]) -> None:
    with pytest.raises(FormatError):
        count(making, entries)
