"""The figures behind the pictures are those of the log, counted here another way."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.pages.figures import MOST_POINTS, MOST_REVIEWERS, Figures, figures_of
from ledger.audit.pages.pay import _distribution, pay_of
from ledger.audit.replay import Replay
from ledger.chain.units import BASE_UNITS, POINTS
from ledger.statements.campaigns import PieceRate
from tests.unit.audit import logs
from tests.unit.book import story
from tests.unit.book.story import Story, person


def figures(told: Story) -> Figures:
    return figures_of(logs.replayed(told), None)


def test_decisions_that_stand_are_counted_by_reviewer() -> None:
    told, chance = Story(), random.Random(3)
    campaign = told.campaign()
    expected: dict[str | None, list[int]] = {}
    for number in range(60):
        reviewer = None if number % 5 == 0 else person(50 + min(chance.randrange(14), chance.randrange(14)))
        verdict = chance.choice(["accepted", "rejected", "needs_work"])
        contribution = told.submit(campaign, number % 7)
        first = told.decide(contribution, "accepted", reviewer=person(49))
        told.wait(0.1)
        told.decide(contribution, verdict, reviewer=reviewer, supersedes=first)
        counts = expected.setdefault(reviewer, [0, 0, 0])
        counts[["accepted", "rejected", "needs_work"].index(verdict)] += 1
    shown = figures(told)
    assert {each.id: list(each.counts) for each in shown.reviewers}.items() <= expected.items()
    totals = [sum(each.counts) for each in shown.reviewers]
    assert totals == sorted((sum(counts) for counts in expected.values()), reverse=True)[:MOST_REVIEWERS]
    assert shown.more_reviewers == len(expected) - len(totals) > 0


def test_what_became_of_appeals() -> None:
    told = Story()
    campaign = told.campaign(appeal=100, decision=1000)

    def appealed(who: int) -> tuple[str, str, str]:
        contribution = told.submit(campaign, who)
        decision = told.decide(contribution, "rejected", "0", reviewer=person(60))
        return contribution, decision, told.appeal(contribution, decision)

    for who in range(3):
        _, decision, appeal = appealed(who)
        told.resolve(appeal, decision, 61)
    for who in range(2):
        contribution, decision, appeal = appealed(who)
        other = told.decide(contribution, "accepted", supersedes=decision, appeal=appeal, reviewer=person(61))
        told.resolve(appeal, other, 61)
    appealed(4)
    told.tick(100_000)
    told.tick()
    assert told.rules() == []
    late = told.campaign()
    contribution = told.submit(late, 5)
    told.appeal(contribution, told.decide(contribution, "rejected", "0"))
    assert figures(told).appeals == {"kept": 3, "changed": 2, "default": 1, "open": 1}


def test_pay_is_by_person_and_pool() -> None:
    told = Story()
    paid = told.campaign(policy=PieceRate(amount="30"), appeal=3)
    told.fund(paid, 10**6)
    points = told.campaign(policy=PieceRate(amount="7"), appeal=3, paid=False)
    for who, count in ((1, 1), (2, 2), (3, 3)):
        for _ in range(count):
            told.decide(told.submit(paid, who))
    told.decide(told.submit(points, 9))
    told.tick(10)
    told.tick()
    first, second = pay_of(told.book, None)
    assert (first.pool, first.unit) == ((story.CHAIN, story.POOL), BASE_UNITS)
    assert (first.people, first.total, first.middle, first.highest, first.top_tenth) == (3, 180, 60, 90, 90)
    assert (first.step, first.counts) == (20, (0, 1, 1, 0, 1))
    assert (second.pool, second.unit, second.people, second.total) == (None, POINTS, 1, 7)


@given(st.lists(st.one_of(st.integers(1, 100), st.integers(1, 10**30)), min_size=1, max_size=60))
def test_every_person_is_in_one_column(earned: list[int]) -> None:
    pay = _distribution(None, sorted(earned))
    assert sum(pay.counts) == pay.people == len(earned)
    assert pay.counts[-1] > 0
    assert len(pay.counts) <= 9
    for number, count in enumerate(pay.counts):
        assert count == sum(number * pay.step < each <= (number + 1) * pay.step for each in earned)
    assert pay.top_tenth == sum(sorted(earned, reverse=True)[: max(len(earned) // 10, 1)])


def test_growth_ends_with_the_log() -> None:
    told, chance = Story(), random.Random(1)
    campaign = told.campaign()
    for _ in range(200):
        told.wait(chance.random() ** 8 * 1000)
        told.submit(campaign, 1)
    replay = logs.replayed(told)
    points = figures_of(replay, None).growth
    assert len(points) == MOST_POINTS
    assert points[-1] == (replay.at_ms[-1], replay.size)
    assert all(a < c and b <= d for (a, b), (c, d) in pairwise(points))
    for at, size in points:
        assert size == sum(each <= at for each in replay.at_ms)


def test_of_an_empty_log_and_of_one_moment_there_is_little_to_draw() -> None:
    assert figures_of(Replay(), None) == Figures()
    told = Story()
    told.entries = told.entries[:1]
    assert figures(told).growth == ((logs.replayed(told).at_ms[0], 1),)
