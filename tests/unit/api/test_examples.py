"""The examples of a campaign's pay are what the book's rules make of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.examples import example
from api.pages.languages import ENGLISH, languages, set_language
from ledger.book.campaigns import Version
from ledger.chain.units import Unit
from ledger.statements.campaigns import PieceRate, Policy, Pool, Prizes, ScoreRate
from ledger.statements.values import SCORE_ONE, format_score

UNIT = Unit("TOK")
AMOUNT = st.integers(0, 2**100).map(str)
SCORE = st.integers(0, SCORE_ONE).map(format_score)
POLICY: st.SearchStrategy[Policy] = st.one_of(
    st.builds(PieceRate, amount=AMOUNT),
    st.builds(ScoreRate, max_amount=AMOUNT),
    st.builds(Prizes, amounts=st.lists(AMOUNT, min_size=1, max_size=6), min_score=SCORE),
    st.builds(Pool, total=AMOUNT),
)


def version(policy: Policy, reviewer_rate: int = 0) -> Version:
    return Version(index=0, policy=policy, terms="", budget=10**9, reviewer_rate=reviewer_rate)


def units(earns: str) -> int:
    return 0 if earns == "nothing" else int(re.sub(r"\D", "", earns))


@given(POLICY)
def test_no_example_pays_more_than_is_promised(policy: Policy) -> None:
    set_language(ENGLISH)
    lines = example(version(policy), 0, UNIT).lines
    paid = [units(line.earns) for line in lines]
    assert all("{" not in line.answer + line.earns for line in lines)
    match policy:
        case PieceRate():
            assert paid == [int(policy.amount), 10 * int(policy.amount), 0]
        case ScoreRate():
            assert paid[0] == int(policy.max_amount)
            assert paid[:3] == sorted(paid[:3], reverse=True)
        case Prizes():
            assert sum(paid) <= sum(map(int, policy.amounts))
            assert paid[1] - paid[2] in (0, 1), "two alike share alike, but for one unit that cannot be divided"
        case Pool():
            assert sum(paid) == int(policy.total)


def test_prizes_with_a_tie_and_a_least_score() -> None:
    set_language(ENGLISH)
    shown = example(version(Prizes(amounts=["500", "300", "100"], min_score="0.5")), 0, UNIT)
    assert [(line.score, line.earns) for line in shown.lines] == [
        ("1", "500\u00a0TOK"),
        ("0.8", "200\u00a0TOK"),
        ("0.8", "200\u00a0TOK"),
        ("0.375", "nothing"),
    ]


def test_what_comes_on_top_is_said() -> None:
    set_language(ENGLISH)
    remarks = " ".join(example(version(PieceRate(amount="5"), reviewer_rate=2), 20, UNIT).remarks)
    assert "A bonus of up to 20\u00a0TOK" in remarks
    assert "earns 2\u00a0TOK for it" in remarks


@pytest.mark.parametrize("code", sorted(languages()))
def test_every_language_says_it(code: str) -> None:
    set_language(languages()[code])
    for policy in (
        PieceRate(amount="5"),
        ScoreRate(max_amount="9"),
        Prizes(amounts=["9", "5"], min_score="0"),
        Pool(total="7"),
    ):
        assert len(example(version(policy), 0, UNIT).lines) >= 3
    set_language(ENGLISH)
