"""Whatever is sent to a writer with a real database, in whatever groups: it answers as if it knew the whole log."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.book.facts import Facts
from ledger.book.fold import Book
from ledger.db import open_database
from ledger.db.loading import Content, Loaded, Named
from ledger.db.store import Change, Head
from ledger.errors import CrowdLedgerError
from ledger.log.items import Item, Record, Written
from ledger.log.naming import named
from ledger.log.opening import open_log
from ledger.log.plan import Planned, Repeated
from ledger.log.reader import Reader
from ledger.log.requests import Request, prepare
from ledger.log.writer import Writer
from ledger.statements.commitments import Opening
from ledger.statements.kinds import parse
from ledger.statements.log import LogOpened
from ledger.statements.values import format_time
from ledger.tree.checkpoints import LogSigner
from tests.services.databases import copy_sqlite
from tests.services.postgres import PostgresDatabases
from tests.unit.log.memory import MemoryLog
from tests.unit.log.samples import ORIGIN, START_MS
from tests.unit.log.script import Script
from tests.unit.log.test_plan_random import STEPS_MS

SIGNER = LogSigner.generate(ORIGIN)
NAMES = itertools.count()
WALLET_DELAY = 60


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database for all examples: each has a log of its own."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("replay")
        yield copy_sqlite(request.getfixturevalue("migrated_sqlite"), folder / "log.sqlite")
    else:
        servers: PostgresDatabases = request.getfixturevalue("postgres")
        with servers.database(template=request.getfixturevalue("migrated_postgres")) as made:
            yield made


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=True))
def test_a_writer_with_a_database_answers_like_one_that_knows_everything(url: str, random: Random) -> None:
    asyncio.run(play(url, random))


async def play(url: str, random: Random) -> None:
    name, now_ms = f"log {next(NAMES)}", START_MS
    script, memory = Script(random), MemoryLog()
    script.facts = memory.loaded.facts
    async with open_database(url) as database:
        await open_log(database, name, ORIGIN, SIGNER, WALLET_DELAY, clock=lambda: START_MS)
        key = SIGNER.verifier_key.vkey
        opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key=key, wallet_delay=WALLET_DELAY)
        memory.write(Record(statement=opened))
        reader = Reader(database, name)
        async with Writer(database, name, SIGNER, clock=lambda: now_ms, own_clock=True) as writer:
            writer.allow_writes()
            items: list[Item] = script.begin()
            for _ in range(random.randint(4, 12)):
                wanted = named(prepared(items))
                loaded = await database.store(name).append(wanted, look)
                check_facts(wanted, loaded, memory.loaded.facts)
                expected = memory.write(*items, now_ms=now_ms, confirmed_ms=now_ms)
                for item, said, outcome in zip(items, await writer.write_many(items), expected.outcomes, strict=True):
                    compare(item, said, outcome, memory)
                now_ms += random.choice(STEPS_MS)
                items = [script.draw() for _ in range(random.randint(1, 20))]
                items += random.sample(items, min(2, len(items)))
        await check_book(reader)


def look(head: Head, loaded: Loaded) -> Change[Loaded]:
    """No work: what was loaded."""
    return Change(loaded)


def prepared(items: list[Item]) -> Iterator[Request]:
    """What is not refused before any lock."""
    for item in items:
        try:
            yield prepare(item)
        except CrowdLedgerError:
            continue


def compare(item: Item, said: Written | CrowdLedgerError, outcome: object, memory: MemoryLog) -> None:
    """The same entry, or the same refusal, word by word."""
    match outcome:
        case Planned():
            assert isinstance(said, Written), (item, said)
            assert (said.index, said.statement, said.repeated) == (outcome.index, outcome.statement, False)
            assert said.opening == (outcome.opening.encode() if outcome.opening else None)
        case Repeated():
            assert isinstance(said, Written), (item, said)
            assert (said.index, said.id, said.repeated) == (outcome.index, outcome.id, True)
            purpose = "feedback" if outcome.kind in ("decision", "review") else outcome.kind
            kept = memory.loaded.openings.get(Content(purpose, outcome.id))
            assert said.opening == (Opening(*kept).encode() if kept else None)
        case _:
            assert (type(said), str(said)) == (type(outcome), str(outcome)), item


def check_facts(wanted: Named, loaded: Loaded, whole: Facts) -> None:
    """All that was wanted and is there was loaded, and is what the whole log says of it."""
    found = loaded.facts
    for name in ("campaigns", "tasks", "contributions", "decisions", "reviews", "appeals", "results", "mandates"):
        assert getattr(wanted, name) & set(getattr(whole, name)) <= set(getattr(found, name)), name
    assert wanted.linked & whole.links.keys() <= found.links.keys()
    assert wanted.linked & whole.contributors.keys() <= found.contributors.keys()
    assert all(found.authors.get(who) == whole.authors.get(who) for who in wanted.linked)
    assert wanted.erased & whole.erased <= found.erased
    assert wanted.notices & whole.notices == found.notices
    assert found.ratings == {each: whole.ratings[each] for each in wanted.feedbacks & whole.ratings.keys()}
    for name in ("tasks", "contributions", "decisions", "reviews", "appeals", "results", "mandates", "links"):
        of_all = getattr(whole, name)
        assert all(of_all[key] == value for key, value in getattr(found, name).items()), name
    assert found.feedback <= whole.feedback
    assert found.erased <= whole.erased
    for who, record in found.records.items():
        assert whole.records[who] == record
    for campaign_id, campaign in found.campaigns.items():
        known = whole.campaigns[campaign_id]
        for name in ("opened", "index", "closed", "paused", "pauses", "piloting", "versions"):
            assert getattr(campaign, name) == getattr(known, name), name
        assert campaign.funds_block in (0, known.funds_block)
        assert campaign.submitted in (0, known.submitted)
        assert campaign.participants in (0, known.participants)
        assert campaign.by_person.items() <= known.by_person.items()
        assert campaign.by_task.items() <= known.by_task.items()


async def check_book(reader: Reader) -> None:
    """Every entry has its effect in a fold of the whole log."""
    book = Book()
    for index, statement in enumerate(await reader.statements(0, 10_000)):
        parse(statement)
        book.fold_bytes(statement, index)
    assert book.findings == []
