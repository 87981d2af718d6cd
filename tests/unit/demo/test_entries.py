from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book.policies import Entry, share_out
from ledger.demo import entries
from ledger.demo.answers import Answer, read_answers, truth_of
from ledger.errors import FormatError
from ledger.statements.campaigns import Prizes

DATA = Path(__file__).parents[2] / "data" / "labels" / "bluebirds.csv"


def test_judges_see_as_much_of_both_birds_and_every_picture_once() -> None:
    truth = truth_of(read_answers(DATA), DATA)
    parts = entries.shares(truth, 3)
    assert [sorted(part.values()).count("1") for part in parts] == [16, 16, 16]
    assert [len(part) for part in parts] == [36, 36, 36]
    assert {task: label for part in parts for task, label in part.items()} == truth


def test_the_real_entries_are_marked_as_counted_by_hand() -> None:
    answers = read_answers(DATA)
    truth = truth_of(answers, DATA)
    for name, labels in entries.entries_of(answers).items():
        mine = [answer for answer in answers if answer.worker == name]
        found = sum(answer.label == "1" for answer in mine if answer.truth == "1")
        left = sum(answer.label == "0" for answer in mine if answer.truth == "0")
        marks = entries.mark(labels, truth, "1")
        assert marks.scores == (found * 10**6 // 48, left * 10**6 // 60, 10**6)
        exact = (2 * Fraction(found, 48) + 2 * Fraction(left, 60) + 1) / 5
        assert 0 <= exact * 10**6 - marks.mean < 2


def test_the_tie_of_the_real_entries() -> None:
    answers = read_answers(DATA)
    labels, parts = entries.entries_of(answers), entries.shares(truth_of(answers, DATA), 3)
    means = {name: sum(entries.mark(each, part, "1").mean for part in parts) // 3 for name, each in labels.items()}
    assert means["1723"] == means["1757"] == 828_333


def test_misreading_turns_marks_around() -> None:
    truth = {"a": "1", "b": "0"}
    assert entries.mark(entries.turned(truth, "0", "1"), truth, "1").scores == (0, 0, 10**6)
    assert entries.mark({"a": "1"}, truth, "1").scores == (10**6, 0, 500_000)


def test_two_classes_are_needed() -> None:
    assert entries.classes({"a": "x", "b": "y"}, DATA) == ("x", "y")
    with pytest.raises(FormatError, match="1 classes"):
        entries.classes({"a": "x"}, DATA)


def test_entries_keep_the_order_of_the_file() -> None:
    answers = [Answer(1, "t", "b", "1", "1"), Answer(2, "t", "a", "0", "1"), Answer(3, "u", "b", "0", "0")]
    assert list(entries.entries_of(answers).items()) == [("b", {"t": "1", "u": "0"}), ("a", {"t": "0"})]


@given(
    st.lists(st.integers(0, 10**30), min_size=1, max_size=6),
    st.lists(st.integers(0, 20), max_size=10),
    st.integers(0, 20),
)
def test_prizes_are_those_of_the_book(amounts: list[int], scores: list[int], least: int) -> None:
    scaled = {str(place): score * 50_000 for place, score in enumerate(scores)}
    policy = Prizes(amounts=[str(each) for each in amounts], min_score=_text(least * 50_000))
    book = share_out(policy, [Entry(int(name), name, name, score) for name, score in scaled.items()])
    ours = entries.prizes(amounts, scaled, least * 50_000)
    assert {name: units for name, units in ours.items() if units} == {
        entry.contribution: units for entry, units in book
    }


def _text(millionths: int) -> str:
    return "1" if millionths == 10**6 else (f"0.{millionths:06d}".rstrip("0") if millionths else "0")
