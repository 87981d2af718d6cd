"""Two logs in one database, written at the same time: neither sees or disturbs the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from ledger.db import open_database
from ledger.log.items import Written
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree import merkle
from ledger.tree.checkpoints import LogSigner, open_checkpoint
from ledger.tree.receipts import Receipt, verify_log_part
from tests.unit.log.samples import Maker

TASKS = 6
GROUPS = 8
NAMES = ("main", "survey")


class Turns(asyncio.Lock):
    """A lock that notes who had it: the tasks of the writers, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []

    async def __aenter__(self) -> None:
        await super().__aenter__()
        task = asyncio.current_task()
        assert task is not None
        self.taken.append(task.get_name())


class OneLog:
    """One of the two logs, on connections of its own as in the service."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.signer = LogSigner.generate(f"example.org/{name}")
        # The same seed: what platforms call things, and even all ids, are the same in both.
        self.maker = Maker("same", start_ms=system_clock_ms())
        self.writer: Writer
        self.reader: Reader


@contextlib.asynccontextmanager
async def opened(url: str, turn: asyncio.Lock | None = None) -> AsyncIterator[list[OneLog]]:
    logs = [OneLog(name) for name in NAMES]
    async with AsyncExitStack() as stack:
        for log in logs:
            database = await stack.enter_async_context(open_database(url))
            await open_log(database, log.name, log.signer.name, log.signer, 3)
            log.reader = Reader(database, log.name)
            log.writer = await stack.enter_async_context(Writer(database, log.name, log.signer, turn=turn))
            log.writer.allow_writes()
            await log.writer.write(log.maker.register(external_id="stars"))
            await log.writer.write(log.maker.open_campaign(external_id="galaxies"))
        yield logs


async def write(log: OneLog, task: int) -> list[Written]:
    """Groups of contributions whose external ids are used in the other log too."""
    written: list[Written] = []
    for group in range(GROUPS):
        items = [
            log.maker.submit(external_id=f"{task}-{group}-{number}", contributor=f"person {number}")
            for number in range(10)
        ]
        for result in await log.writer.write_many(items):
            assert isinstance(result, Written), result
            written.append(result)
    return written


async def test_both_grow_and_each_has_its_own(database_url: str) -> None:
    """Without taking turns, as writers in two processes do not."""
    async with opened(database_url) as logs:
        done = await asyncio.gather(*(write(log, task) for log in logs for task in range(TASKS)))
        for position, log in enumerate(logs):
            written = [each for part in done[position * TASKS : (position + 1) * TASKS] for each in part]
            assert sorted(each.index for each in written) == list(range(3, 3 + TASKS * GROUPS * 10))
            assert not any(each.repeated for each in written)
            head = await log.reader.head()
            statements = await log.reader.statements(0, head.size)
            checkpoint = open_checkpoint(head.checkpoint, [log.signer.verifier_key], only=True)
            assert (checkpoint.origin, checkpoint.size) == (log.signer.name, 3 + len(written))
            assert checkpoint.root == merkle.root([merkle.leaf_hash(each) for each in statements])
            for each in written[:: len(written) // 10]:
                verified = verify_log_part(Receipt.parse(each.receipt), log.signer.verifier_key)
                assert verified.statement == statements[each.index]
        found = [await log.reader.contributor(log.maker.platform, "person 1") for log in logs]
        assert all(found), "both have the person, by whatever id"


async def test_a_flood_in_one_log_leaves_the_other_its_turns(sqlite_database_url: str) -> None:
    turn = Turns()
    async with opened(sqlite_database_url, turn) as (flooded, quiet):
        flood = [asyncio.create_task(write(flooded, task)) for task in range(6 * TASKS)]
        await asyncio.sleep(0.01)
        waited = []
        while not all(task.done() for task in flood):
            before = len(turn.taken)
            await quiet.writer.write(quiet.maker.submit())
            mine = turn.taken.index("writer of survey", before)
            waited.append(mine - before)
        await asyncio.gather(*flood)
    assert len(waited) > 1
    assert max(waited) <= 1, "never more than the group that was being written"
