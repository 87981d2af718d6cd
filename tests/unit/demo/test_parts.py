from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ledger.book.policies import Entry, share_out
from ledger.demo import parts
from ledger.demo.answers import read_answers, truth_of
from ledger.statements.campaigns import Pool

DATA = Path(__file__).parents[2] / "data" / "labels" / "snow2008-temporal.csv"


def test_the_real_answers_make_parts_of_ten() -> None:
    answers = read_answers(DATA)
    cut = parts.cut(answers, truth_of(answers, DATA))
    assert (len(cut), sum(len(part.labels) for part in cut)) == (470, 4620)
    assert {len(part.labels) for part in cut} == {10, 2}
    assert len({part.name for part in cut}) == len(cut)
    assert sum(part.accepted for part in cut) == sum(
        sum(each.label == each.truth for each in answers if each.worker == part.worker and each.task in part.labels)
        * 10
        >= 7 * len(part.labels)
        for part in cut
    )


def test_the_data_set_leaves_out_what_ties() -> None:
    assert parts.assemble([{"a": "x", "b": "y"}, {"a": "x", "b": "z"}]) == {"a": "x"}
    assert parts.accuracy_millionths({"a": "x", "b": "y"}, {"a": "x", "b": "z"}) == 500_000
    assert parts.accuracy_millionths({}, {}) == 0


@given(st.integers(0, 10**30), st.lists(st.integers(0, 10), max_size=12))
def test_shares_are_those_of_the_book_to_the_last_unit(total: int, tenths: list[int]) -> None:
    made = [parts.Part(str(place), "w", {}, score * 100_000) for place, score in enumerate(tenths)]
    good = [Entry(int(part.name), part.name, "w", part.score) for part in made if part.accepted]
    ours = parts.shares(total, made)
    assert {name: units for name, units in ours.items() if units} == {
        entry.contribution: units for entry, units in share_out(Pool(total=str(total)), good)
    }
    assert sum(ours.values()) == (total if good else 0)
