"""Why somebody is paid: the lines sum up to what a settlement says, and name the rule and the entries."""

import random
from dataclasses import replace

import pytest

from ledger.book.explain import explain, people_of, total_at
from ledger.book.rewards import compute
from ledger.statements.campaigns import PieceRate, Pool, Prizes
from tests.unit.book.player import KINDS, NAMES, Player
from tests.unit.book.story import CHAIN, POOL, person, score_rate, wallet


def said(story, campaign, **which):
    return [(line.rule, line.units, line.withheld) for line in explain(story.book, campaign, **which)]


def test_an_award_names_its_entries(story):
    campaign = story.campaign(policy=score_rate(10), reviewer_rate="2", bonus_limit="3")
    story.fund(campaign, 1000)
    contribution = story.submit(campaign, 1)
    story.decide(contribution, score="0.8", reviewer=person(9), bonus="3")
    story.tick(101)
    paid, bonus, reviewer = explain(story.book, campaign)
    assert paid.words == (
        f"contribution {contribution} of entry 4, accepted with 0.8 in decision entry 5, final at entry 6, "
        "score_rate 0.8 * 10 = 8"
    )
    assert (paid.entry, paid.decision, paid.final, paid.contributor) == (4, 5, 6, person(1))
    assert (bonus.rule, bonus.units, bonus.contributor) == ("bonus", 3, person(1))
    assert (reviewer.rule, reviewer.units, reviewer.contributor) == ("reviewer_rate", 2, person(9))
    assert explain(story.book, campaign, contributor=person(9)) == [reviewer]
    assert said(story, campaign, size=6) == [("not-final", 0, 8), ("not-final", 0, 3)]


def test_what_keeps_pay_back(story):
    campaign = story.campaign(policy=PieceRate(amount="10"), budget="15", appeal_default="accepted")
    story.fund(campaign, 1000)
    for who in (1, 2):
        story.decide(story.submit(campaign, who))
    story.decide(story.submit(campaign, 3), "rejected", score="0")
    story.withdraw(story.submit(campaign, 3))
    contested = story.submit(campaign, 4)
    story.appeal(contested, story.decide(contested, "rejected"))
    story.tick(101)
    story.submit(campaign, 5)
    assert said(story, campaign) == [
        ("piece_rate", 10, 0),
        ("piece_rate", 5, 0),
        ("budget", 0, 5),
        ("rejected", 0, 10),
        ("rejected", 0, 10),
        ("appeal-pending", 0, 10),
        ("not-final", 0, 10),
    ]


def test_without_funds_nothing_is_due(story):
    campaign = story.campaign()
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    assert said(story, campaign) == [("funds", 0, 10)]
    story.fund(campaign, 4)
    assert said(story, campaign) == [("piece_rate", 4, 0), ("funds", 0, 6)]


def test_points_have_no_limit(story):
    campaign = story.campaign(paid=False, budget="15")
    for who in (1, 2):
        story.decide(story.submit(campaign, who))
    story.tick(101)
    assert said(story, campaign) == [("piece_rate", 10, 0), ("piece_rate", 10, 0)]


def test_prizes_name_their_places(story):
    campaign = story.campaign(policy=Prizes(amounts=["100", "50", "10"], min_score="0.5"))
    story.fund(campaign, 1000)
    for who, score in enumerate(("0.7", "0.9", "0.7", "0.2")):
        story.decide(story.submit(campaign, who), score=score)
    assert said(story, campaign)[-1] == ("not-over", 0, 160)
    story.close(campaign)
    story.tick(101)
    lines = explain(story.book, campaign)
    assert [(line.rule, line.units) for line in lines] == [
        ("prizes", 100),
        ("prizes", 30),
        ("prizes", 30),
        ("prizes", 0),
    ]
    assert "prizes, place 1 of 3 = 100" in lines[0].words
    assert "places 2 to 3 shared by 2 with the equal score 0.7 = 30" in lines[1].words
    assert "below the least score 0.5" in lines[3].words


def test_a_pool_names_its_shares(story):
    campaign = story.campaign(policy=Pool(total="100"))
    story.fund(campaign, 1000)
    for who, score in enumerate(("0.5", "1")):
        story.decide(story.submit(campaign, who), score=score)
    story.close(campaign)
    story.tick(101)
    assert [line.words.split(", final at entry ")[1].split(", ", 1)[1] for line in explain(story.book, campaign)] == [
        "pool 100 by score, 500000 of 1500000 millionths = 33",
        "pool 100 by score, 1000000 of 1500000 millionths = 67",
    ]


def test_bonuses_and_who_judged_wait_for_the_end_of_what_is_paid_once(story):
    campaign = story.campaign(policy=Pool(total="100"), budget="200", bonus_limit="7", reviewer_rate="2")
    story.fund(campaign, 1000)
    story.decide(story.submit(campaign, 1), reviewer=person(9), bonus="7")
    story.tick(101)
    waiting = [("not-over", 0, 0), ("not-over", 0, 7), ("not-over", 0, 2), ("not-over", 0, 100)]
    assert said(story, campaign) == waiting
    assert said(story, campaign, contributor=person(1)) == waiting[:2]
    assert said(story, campaign, contributor=person(9)) == waiting[2:3]
    story.close(campaign)
    assert said(story, campaign) == [("pool", 100, 0), ("bonus", 7, 0), ("reviewer_rate", 2, 0)]
    before = [("not-final", 0, 0), ("not-final", 0, 7), *waiting[2:]]
    assert said(story, campaign, size=len(story.entries) - 1) == before


def test_what_was_paid_for_a_reopened_decision_stays_published(story):
    campaign = story.campaign(policy=PieceRate(amount="10"))
    story.fund(campaign, 1000)
    contribution = story.submit(campaign, 1)
    decision = story.decide(contribution)
    story.tick(101)
    story.end(story.settle())
    story.decide(contribution, "rejected", supersedes=decision)
    story.tick(101)
    assert said(story, campaign) == [("reopened", 0, 10), ("published", 10, 0), ("rejected", 0, 10)]
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    assert said(story, campaign) == [("reopened", 0, 10), ("piece_rate", 10, 0), ("rejected", 0, 10)]


def test_the_people_of_a_wallet(story):
    campaign = story.campaign()
    story.fund(campaign, 1000)
    for who in (1, 2):
        story.submit(campaign, who)
        story.link(who, wallet(1))
    story.tick(11)
    assert people_of(story.book, wallet(1).address.lower()) == [person(1), person(2)]
    assert people_of(story.book, wallet(2).address.lower()) == []


@pytest.mark.parametrize("seed", range(20))
def test_the_lines_sum_up_to_what_is_settled(seed):
    """Random logs of every kind of campaign: at their end, the lines of a campaign are its total, paid or due."""
    source = random.Random(seed)
    story = Player(source.sample(KINDS, 3)).play([(source.choice(NAMES), source.randrange(1000)) for _ in range(180)])
    book = story.book
    pool = replace(book.pools[CHAIN, POOL], halted=False, _computed=None)
    settlement = compute(book, pool, book.size)
    totals = {name: paid.total for name, paid in pool.paid.items()}
    totals |= {line.campaign: line.total for line in settlement.campaigns} if settlement else {}
    for campaign, state in book.campaigns.items():
        lines = explain(book, campaign)
        paid = state.campaign.opened.onchain is not None
        assert sum(line.units for line in lines) == (totals.get(campaign, 0) if paid else state.awarded)
        assert all(line.units >= 0 and line.withheld >= 0 for line in lines)
        if paid:
            assert total_at(book, campaign, book.size) == totals.get(campaign, 0)
