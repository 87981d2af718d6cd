"""Figures of a record: exact, in any order, and nothing where nothing is known."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ledger.book.reputation import Judged, Reputation, by_campaign, reputation
from ledger.statements.decisions import DecisionMade, Method, OpenedReview

JUDGED = st.builds(
    Judged,
    contribution=st.integers(1, 1000),
    decision=st.integers(1001, 2000),
    campaign=st.sampled_from(["a", "b", "c"]),
    accepted=st.booleans(),
    score=st.integers(0, 1_000_000),
    judges=st.integers(1, 20),
    compared=st.booleans(),
)


def test_nothing_is_known_of_somebody_new() -> None:
    assert reputation([]) == Reputation(0, 0, None, None, 0, 0, None)


@given(st.lists(JUDGED, min_size=1), st.randoms())
def test_figures_are_the_exact_ones_rounded_down(judged, random):
    found = reputation(judged)
    shuffled = list(judged)
    random.shuffle(shuffled)
    assert reputation(shuffled) == found
    assert found.acceptance == Fraction(sum(each.accepted for each in judged), len(judged)) * 10**6 // 1
    each_review = [each.score for each in judged for _ in range(each.judges)]
    assert found.weighted_score == Fraction(sum(each_review), len(each_review)) // 1
    if found.compared:
        assert 0 < found.reliability < 1_000_000, "a few answers make nobody perfect"
    else:
        assert found.reliability is None
    parts = [reputation(part) for part in by_campaign(judged).values()]
    assert sum(part.decided for part in parts) == found.decided
    assert sum(part.agreed for part in parts) == found.agreed


def decision(**more) -> DecisionMade:
    members = {"v": 1, "at": "2026-01-01T00:00:00.000Z", "id": "d", "contribution": "c", "score": "0.5"}
    return DecisionMade(**(members | {"verdict": "accepted", "method": Method(type="human")} | more))


def test_a_request_for_a_new_version_is_no_verdict() -> None:
    assert Judged.of(1, "c", 2, decision(verdict="needs_work")) is None


def test_a_decision_weighs_as_many_times_as_it_has_judges() -> None:
    reviews = [OpenedReview(review=str(number), verdict="accepted", score="0.5") for number in range(3)]
    found = Judged.of(1, "c", 2, decision(reviews=reviews, method=Method(type="gold", name="gold")))
    assert found == Judged(1, 2, "c", True, 500_000, 3, True)
    assert Judged.of(1, "c", 2, decision()).judges == 1
