"""Policies: exact, to the last unit, and blind to the order of arrival but for units that cannot be divided."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import policies
from ledger.book.policies import Entry, largest_remainders, share_out
from ledger.statements.campaigns import PieceRate, Pool, Prizes, ScoreRate
from ledger.statements.values import format_score

SCORE = st.sampled_from([0, 1, 250_000, 333_333, 500_000, 999_999, 10**6]) | st.integers(0, 10**6)
SCORES = st.lists(SCORE, max_size=12)
AMOUNTS = st.lists(st.integers(0, 1000) | st.integers(0, 2**112), min_size=1, max_size=8)


def entries(scores):
    return [Entry(place, f"c{place}", f"p{place}", score) for place, score in enumerate(scores)]


def prizes(amounts, least=0):
    return Prizes(amounts=[str(each) for each in amounts], min_score=format_score(least))


def by_score(scores, won):
    """How many units of which sizes each score got."""
    got = {entry.contribution: units for entry, units in won}
    found: dict[int, list[int]] = {}
    for entry in entries(scores):
        found.setdefault(entry.score, []).append(got.get(entry.contribution, 0))
    return {score: sorted(units) for score, units in found.items()}


@given(st.integers(0, 2**119), st.integers(0, 10**6))
def test_rates_are_exact(units, score):
    assert policies.award(PieceRate(amount=str(units)), score) == units
    assert policies.award(ScoreRate(max_amount=str(units)), score) == int(Fraction(units * score, 10**6))
    assert policies.award(Pool(total=str(units)), score) == policies.award(prizes([units]), score) == 0


@given(st.integers(0, 10**6) | st.integers(0, 2**119), st.lists(st.integers(0, 10**6), max_size=20))
def test_largest_remainders_keep_the_quota_and_every_unit(total, weights):
    shares = largest_remainders(total, weights)
    whole = sum(weights)
    if whole == 0:
        assert shares == [0] * len(weights)
        return
    assert sum(shares) == total
    exact = [Fraction(total * weight, whole) for weight in weights]
    assert all(int(fair) <= share <= int(fair) + 1 for fair, share in zip(exact, shares, strict=True))
    got = [(fair - int(fair), -place) for place, fair in enumerate(exact) if shares[place] > int(fair)]
    missed = [(fair - int(fair), -place) for place, fair in enumerate(exact) if shares[place] == int(fair)]
    assert not got or not missed or min(got) > max(missed)
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)


@given(AMOUNTS, SCORES, SCORE)
def test_prizes_pay_the_places_that_are_taken(amounts, scores, least):
    won = share_out(prizes(amounts, least), entries(scores))
    able = [score for score in scores if score >= least]
    assert sum(units for _, units in won) == sum(amounts[: len(able)])
    assert all(entry.score >= least and units > 0 for entry, units in won)
    for units in by_score(scores, won).values():
        assert units[-1] - units[0] <= 1


@given(AMOUNTS.map(lambda amounts: sorted(amounts, reverse=True)), SCORES)
def test_where_prizes_fall_with_the_places_a_better_score_wins_no_less(amounts, scores):
    groups = sorted(by_score(scores, share_out(prizes(amounts), entries(scores))).items())
    assert all(low[-1] <= high[0] + 1 for (_, low), (_, high) in pairwise(groups))


@given(st.integers(0, 1000) | st.integers(0, 2**119), SCORES)
def test_a_pool_is_shared_to_the_last_unit(total, scores):
    won = share_out(Pool(total=str(total)), entries(scores))
    assert sum(units for _, units in won) == (total if any(scores) else 0)
    for entry, units in won:
        assert abs(units - Fraction(total * entry.score, sum(scores))) < 1
    groups = sorted(by_score(scores, won).items())
    assert all(low[-1] <= high[0] + 1 for (_, low), (_, high) in pairwise(groups))


@given(st.data(), AMOUNTS, SCORES)
def test_the_order_of_arrival_decides_about_units_that_cannot_be_divided_only(data, amounts, scores):
    other = data.draw(st.permutations(scores))
    for policy in (prizes(amounts), Pool(total=str(sum(amounts)))):
        first, second = (share_out(policy, entries(order)) for order in (scores, other))
        if isinstance(policy, Prizes):
            assert by_score(scores, first) == by_score(other, second)
        sums = [Counter() for _ in range(2)]
        for found, won in zip(sums, (first, second), strict=True):
            for entry, units in won:
                found[entry.score] += units
        assert sum(sums[0].values()) == sum(sums[1].values())
        assert all(abs(sums[0][score] - sums[1][score]) <= scores.count(score) for score in scores)


@given(st.data(), AMOUNTS, SCORES)
def test_in_which_order_entries_are_handed_over_does_not_matter(data, amounts, scores):
    shuffled = data.draw(st.permutations(entries(scores)))
    for policy in (prizes(amounts), Pool(total=str(sum(amounts)))):
        assert share_out(policy, shuffled) == share_out(policy, entries(scores))


def test_ties_share_the_prizes_of_their_places_and_the_first_takes_the_odd_unit():
    won = share_out(prizes([50, 25, 10]), entries([900_000, 500_000, 900_000, 500_000]))
    assert [(entry.contribution, units) for entry, units in won] == [("c0", 38), ("c2", 37), ("c1", 5), ("c3", 5)]
    assert share_out(prizes([50]), entries([])) == []
    assert share_out(PieceRate(amount="5"), entries([1])) == []
