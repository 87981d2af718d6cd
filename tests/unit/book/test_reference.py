"""The fold and the settlements on random logs, against a slow second reading of the design."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book.rewards import compute
from tests.unit.book.player import KINDS, NAMES, Player
from tests.unit.book.reference import Reference
from tests.unit.book.story import CHAIN, POOL

STEP = st.tuples(st.sampled_from(NAMES), st.integers(0, 999))
CHOICE = st.lists(st.sampled_from(KINDS), min_size=2, max_size=3, unique=True)


def check(story, sizes):
    """Findings, queues, finality and settlements are those of the reference."""
    book = story.book
    reference = Reference(story.entries)
    assert [finding.index for finding in book.findings] == reference.refused
    for campaign, state in book.campaigns.items():
        voids = {void.position: void.entry for void in state.voids}
        queue = [
            (award.entry, award.contribution, award.contributor, award.units, award.source, voids.get(place))
            for place, award in enumerate(state.awards)
        ]
        assert queue == [
            (each.entry, each.contribution, each.who, each.units, each.source, each.void)
            for each in reference.queue
            if each.campaign == campaign
        ]
        assert state.final_entry == reference.calls[campaign].over_at
        assert state.awarded == sum(each[3] for each in queue if each[5] is None)
    assert {who: history[-1][1] for who, history in book.wallets.items()} == reference.in_force
    if (CHAIN, POOL) in book.pools:
        for size in {*sizes, book.size}:
            check_settlement(book, reference.at_size(size), size)


def check_settlement(book, reference, size):
    pool = book.pools[CHAIN, POOL]
    expected = reference.settlement() if len(reference.endings) == len(pool.ended) else None
    made = compute(book, pool, size)
    if expected is None:
        assert made is None
        return
    assert (made.number, made.parent, made.total) == (expected["number"], expected["parent"], expected["total"])
    assert [(each.onchain_id, each.campaign, each.total, each.final) for each in made.campaigns] == expected["lines"]
    assert pool.accounts | dict(made.accounts) == expected["accounts"]
    waiting = {who: units for who, units in (pool.waiting | dict(made.waiting)).items() if units}
    assert waiting == expected["waiting"]
    assert (made.root, made.proposal) == (expected["root"], expected["hash"])


@settings(max_examples=80)
@given(CHOICE, st.lists(STEP, min_size=40, max_size=140), st.data())
def test_the_book_says_what_the_design_says(kinds, steps, data):
    story = Player(kinds).play(steps)
    check(story, [data.draw(st.integers(2, story.book.size))])


@pytest.mark.long
@settings(max_examples=5000)
@given(CHOICE, st.lists(STEP, min_size=40, max_size=200), st.data())
def test_the_book_says_what_the_design_says_for_long(kinds, steps, data):
    story = Player(kinds).play(steps)
    check(story, [data.draw(st.integers(2, story.book.size)) for _ in range(3)])


def draw(seed, length=180):
    """A log like those that hypothesis draws."""
    source = random.Random(seed)
    steps = [(source.choice(NAMES), source.randrange(1000)) for _ in range(length)]
    return Player(source.sample(KINDS, source.choice([2, 3]))).play(steps)


def features(story):
    """What a log reached, by name."""
    book, found = story.book, Counter(finding.rule for finding in story.book.findings)
    for state in book.campaigns.values():
        found.update(f"award {award.source}" for award in state.awards)
        found["void"] += len(state.voids)
        found["over"] += state.final_entry is not None
        found["amended"] += len(state.campaign.versions) > 1
    for pool in book.pools.values():
        found.update(f"{end.verdict} {end.settlement is not None}" for end in pool.ended)
        found["debt"] += sum(bool(paid.debts) for paid in pool.paid.values())
        found["final"] += sum(paid.final for paid in pool.paid.values())
        found["half paid award"] += sum(bool(paid.part) for paid in pool.paid.values())
        found["waiting"] += bool(pool.waiting)
        found["worked off"] += any(
            sum(award.units for award in book.campaigns[campaign].awards[: paid.position]) > paid.total
            for campaign, paid in pool.paid.items()
            if not paid.debts and book.campaigns[campaign].voids
        )
    found["new wallet"] += any(len(history) > 1 for history in book.wallets.values())
    found["objection"] += any(link.set_by != link.index for link in book.facts.links.values())
    for work in book.facts.contributions.values():
        found["revised"] += work.round
        found["revealed"] += work.revealed
        found["withdrawn"] += work.withdrawn
        found["reopened"] += work.reopened
        found["second look"] += any(review.second_look for review in work.reviews)
        found["overturned"] += (
            any(review.second_look for review in work.reviews) and work.decision.verdict == "accepted"
        )
        if work.appeal is not None:
            changed = work.decision.id != work.appeal.decision
            found[f"appeal resolved {work.appeal.resolved}, answered {changed}"] += 1
    return +found


REACHED = {
    *(f"award {name}" for name in ["piece_rate", "score_rate", "prizes", "pool", "bonus", "reviewer_rate"]),
    *("void", "debt", "worked off", "over", "final", "half paid award", "waiting", "amended", "new wallet"),
    *("activated True", "activated False", "vetoed True", "vetoed False", "objection"),
    *("revised", "revealed", "withdrawn", "reopened", "second look", "overturned"),
    *(f"appeal resolved {one}, answered {two}" for one in (True, False) for two in (True, False)),
    *("settlement-computed", "settlement-order", "settlement-size", "settlement-known", "never-lowers", "pilot-over"),
    *("limit-participants", "limit-per-person", "limit-per-task", "reputation", "campaign-running", "campaign-open"),
    *("decided-in-time", "appeal-in-time", "reveal-in-time", "revealed", "superseded-once", "not-final"),
    *("judged-by-another", "judges-once", "judges-bounded", "reviews-all", "bonus-limit", "link-signed"),
}


def test_the_random_logs_reach_what_matters():
    """The comparison is no use if its logs never come where money is lost."""
    reached = Counter()
    for seed in range(150):
        story = draw(seed)
        if seed % 6 == 0:
            check(story, [len(story.entries) // 2])
        reached += features(story)
    assert REACHED - reached.keys() == set()
