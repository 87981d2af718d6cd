"""On random logs: every unit is accounted for, nothing published falls, and replays agree."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book.fold import Book
from ledger.book.rewards import compute
from ledger.statements import kinds
from ledger.statements.campaigns import Pool, Prizes
from ledger.statements.log import ClockTick
from tests.unit.book.story import CHAIN, POOL, Story, person, score_rate
from tests.unit.book.test_reference import draw

SEEDS = st.integers(0, 10**9)


@settings(max_examples=25)
@given(SEEDS, st.data())
def test_a_fold_is_repeatable_and_knows_its_past(seed, data):
    story = draw(seed)
    cut = data.draw(st.integers(0, len(story.entries)))
    prefix, again, whole = Book(), Book(), Book()
    for index, statement in enumerate(story.entries):
        whole.fold_bytes(kinds.encode(statement), index)
        if index < cut:
            prefix.fold(statement, index)
            again.fold_bytes(kinds.encode(statement), index)
    assert whole == story.book
    assert prefix == again
    for key, pool in prefix.pools.items():
        later = whole.pools[key]
        if len(pool.ended) == len(later.ended):
            assert compute(prefix, pool, cut) == compute(whole, later, cut)
        else:
            assert compute(whole, later, cut) is None


@pytest.mark.parametrize("seed", range(20))
def test_money_is_conserved(seed):
    """Replayed entry by entry: whenever a settlement is active, its accounts hold what its campaigns' totals say."""
    story = draw(seed, length=220)
    book = Book()
    seen, totals = {}, Counter()
    for index, statement in enumerate(story.entries):
        book.fold(statement, index)
        pool = book.pools.get((CHAIN, POOL))
        if pool is None or pool.active is None:
            continue
        assert all(pool.accounts.get(who, 0) >= units for who, units in seen.items())
        seen = dict(pool.accounts)
        for line in pool.active.campaigns:
            assert line.total >= totals[line.campaign]
            totals[line.campaign] = line.total
        assert pool.active.total == sum(pool.accounts.values())
        assert sum(pool.accounts.values()) + sum(pool.waiting.values()) == sum(totals.values())
        assert dict(totals) == {campaign: paid.total for campaign, paid in pool.paid.items() if campaign in totals}


@pytest.mark.parametrize("seed", range(20))
def test_no_settlement_exceeds_budget_or_funds(seed):
    story = draw(seed, length=220)
    book = story.book
    for pool in book.pools.values():
        made = [*pool.recorded.values(), *filter(None, [compute(book, pool, book.size)])]
        for settlement in made:
            before = Counter()
            for end in pool.ended:
                if end.entry < settlement.size and end.verdict == "activated" and end.settlement:
                    before |= Counter({line.campaign: line.total for line in end.settlement.campaigns})
            for line in settlement.campaigns:
                state = book.campaigns[line.campaign]
                record = state.funds_at(settlement.size)
                funds = int(record.funded) - int(record.returned) if record.goal_reached else 0
                limit = min(state.campaign.budget_at(settlement.size), funds)
                assert line.total <= max(limit, before[line.campaign])  # funds that went back take no pay back
                earned = sum(award.units for award in state.awards if award.entry < settlement.size)
                assert line.total <= earned


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_settlement_that_is_vetoed_or_late_changes_nothing_for_the_next(seed):
    """The same log without its ended and recorded settlements awards the same."""
    story = draw(seed)
    other = Book()
    for index, statement in enumerate(story.entries):
        said = ClockTick(v=1, at=statement.at) if "settle" in kind(statement) else statement
        other.fold(said, index)
    for campaign, state in story.book.campaigns.items():
        assert other.campaigns[campaign].awards == state.awards
        assert other.campaigns[campaign].voids == state.voids


def kind(statement):
    return str(type(statement).__struct_config__.tag)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), SEEDS)
def test_the_order_of_arrival_does_not_matter_where_it_should_not(scores, seed):
    order = list(range(len(scores)))
    random.Random(seed).shuffle(order)
    for policy in (score_rate(1000), Pool(total="101"), Prizes(amounts=["50", "25", "10"], min_score="0.1")):
        earned = [arrive(policy, scores, each) for each in (range(len(scores)), order)]
        assert sum(earned[0].values()) == sum(earned[1].values())
        exact = not isinstance(policy, Pool | Prizes)
        for who in earned[0].keys() | earned[1].keys():
            assert abs(earned[0][who] - earned[1][who]) <= (0 if exact else 1)


def arrive(policy, scores, order):
    """What each earns whose entries, with these scores, come in this order."""
    story = Story()
    campaign = story.campaign(policy=policy)
    for place in order:
        score = f"{scores[place] / 10**6:.6f}".rstrip("0").rstrip(".") or "0"
        story.decide(story.submit(campaign, place), score=score)
    story.close(campaign)
    story.tick(101)
    assert story.rules() == []
    return Counter({who: story.book.earned(person(who)).get(campaign, 0) for who in range(len(scores))})
