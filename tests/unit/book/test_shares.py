"""The awards behind a settlement: they sum up to what it gives each account, whatever happened before."""

import random
from collections import Counter

import pytest

from ledger.book.shares import shares
from ledger.statements.campaigns import PieceRate
from tests.unit.book.player import KINDS, NAMES, Player
from tests.unit.book.story import CHAIN, POOL, person, score_rate, wallet


def told(story, settlement):
    found = shares(story.book, story.book.pools[CHAIN, POOL], settlement)
    return [(each.account, each.rule, each.units, each.entry, each.final) for each in found]


def test_an_award_goes_to_the_wallet_or_waits_for_one(story):
    campaign = story.campaign(policy=score_rate(10), reviewer_rate="2")
    story.fund(campaign, 1000)
    contributions = [story.submit(campaign, who) for who in (1, 2)]
    story.link(1, wallet(1))
    entries = [story.book.facts.contributions[each].index for each in contributions]
    for contribution in contributions:
        story.decide(contribution, score="0.8", reviewer=person(9))
    story.tick(101)
    first = story.settle()
    final = story.book.campaigns[campaign].awards[0].entry
    ann, bob = wallet(1).address.lower(), wallet(2).address.lower()
    assert told(story, first) == [
        (ann, "score_rate", 8, entries[0], final),
        ("", "reviewer_rate", 2, entries[0], final),
        ("", "score_rate", 8, entries[1], final),
        ("", "reviewer_rate", 2, entries[1], final),
    ]
    story.end(first)
    story.link(2, wallet(2))
    story.tick(11)
    second = story.settle()
    assert told(story, second) == [(bob, "waited", 8, None, None)]
    story.end(second)
    assert told(story, first)[2] == ("", "score_rate", 8, entries[1], final)  # what was said of it stays
    assert told(story, second) == [(bob, "waited", 8, None, None)]


def test_an_award_that_the_money_reaches_in_part_is_in_two_settlements(story):
    campaign = story.campaign(policy=PieceRate(amount="10"))
    story.fund(campaign, 15)
    for who in (1, 2):
        story.decide(story.submit(campaign, who))
        story.link(who, wallet(who))
    story.tick(101)
    first = story.settle()
    assert [each[2] for each in told(story, first)] == [10, 5]
    story.end(first)
    story.fund(campaign, 100, block=2)
    second = story.settle()
    assert [each[2] for each in told(story, second)] == [5]


@pytest.mark.parametrize("seed", range(12))
def test_the_shares_are_exactly_what_settlements_add(seed):
    """Random logs of every kind of campaign: vetoes, reopened decisions, money that ends, wallets that change."""
    source = random.Random(seed)
    steps = [(source.choice(NAMES), source.randrange(1000)) for _ in range(220)]
    story = Player(source.sample(KINDS, 3)).play(steps)
    pool = story.book.pools[CHAIN, POOL]
    accounts: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    settled = [end.settlement for end in pool.ended if end.verdict == "activated" and end.settlement is not None]
    if pool.halted:
        settled = []
    for settlement in settled:
        for each in shares(story.book, pool, settlement):
            assert each.units > 0
            if each.rule == "waited":
                assert waiting.pop(each.contributor) == each.units
            (accounts if each.account else waiting)[each.account or each.contributor] += each.units
        assert sum(accounts.values()) == settlement.total
        assert {who: accounts[who] for who in settlement.accounts} == dict(settlement.accounts)
    if settled:
        assert accounts == Counter(pool.accounts)
        assert waiting == Counter(pool.waiting)
