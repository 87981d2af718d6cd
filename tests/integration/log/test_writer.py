"""Writing on both databases: consecutive entries, receipts that verify, idempotency, failures that leave nothing."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from ledger.book import rules
from ledger.db import Database, open_database, sqlite
from ledger.db.rows import EntryRow
from ledger.errors import (
    ConfigError,
    CrowdLedgerError,
    DatabaseError,
    FieldError,
    IdReusedError,
    LogDivergedError,
    QueueFullError,
    RuleError,
    UnavailableError,
)
from ledger.log import plan as planning
from ledger.log.items import RevokeKey, Submit, Written
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer, system_clock_ms
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.kinds import parse
from ledger.tree import merkle
from ledger.tree.checkpoints import LogSigner, open_checkpoint
from ledger.tree.issuing import GroupReceipts
from ledger.tree.receipts import Receipt, verify_log_part
from tests.integration.log.conftest import LOG, OpenLog
from tests.unit.log.samples import ORIGIN, Maker


async def all_statements(reader: Reader) -> list[bytes]:
    return await reader.statements(0, (await reader.head()).size)


async def check_whole_log(log: OpenLog) -> None:
    """Head, checkpoint and entries agree, and times never go back."""
    head = await log.reader.head()
    statements = await all_statements(log.reader)
    assert len(statements) == head.size
    root = merkle.root([merkle.leaf_hash(each) for each in statements])
    checkpoint = open_checkpoint(head.checkpoint, [log.signer.verifier_key], only=True)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, head.size, root)
    assert head.compact.root() == root
    times = [parse(each).at for each in statements]
    assert times == sorted(times)


def check_receipt(log: OpenLog, written: Written) -> None:
    verified = verify_log_part(Receipt.parse(written.receipt), log.signer.verifier_key)
    assert (verified.index, verified.statement) == (written.index, written.statement)


async def test_many_writers_at_once_get_consecutive_entries(log: OpenLog) -> None:
    items = [log.maker.submit(f"w{number % 7}", external_id=str(number)) for number in range(300)]
    results = await asyncio.gather(*(log.writer.write(item) for item in items))
    assert sorted(each.index for each in results) == list(range(3, 303))
    for item, written in zip(items, results, strict=True):
        assert written.id == item.id
        check_receipt(log, written)
        statement = parse(written.statement)
        assert isinstance(statement, ContributionSubmitted)
        opening = Opening.parse(written.opening or b"")
        assert verify_opening(opening, statement.commitment) == item.content
    await check_whole_log(log)


async def test_a_batch_keeps_its_order_and_its_items_apart(log: OpenLog) -> None:
    work = log.maker.submit("ann", external_id="1")
    results = await log.writer.write_many(
        [
            work,
            log.maker.submit("ann", salt=b"short"),
            log.maker.submit("ann", campaign=log.maker.id()),
            log.maker.decide(work.id, feedback="Well done"),
            work,
            replace(work, content="other"),
            log.maker.decide(work.id),
        ]
    )
    slugs = [each.slug if isinstance(each, CrowdLedgerError) else each.index for each in results]
    assert slugs == [3, "field-invalid", "not-found", 4, 3, "id-reused", "rule-broken"]
    repeated = results[4]
    assert isinstance(repeated, Written)
    assert repeated.repeated
    assert replace(repeated, repeated=False) == results[0]
    await check_whole_log(log)


async def test_the_same_again_gives_the_same_bytes(log: OpenLog) -> None:
    work = log.maker.submit("ann", external_id="1")
    decision = log.maker.decide(work.id, external_id="1", feedback="Fine")
    first = [await log.writer.write(work), await log.writer.write(decision)]
    await log.writer.write_many([log.maker.submit("bob") for _ in range(300)])
    other = log.maker.submit("ann", external_id="1")
    again = [
        await log.writer.write(other),
        await log.writer.write(log.maker.decide(work.id, external_id="1", feedback="Fine")),
    ]
    assert [replace(each, repeated=False) for each in again] == first
    assert all(each.repeated for each in again)
    assert (await log.writer.write(log.maker.register(external_id="stars"))).index == 1
    with pytest.raises(IdReusedError):
        await log.writer.write(replace(other, content="else"))


async def test_facts_survive_their_group(log: OpenLog) -> None:
    """Every rule that a later group meets is checked against the tables, not against memory."""
    maker, write = log.maker, log.writer.write
    task = maker.add_task(external_id="t")
    work = maker.submit("ann", task_external_id="t", external_id="c")
    await write(task)
    await write(work)
    better = maker.submit("ann", task=task.id, replaces=work.id)
    await write(better)
    for refused, rule in (
        (maker.submit("ann", task=task.id, replaces=work.id), "replaces-latest"),
        (maker.decide(work.id), "decides-latest"),
        (maker.decide(better.id, reviewer="ann"), "no-self-review"),
        (replace(task, external_id=None), "id-unused"),
        (replace(work, external_id=None, task_external_id=None, id=better.id), "id-unused"),
        (maker.register(), "id-unused"),
    ):
        await expect(log, refused, rule)
    first = maker.decide(better.id, verdict="rejected", score="0.25", reviewer="rev")
    await write(first)
    await expect(log, maker.decide(better.id), "supersedes-standing")
    await expect(log, replace(first, supersedes=first.id), "id-unused")
    second = maker.decide(better.id, supersedes=first.id, reviewer="rev")
    await write(second)
    await expect(log, maker.decide(better.id, supersedes=second.id), "superseded-once")
    await expect(log, maker.submit("ann", task=task.id, replaces=better.id), "replaces-undecided")
    await write(maker.close_campaign())
    await expect(log, maker.submit("ann"), "campaign-open")
    await check_whole_log(log)


async def expect(log: OpenLog, item: Any, rule: str) -> None:
    with pytest.raises(RuleError) as raised:
        await log.writer.write(item)
    assert raised.value.rule == rule


async def test_keys_live_until_revoked(log: OpenLog) -> None:
    added = log.maker.add_key()
    await log.writer.write(added)
    stored = await log.reader.key(added.key.id)
    assert stored is not None
    assert (stored.platform, stored.digest, stored.revoked) == (log.maker.platform, added.key.digest, False)
    await log.writer.write(RevokeKey(platform=log.maker.platform, key_id=added.key.id))
    assert [key.revoked for key in await log.reader.keys(log.maker.platform)].count(True) == 1
    with pytest.raises(RuleError):
        await log.writer.write(added)


async def test_two_writers_share_a_log(log: OpenLog) -> None:
    """Each with connections of its own, as two processes have; the head's lock orders their groups."""
    async with open_database(log.url) as database, Writer(database, LOG, log.signer, group_limit=7) as second:
        second.allow_writes()
        other = Maker("other", log.maker.start_ms)
        await second.write(other.register())
        await second.write(other.open_campaign())
        mine = [log.maker.submit(f"w{number % 5}", external_id=f"{number}") for number in range(80)]
        theirs = [other.submit(f"w{number % 5}", external_id=f"{number}") for number in range(80)]
        same = [log.maker.submit("ann", external_id=f"both {number}") for number in range(20)]
        results = await asyncio.gather(
            *(log.writer.write(item) for item in mine + same), *(second.write(item) for item in theirs + same)
        )
    assert len({each.index for each in results}) == 80 + 80 + 20
    assert sum(each.repeated for each in results) == 20
    for written in results:
        check_receipt(log, written)
    await check_whole_log(log)


async def test_a_caller_that_goes_away_undoes_nothing(log: OpenLog) -> None:
    item = log.maker.submit("ann", external_id="1")
    waiting = asyncio.create_task(log.writer.write(item))
    await asyncio.sleep(0)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    again = await log.writer.write(item)
    assert again.repeated
    assert again.index == 3


async def test_closing_answers_what_is_queued(log: OpenLog) -> None:
    writer = Writer(log.database, LOG, log.signer, group_limit=3)
    async with writer:
        writer.allow_writes()
        waiting = [asyncio.create_task(writer.write(log.maker.submit("ann"))) for _ in range(10)]
        await asyncio.sleep(0)
    assert len({(await each).index for each in waiting}) == 10
    with pytest.raises(UnavailableError):
        await writer.write(log.maker.submit("ann"))


async def test_a_full_queue_says_so_at_once(log: OpenLog) -> None:
    async with Writer(log.database, LOG, log.signer, queue_limit=5) as writer:
        writer.allow_writes()
        batch = writer.write_many([log.maker.submit("ann") for _ in range(5)])
        waiting = asyncio.create_task(batch)
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await writer.write(log.maker.submit("ann"))
        assert len(await waiting) == 5
        await writer.write(log.maker.submit("ann"))


async def test_writes_wait_for_the_comparison_and_stop_with_it(log: OpenLog) -> None:
    async with Writer(log.database, LOG, log.signer) as writer:
        with pytest.raises(UnavailableError, match="compared"):
            await writer.write(log.maker.submit("ann"))
        writer.allow_writes()
        waiting = asyncio.create_task(writer.write(log.maker.submit("ann")))
        await asyncio.sleep(0)
        writer.stop_writes(LogDivergedError("The log is behind its anchor."))
        with pytest.raises(LogDivergedError):
            await waiting
        assert not writer.writes_allowed
        writer.allow_writes()
        assert (await writer.write(log.maker.submit("ann"))).index == 3


async def test_another_key_cannot_write(log: OpenLog) -> None:
    async with Writer(log.database, LOG, LogSigner.generate(ORIGIN)) as writer:
        writer.allow_writes()
        with pytest.raises(UnavailableError, match="another one"):
            await writer.write(log.maker.submit("ann"))
    await check_whole_log(log)


async def test_a_fault_inside_the_transaction_leaves_nothing(log: OpenLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that the database refuses: the whole group is undone, the caller hears it, and the writer goes on."""
    before = await log.reader.head()

    def broken(number: int, *rest: Any) -> EntryRow:
        return EntryRow(0, *rest)  # an index that is taken

    monkeypatch.setattr(planning, "EntryRow", broken)
    results = await log.writer.write_many([log.maker.submit("ann", external_id="1") for _ in range(2)])
    assert all(isinstance(each, CrowdLedgerError) for each in results)
    monkeypatch.undo()
    assert await log.reader.head() == before
    assert await log.reader.external(log.maker.platform, "contribution", "1") is None
    assert await log.reader.contributor(log.maker.platform, "ann") is None
    assert (await log.writer.write(log.maker.submit("ann", external_id="1"))).index == 3
    await check_whole_log(log)


async def test_a_database_that_fails_is_503_and_then_forgotten(log: OpenLog) -> None:
    async with log.database.begin() as connection:
        await connection.execute(text("ALTER TABLE externals RENAME TO lost"))
    with pytest.raises(DatabaseError):
        await log.writer.write(log.maker.submit("ann", external_id="1"))
    async with log.database.begin() as connection:
        await connection.execute(text("ALTER TABLE lost RENAME TO externals"))
    assert (await log.writer.write(log.maker.submit("ann", external_id="1"))).index == 3


async def test_a_planner_that_fails_on_one_item_writes_the_others(
    log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = rules.check

    def fragile(statement: Any, *rest: Any) -> None:
        if getattr(statement, "contributor", "") == poison.fresh_id:
            raise ZeroDivisionError
        real(statement, *rest)

    poison = log.maker.submit("bob")
    monkeypatch.setattr(rules, "check", fragile)
    first, second, third = await log.writer.write_many([log.maker.submit("ann"), poison, log.maker.submit("ann")])
    assert isinstance(first, Written)
    assert isinstance(second, CrowdLedgerError)
    assert isinstance(third, Written)


async def test_a_log_of_another_name_is_apart(log: OpenLog, database: Database, signer: LogSigner) -> None:
    await open_log(database, "second", ORIGIN, signer, 3)
    twin = Maker(start_ms=system_clock_ms())
    async with Writer(database, "second", signer) as writer:
        writer.allow_writes()
        await writer.write(twin.register(id=log.maker.platform))
        await writer.write(twin.open_campaign(id=log.maker.campaign, platform=log.maker.platform))
        item = log.maker.submit("ann", external_id="1")
        assert (await writer.write(item)).index == 3
        assert not (await log.writer.write(item)).repeated
    async with Writer(database, "nowhere", signer) as writer:
        writer.allow_writes()
        with pytest.raises(ConfigError):
            await writer.write(item)


async def test_those_who_were_answered_together_share_a_group_again(log: OpenLog) -> None:
    """They come back some turns of the event loop apart; after a lone write nobody is waited for."""

    async def after(turns: int) -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return Receipt.parse((await log.writer.write(log.maker.submit("ann"))).receipt).proof.checkpoint

    assert len(set(await asyncio.gather(after(0), after(0)))) == 1
    assert len(set(await asyncio.gather(after(0), after(3)))) == 1
    await after(0)
    assert len(set(await asyncio.gather(after(0), after(3)))) == 2


async def test_a_queue_full_of_bytes_says_so_at_once(log: OpenLog) -> None:
    """A few large items fill it as many small ones do; what finds it empty has room, however large."""
    async with Writer(log.database, LOG, log.signer, queue_bytes=10_000) as writer:
        writer.allow_writes()
        waiting = asyncio.create_task(writer.write_made(lambda: log.maker.submit("ann"), 9_000))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await writer.write_made(lambda: log.maker.submit("bob"), 2_000)
        with pytest.raises(QueueFullError):
            await writer.write_many([log.maker.submit("bob", content={"text": "x" * 2_000})])
        await waiting
        results = await writer.write_many([log.maker.submit("bob", content={"text": "x" * 11_000})])
        assert isinstance(results[0], Written)
        assert (await writer.write_made(lambda: log.maker.submit("cem"), 20_000)).index == 5


async def test_items_that_cannot_be_made_are_answered_group_by_group(log: OpenLog) -> None:
    """They count as any others: so many at once do not keep the event loop from other work."""

    def unmakable() -> Submit:
        made.append(turns)
        raise FieldError("This is nothing.", field="content", remedy="Send something.")

    made: list[int] = []
    turns = 0
    async with Writer(log.database, LOG, log.signer, group_limit=3) as writer:
        writer.allow_writes()
        waiting = [asyncio.create_task(writer.write_made(unmakable, 10)) for _ in range(30)]
        while not all(each.done() for each in waiting):
            turns += 1
            await asyncio.sleep(0)
        assert max(made.count(turn) for turn in made) <= 3
        assert all(isinstance(each.exception(), FieldError) for each in waiting)
        assert (await writer.write(log.maker.submit("ann"))).index == 3


async def test_no_caller_waits_for_ever_where_a_receipt_cannot_be_made(
    log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(GroupReceipts, "encode", broken)
    async with asyncio.timeout(10):
        results = await log.writer.write_many([log.maker.submit("ann", external_id=each) for each in "12"])
    assert ["is written" in str(each) for each in results] == [True, True]
    monkeypatch.setattr(Reader, "receipts", broken_reader)
    async with asyncio.timeout(10):
        again = await log.writer.write_many([log.maker.submit("ann", external_id=each) for each in "12"])
    assert all(isinstance(each, CrowdLedgerError) for each in again)
    monkeypatch.undo()
    first = await log.writer.write(log.maker.submit("ann", external_id="1"))
    assert (first.index, first.repeated) == (3, True)


async def broken_reader(*_: object) -> dict[int, Receipt]:
    return {}


async def test_a_long_queue_leaves_turns_to_others(log: OpenLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where commits are too quick to wait for, the first is answered before the last is written."""
    monkeypatch.setattr(sqlite, "_QUICK_COMMIT_SECONDS", 100.0)
    done: list[int] = []
    async with Writer(log.database, LOG, log.signer, group_limit=2) as writer:
        writer.allow_writes()

        async def write() -> None:
            written = await writer.write(log.maker.submit("ann"))
            done.append((await log.reader.head()).size - written.index)

        await asyncio.gather(*(write() for _ in range(40)))
    assert done[0] < 40
