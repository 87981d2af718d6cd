from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import policies
from ledger.book.awards import Award, pay
from ledger.statements.campaigns import PieceRate, ScoreRate

WHO = st.sampled_from("abcd")
QUEUE = st.lists(st.tuples(WHO, st.integers(1, 50)), max_size=30).map(
    lambda lines: [Award(entry, str(entry), who, units) for entry, (who, units) in enumerate(lines)]
)


@given(st.integers(0, 2**119), st.integers(0, 10**6))
def test_policies_are_exact(units, score):
    assert policies.award(PieceRate(amount=str(units)), score) == units
    assert policies.award(ScoreRate(max_amount=str(units)), score) == int(Fraction(units * score, 10**6))


@given(QUEUE, st.integers(0, 2000))
def test_the_head_of_the_queue_is_paid_and_no_unit_is_lost_or_invented(queue, limit):
    paid = pay(queue, limit, {})
    assert sum(paid.values()) == min(limit, sum(award.units for award in queue))
    left = limit
    for award in queue:
        earned_so_far = sum(
            each.units for each in queue[: queue.index(award) + 1] if each.contributor == award.contributor
        )
        if award.units <= left:
            assert paid[award.contributor] >= earned_so_far
        left -= min(left, award.units)


@given(QUEUE, st.integers(0, 30), st.integers(0, 1000), st.integers(0, 1000))
def test_published_amounts_never_fall(queue, cut, limit, more):
    before = pay(queue[:cut], limit, {})
    after = pay(queue, limit + more, before)
    assert all(after[who] >= units for who, units in before.items())
    assert sum(after.values()) <= limit + more
    assert after == pay(queue, limit + more, after)


@given(QUEUE, st.integers(0, 1000), st.integers(0, 100))
def test_a_limit_that_fell_takes_nothing_back(queue, limit, less):
    before = pay(queue, limit, {})
    assert pay(queue, max(limit - less, 0), before) == before
