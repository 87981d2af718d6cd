"""Runs are taken with the effects that their statements have one by one, whatever the log and wherever it is cut."""

from functools import partial
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from ledger.book.fold import Book
from ledger.book.runs import decide_run, plain_run, submit_run
from ledger.statements.campaigns import Limits, Requirement
from ledger.statements.contributions import Signature
from ledger.statements.decisions import OpenedReview
from tests.unit.book.player import KINDS, NAMES, Player
from tests.unit.book.story import DIGEST, SECOND, Story, judges, person

STEP = st.tuples(st.sampled_from([*NAMES, *["submit", "decide"] * 20]), st.integers(0, 999))
CHOICE = st.lists(st.sampled_from(KINDS), min_size=2, max_size=3, unique=True)


def one_by_one(statements):
    book = Book()
    for index, statement in enumerate(statements):
        book.fold(statement, index)
    return book


def in_runs(statements):
    book, index = Book(), 0
    for _, group in groupby(statements, lambda each: (type(each), each.at)):
        run = list(group)
        book.fold_run(run, index)
        index += len(run)
    return book


def waiting(book):
    """The deadlines still to come, which books are not compared by."""
    found, taking = [], book._deadlines
    while taking.first() is not None:
        line, _ = taking.first()
        deadline = taking.take()
        subject = deadline.subject if isinstance(deadline.subject, str) else deadline.subject.id
        found.append((line.kind, line.place, deadline.at_ms, deadline.entry, subject))
    return found


def check(statements):
    taken, expected = in_runs(statements), one_by_one(statements)
    assert taken == expected
    assert list(taken.facts.contributions) == list(expected.facts.contributions)
    assert list(taken.facts.contributors) == list(expected.facts.contributors)
    assert waiting(taken) == waiting(expected)
    return expected


@settings(max_examples=60)
@given(CHOICE, st.lists(STEP, min_size=20, max_size=80))
def test_any_log(kinds, steps):
    check(Player(kinds).play(steps).entries)


def work(people=5, **rules):
    """A campaign, and contributions of one moment to it."""
    story = Story()
    campaign = story.campaign(decision=1000, **rules)
    task = story.task(campaign)
    story.tick(1)
    begin = len(story.entries)
    for who in range(people):
        story.submit(campaign, who % 3, task=task if who % 2 else None)
    return story, begin


def decided(**rules):
    """The same, decided at another moment."""
    story, begin = work(**rules)
    made = [each.id for each in story.entries[begin:]]
    story.tick(1)
    place = len(story.entries)
    for number, each in enumerate(made):
        story.decide(each, "rejected" if number % 2 else "accepted", score="0" if number % 2 else "0.5")
    return story, place


def book_before(story, begin):
    return one_by_one(story.entries[:begin])


def takes(take, story, begin, before):
    run = plain_run(story.entries[begin:])
    return run is not None and take(run, before.clock_ms, begin, before.facts) is not None


def test_what_is_plain_is_taken_in_a_run():
    story, begin = work()
    before = book_before(story, begin)
    assert takes(submit_run, story, begin, before)
    assert not check(story.entries).findings
    story, begin = decided()
    before = book_before(story, begin)
    assert takes(decide_run, story, begin, before)
    assert not check(story.entries).findings


OTHER = "0" * 8 + "-0000-7000-8000-" + "0" * 12
OPENED = [OpenedReview(review=OTHER, verdict="accepted", score="1")]
SIGNATURE = Signature(address="0x" + 40 * "a", value="0x" + 128 * "7" + "1b")


def spoil(story, place, **members):
    story.entries[place] = structs.replace(story.entries[place], **members)


@pytest.mark.parametrize(
    "members",
    [
        {"campaign": OTHER},
        {"terms": 64 * "2"},
        {"task": OTHER},
        {"replaces": OTHER},
        {"signature": SIGNATURE},
        {"id": None},
    ],
    ids=str,
)
def test_one_contribution_that_is_not_plain(members):
    for place in range(1, 5):
        story, begin = work()
        spoil(story, begin + place, **({"id": story.entries[begin].id} if "id" in members else members))
        before = book_before(story, begin)
        clean = book_before(story, begin)
        assert not takes(submit_run, story, begin, before)
        assert before == clean
        assert bool(check(story.entries).findings) is ("signature" not in members)


@pytest.mark.parametrize(
    "members",
    [
        {"contribution": OTHER},
        {"verdict": "needs_work", "feedback": DIGEST},
        {"verdict": "rejected", "feedback": None},
        {"reviewer": person(9)},
        {"supersedes": OTHER},
        {"appeal": OTHER},
        {"bonus": "1"},
        {"signature": SIGNATURE},
        {"reviews": OPENED},
        {"method": SECOND},
        {"id": None},
        {"contribution": None},
    ],
    ids=str,
)
def test_one_decision_that_is_not_plain(members):
    for place in range(1, 5):
        story, begin = decided()
        first = story.entries[begin]
        spoil(
            story,
            begin + place,
            **{name: value or getattr(first, name) for name, value in members.items()}
            | ({"feedback": None} if members.get("feedback", 0) is None else {}),
        )
        before, clean = book_before(story, begin), book_before(story, begin)
        assert not takes(decide_run, story, begin, before)
        assert before == clean
        check(story.entries)


@pytest.mark.parametrize(
    "rules",
    [
        {"limits": Limits(per_person=1)},
        {"requires": Requirement(accepted=1, acceptance="0.5")},
        {"pilot": 2},
        {"paused": True},
        {"closed": True},
        {"amended": True},
        {"judging": judges(2, 1)},
    ],
    ids=str,
)
def test_what_the_campaign_asks_for(rules):
    told = [name for name in ("paused", "closed", "amended") if rules.get(name)]
    story = Story()
    campaign = story.campaign(decision=1000, **{name: rules[name] for name in rules if name not in told})
    for name in told:
        {"paused": story.pause, "closed": story.close, "amended": partial(story.amend, reviewer_rate="5")}[name](
            campaign
        )
    story.tick(1)
    made = [story.submit(campaign, who % 2) for who in range(4)]
    story.tick(1)
    for each in made:
        story.decide(each)
    assert bool(check(story.entries).findings) is (told != ["amended"])


def test_too_late_or_withdrawn_or_replaced():
    story, _ = work()
    campaign = story.entries[-1].campaign
    made = [each.id for each in story.entries if type(each).__name__ == "ContributionSubmitted"]
    story.withdraw(made[0])
    made.append(story.submit(campaign, 1, replaces=made[1], task=story.entries[-2].task))
    for each in made:
        story.decide(each)
    story.tick(2000)
    late = [story.submit(campaign, 4) for _ in range(3)]
    story.tick(1001)
    for each in late:
        story.decide(each)
    assert check(story.entries).findings


def test_one_that_is_too_late_among_others():
    story, begin = work()
    old, campaign = story.entries[begin].id, story.entries[begin].campaign
    story.tick(600)
    new = [story.submit(campaign, 4) for _ in range(2)]
    story.tick(500)
    begin = len(story.entries)
    for each in (new[0], old, new[1]):
        story.decide(each)
    assert not takes(decide_run, story, begin, book_before(story, begin))
    assert [finding.rule for finding in check(story.entries).findings] == ["decided-in-time"]


def test_time_that_goes_back_is_nobodys_run():
    story, begin = work()
    back = structs.replace(story.entries[begin], at=story.entries[0].at)
    story.entries[begin:] = [structs.replace(back, id=each.id) for each in story.entries[begin:]]
    assert len(check(story.entries).findings) == 5
