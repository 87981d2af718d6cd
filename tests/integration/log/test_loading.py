"""How much is asked of the database: as many queries for a large group as for one item, and few for a plain one."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator

import pytest

from ledger.book.facts import Facts
from ledger.db import Database, open_database
from ledger.db.loading import Answers, Loaded, Queries
from ledger.db.sqlite import SqliteStore
from ledger.db.store import HEAD_SQL, Change, Head, Insert, Step
from ledger.log.items import Item
from ledger.log.naming import named
from ledger.log.requests import prepare
from ledger.statements.campaigns import Limits, Requirement
from ledger.statements.kinds import parse
from tests.integration.log.conftest import LOG, OpenLog


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """Both stores take the same steps: one is enough to count them."""
    return sqlite_database_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Every step that the store takes."""
    taken: list[Step] = []
    original = SqliteStore._do

    def count(self: SqliteStore, driver: sqlite3.Connection, step: Step) -> Answers:
        taken.append(step)
        return original(self, driver, step)

    monkeypatch.setattr(SqliteStore, "_do", count)
    return taken


def asked(steps: list[Step]) -> list[list[str]]:
    """The tables that were read in each round; the head, with the chain's clock, is the first of all."""
    rounds = [list(step.asked) for step in steps if isinstance(step, Queries)]
    assert rounds[0].pop(0).sql == HEAD_SQL
    steps.clear()
    return [[each.sql.split(" AS t")[0].split()[-1] for each in queries] for queries in rounds]


def inserted(steps: list[Step]) -> list[str]:
    """The tables that were written."""
    return [step.table.name for step in steps if isinstance(step, Insert)]


async def test_a_plain_contribution_asks_little_and_writes_no_more_than_it_says(
    log: OpenLog, steps: list[Step]
) -> None:
    steps.clear()
    await log.writer.write(log.maker.submit("ann"))
    assert inserted(steps) == ["contributors", "contributions", "contents", "entries", "checkpoints"]
    first = [
        "contributors",
        "contributors",
        "contributions",
        "entries",
    ]  # is Ann known, and if not, is her new id free?
    assert asked(steps) == [first]
    await log.writer.write_many([log.maker.submit(f"w{number}") for number in range(50)])
    assert asked(steps) == [first]


async def test_of_many_people_only_those_who_are_new_are_asked_for_twice(log: OpenLog, steps: list[Step]) -> None:
    crowd = [f"w{number}" for number in range(70)]
    first = ["contributors", "contributions", "entries"]
    await log.writer.write_many([log.maker.submit(each) for each in crowd])
    steps.clear()
    await log.writer.write_many([log.maker.submit(each) for each in crowd])
    assert asked(steps) == [first]
    await log.writer.write_many([log.maker.submit(each) for each in [*crowd, "ann"]])
    assert asked(steps) == [first, ["contributors"]]


async def test_decisions_ask_for_no_more_the_more_there_are(log: OpenLog, steps: list[Step]) -> None:
    work = [log.maker.submit(f"w{number}") for number in range(20)]
    await log.writer.write_many(work)
    steps.clear()
    await log.writer.write(log.maker.decide(work[0].id))
    assert asked(steps) == [["decisions", "contributions"], ["entries"]]
    await log.writer.write_many([log.maker.decide(each.id) for each in work[1:]])
    assert asked(steps) == [["decisions", "contributions"], ["entries"]]


async def test_limits_are_counted_where_there_are_some(log: OpenLog, steps: list[Step]) -> None:
    maker = log.maker
    limits = Limits(participants=2, per_task=3, per_person=2)
    limited = maker.open_campaign(id=maker.id(), limits=limits, pilot=9)
    await log.writer.write(limited)
    task = maker.add_task(campaign=limited.id)
    await log.writer.write(task)
    await log.writer.write(maker.submit("ann", campaign=limited.id, task=task.id))
    item = maker.submit("bob", campaign=limited.id, task=task.id)
    steps.clear()
    await log.writer.write(item)
    # Nobody has heard of Bob: the campaign's people are counted, its answers by task, and its pilot.
    first = ["contributors", "contributors", "tasks", "contributions", "entries"]
    assert asked(steps) == [first, ["contributions"] * 3]
    await log.writer.write(maker.submit("bob", campaign=limited.id, task=task.id))
    assert asked(steps) == [first, ["contributions"] * 3]


async def test_a_withdrawn_contribution_leaves_room_for_another(log: OpenLog) -> None:
    maker, write = log.maker, log.writer.write
    open_once = maker.open_campaign(id=maker.id(), limits=Limits(per_person=1))
    await write(open_once)
    first = maker.submit("ann", campaign=open_once.id)
    await write(first)
    with pytest.raises(Exception, match="One person may send 1"):
        await write(maker.submit("ann", campaign=open_once.id))
    await write(maker.submit("ann", campaign=open_once.id, replaces=first.id))
    latest = (await log.reader.contributions(campaign=open_once.id)).items[-1]
    assert (latest.first, latest.replaces) == (first.id, first.id)
    await write(maker.withdraw(latest.id))
    await write(maker.submit("ann", campaign=open_once.id))
    with pytest.raises(Exception, match="One person may send 1"):
        await write(maker.submit("ann", campaign=open_once.id))


async def test_a_reputation_is_counted_over_the_whole_log(log: OpenLog) -> None:
    maker, write = log.maker, log.writer.write
    demanding = maker.open_campaign(id=maker.id(), requires=Requirement(accepted=2, acceptance="0.5"))
    await write(demanding)
    works = [maker.submit("ann") for _ in range(5)]
    await log.writer.write_many(works)
    await write(maker.decide(works[0].id))
    with pytest.raises(Exception, match="has 1 accepted of 1 decided"):
        await write(maker.submit("ann", campaign=demanding.id))
    rejected = maker.decide(works[1].id, verdict="rejected")
    await write(rejected)
    await write(maker.decide(works[1].id, supersedes=rejected.id))
    await write(maker.decide(works[2].id, verdict="needs_work"))
    await write(maker.decide(works[3].id, verdict="rejected"))
    await write(maker.submit("ann", campaign=demanding.id))
    await write(maker.decide(works[4].id, verdict="rejected"))
    await write(maker.submit("ann", campaign=demanding.id))  # two of four are half


async def test_loaded_facts_are_those_of_a_replay(log: OpenLog) -> None:
    maker = log.maker
    works = [maker.submit("ann"), maker.submit("bob")]
    await log.writer.write_many(works)
    rejected = maker.decide(works[0].id, verdict="rejected", reviewer="rev")
    await log.writer.write(rejected)
    appeal = maker.appeal(works[0].id, rejected.id)
    await log.writer.write(appeal)
    replayed = Facts()
    for number, statement in enumerate(await log.reader.statements(0, 1000)):
        replayed.apply(parse(statement), number)

    def look(head: Head, loaded: Loaded) -> Change[Loaded]:
        return Change(loaded)

    items: list[Item] = [maker.resolve(appeal.id, rejected.id, "other"), maker.decide(works[1].id)]
    wanted = named(prepare(item) for item in items)
    facts = (await log.database.store(LOG).append(wanted, look)).facts
    assert facts.contributions == replayed.contributions
    assert (facts.decisions, facts.appeals) == (replayed.decisions, replayed.appeals)
