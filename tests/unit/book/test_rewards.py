"""What a settlement lists: only what the contract takes, and never more than it can."""

from ledger.book.rewards import compute
from ledger.statements import kinds
from ledger.statements.settlements import MAX_CAMPAIGNS
from tests.unit.book.story import CHAIN, POOL, settle, wallet


def lines(settlement):
    return {line.campaign: (line.total, line.final) for line in settlement.campaigns}


def earn(story, campaign, who=1):
    story.decide(story.submit(campaign, who))
    story.tick(101)


def test_a_campaign_that_is_not_open_in_the_pool_stops_nobody(story):
    """It is over and owes nothing, so it could be called final, but the contract would refuse the whole list."""
    never_opened, funded = story.campaign(), story.campaign()
    story.close(never_opened)
    assert settle(story.book, CHAIN, POOL) is None
    story.fund(funded, 100)
    earn(story, funded)
    assert lines(story.settle()) == {funded: (10, False)}


def test_the_closing_on_chain_fixes_the_pay_for_good(story):
    closed, other = story.campaign(), story.campaign()
    story.fund(closed, 1000)
    earn(story, closed)
    story.end(story.settle())
    story.fund(other, 1000)
    earn(story, closed)
    earn(story, other)
    story.fund(closed, 1000, block=2, closed=True)  # the backers have not taken their money yet
    story.link(1, wallet(1))
    story.close(closed)
    story.tick(11)
    settlement = story.settle()
    assert lines(settlement) == {other: (10, False)}
    assert dict(settlement.accounts) == {wallet(1).address.lower(): 20}  # the reserved ten of before are still paid
    story.end(settlement)
    assert story.rules() == []


def test_money_that_came_in_at_the_last_moment_is_paid_though_recorded_later(story):
    campaign = story.campaign(closing=story.time(2000))
    story.fund(campaign, 10)
    for who in (1, 2):
        story.decide(story.submit(campaign, who))
    story.close(campaign)
    story.tick(2_001)
    first = story.settle()
    assert lines(first) == {campaign: (10, False)}
    story.end(first)
    story.fund(campaign, 20, block=2)
    assert lines(story.settle()) == {campaign: (20, True)}


def test_a_campaign_whose_budget_is_used_up_is_final_whatever_else_it_was_funded_with(story):
    campaign = story.campaign(budget="15")
    story.fund(campaign, 1000)
    for who in (1, 2):
        story.decide(story.submit(campaign, who))
    story.close(campaign)
    story.tick(101)
    settlement = story.settle()
    assert lines(settlement) == {campaign: (15, True)}
    story.end(settlement)
    story.fund(campaign, 1000, returned=985, block=2)  # the backers took the rest
    assert compute(story.book, story.book.pools[CHAIN, POOL], story.book.size) is None


def test_one_wallet_of_two_people_is_paid_for_both(story):
    campaign = story.campaign()
    story.fund(campaign, 1000)
    for who in (1, 2):
        story.decide(story.submit(campaign, who))
        story.link(who, wallet(5))
    story.tick(101)
    assert dict(story.settle().accounts) == {wallet(5).address.lower(): 20}


def test_more_campaigns_than_a_settlement_lists_take_turns(story):
    campaigns = [story.campaign() for _ in range(MAX_CAMPAIGNS + 5)]
    for campaign in campaigns:
        story.fund(campaign, 1000)
        story.decide(story.submit(campaign, 1))
    story.tick(101)
    first = story.settle()
    assert lines(first).keys() == set(campaigns[:MAX_CAMPAIGNS])
    kinds.parse(kinds.encode(story.entries[-1]))
    assert len(kinds.encode(story.entries[-1])) < kinds.MAX_STATEMENT_BYTES
    story.end(first)
    for campaign in campaigns[:MAX_CAMPAIGNS]:
        story.decide(story.submit(campaign, 1))
    story.tick(101)
    second = story.settle()
    assert lines(second).keys() == set(campaigns[MAX_CAMPAIGNS:] + campaigns[: MAX_CAMPAIGNS - 5])
    assert all(not final for _, final in lines(second).values())
    story.end(second)
    assert lines(story.settle()).keys() == set(campaigns[MAX_CAMPAIGNS - 5 : MAX_CAMPAIGNS])
    assert story.rules() == []


def test_a_record_of_older_funds_has_no_effect(story):
    campaign = story.campaign()
    story.fund(campaign, 20, block=7)
    story.fund(campaign, 10, block=6)
    earn(story, campaign)
    earn(story, campaign)
    assert lines(story.settle()) == {campaign: (20, False)}
    assert story.rules() == ["funds-newest"]


def test_what_becomes_final_with_the_entry_of_a_settlement_is_paid_by_the_next(story):
    first, second = story.campaign(), story.campaign(appeal=150)
    for campaign in (first, second):
        story.fund(campaign, 100)
        story.decide(story.submit(campaign, 1))
    story.tick(101)
    made = compute(story.book, story.book.pools[CHAIN, POOL], story.book.size)
    story.wait(50)
    story.say(made.statement(story.time(0)))
    story.end(made)
    assert lines(story.settle()) == {second: (10, False)}
    assert story.rules() == []
