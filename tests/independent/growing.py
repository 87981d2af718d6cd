"""A log that grows by real answers: what a crowd said of 800 questions, and what was decided about each answer."""

from __future__ import annotations

import asyncio
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

from ledger.db import open_database
from ledger.log.items import Item, Written
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.rotating import rotate_key
from ledger.log.writer import Writer, system_clock_ms
from ledger.statements.campaigns import PieceRate
from ledger.tree.checkpoints import LogSigner
from tests.unit.log.samples import ORIGIN, Maker

ANSWERS = Path(__file__).parents[1] / "data" / "snow2008-rte.csv"
LOG = "main"
GROUP = 1_000


class GrowingLog:
    """A log in the database at ``url``; nobody else writes to it. Every size that :meth:`grow` is asked for is met."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.signer = LogSigner.generate(ORIGIN)
        self.vkeys = [self.signer.verifier_key.vkey]
        self.checkpoints: list[bytes] = []
        self._items = items_of_answers(Maker(start_ms=system_clock_ms()))

    def grow(self, size: int) -> bytes:
        """Write through the real writer until the log has ``size`` entries; returns the checkpoint."""
        self.checkpoints.append(asyncio.run(self._grow(size)).encode())
        return self.checkpoints[-1]

    def rotate(self) -> None:
        """Put a new log key in force, which is one entry."""
        asyncio.run(self._rotate(LogSigner.generate(ORIGIN)))

    async def _rotate(self, signer: LogSigner) -> None:
        async with open_database(self.url) as database:
            await rotate_key(database, LOG, self.signer, signer, own_clock=True)
        self.signer = signer
        self.vkeys.append(signer.verifier_key.vkey)

    async def _grow(self, size: int) -> str:
        async with open_database(self.url) as database:
            await open_log(database, LOG, ORIGIN, self.signer, 3)
            reader = Reader(database, LOG)
            async with Writer(database, LOG, self.signer, own_clock=True) as writer:
                writer.allow_writes()
                while (missing := size - (await reader.head()).size) > 0:
                    items = list(itertools.islice(self._items, min(missing, GROUP)))
                    for result in await writer.write_many(items):
                        assert isinstance(result, Written), result
            return await reader.checkpoint()


def items_of_answers(maker: Maker) -> Iterator[Item]:
    """A platform, its campaign, the questions, the answers and the decisions; round after round with other people."""
    yield maker.register()
    yield maker.open_campaign(policy=PieceRate(amount="1"), budget="1000000000")
    with ANSWERS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    tasks = {}
    for name in dict.fromkeys(row["task"] for row in rows):
        task = maker.add_task(content={"question": name})
        tasks[name] = task.id
        yield task
    for number in itertools.count():
        for row in rows:
            content = {"label": row["label"], "task": row["task"]}
            work = maker.submit(f"{number} {row['worker']}", content=content, task=tasks[row["task"]])
            yield work
            verdict = "accepted" if row["label"] == row["truth"] else "rejected"
            yield maker.decide(work.id, verdict=verdict, score="1" if verdict == "accepted" else "0")
