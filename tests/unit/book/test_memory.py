"""What the book keeps of each contribution and decision: a log has millions of them."""

import tracemalloc

import pytest

from ledger.book.fold import Book
from ledger.statements import kinds
from tests.unit.book.story import Story, person

MANY = 1024
AUTHORS, JUDGES = 7, 2
CONTRIBUTION, DECISION = 360, 310
"""Bytes; with whatever few need in each, and with a text of its own for each mention, they were 441 and 377."""


@pytest.fixture
def told():
    """The bytes of contributions, every second to a task, a moment apart, and then of their judges' decisions."""
    story = Story()
    campaign = story.campaign()
    task = story.task(campaign)
    works = []
    for number in range(MANY):
        story.wait(0.01)
        works.append(story.submit(campaign, number % AUTHORS, **({"task": task} if number % 2 else {})))
    for number, work in enumerate(works):
        story.wait(0.01)
        story.decide(work, reviewer=person(AUTHORS + number % JUDGES))
    return [kinds.encode(statement) for statement in story.entries]


def folded(data, book):
    for index, each in enumerate(data, book.size):
        book.fold_bytes(each, index)
    assert not book.findings
    return book


def test_what_many_share_is_kept_once(told):
    facts = folded(told, Book()).facts
    found = list(facts.contributions.values())
    (task,) = facts.tasks
    assert {id(each.task) for each in found if each.task is not None} == {id(task)}
    assert {id(each) for each in facts.tasks.values()} == {id(each.campaign) for each in found}
    assert len({id(each.contributor) for each in found}) <= AUTHORS + 2  # of each shape, the first is read the long way
    assert len({id(each.decision.reviewer) for each in found}) == JUDGES
    assert len({id(each.reviewers) for each in found}) == JUDGES
    assert len({id(each.history) for each in found}) == 1


def test_how_many_bytes_a_contribution_and_a_decision_take(told):
    book, begin = Book(), len(told) - 2 * MANY
    folded(told[:begin], book)
    taken = []
    for part in (told[begin:-MANY], told[-MANY:]):
        tracemalloc.start()
        folded(part, book)
        taken.append(tracemalloc.get_traced_memory()[0] / MANY)
        tracemalloc.stop()
    contribution, decision = taken
    assert contribution <= CONTRIBUTION
    assert decision <= DECISION
