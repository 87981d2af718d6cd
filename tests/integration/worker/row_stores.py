"""Where the worker keeps its rows, as tests see it: a database, or the simulator's memory; and samples of rows."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from sqlalchemy import insert, select

from ledger.book.rewards import CampaignLine, Settlement
from ledger.chain.anchors import ClaimEvent, Place
from ledger.chain.deployments import Deployment
from ledger.chain.nodes import NodeHealth
from ledger.db import Database, tables
from ledger.worker.ports import (
    AccountReport,
    AnchorPlan,
    Asked,
    Attempt,
    Rows,
    WorkerReport,
)
from ledger.worker.real.rows import DatabaseRows
from tests.simulation.worker.rows import ClaimRow, SimRows, Store
from tests.simulation.worker.world import Life, World

ANN, BOB, CID = ("0x" + letter * 40 for letter in "abc")
POOL = "0x" + "5" * 40
PLACE = Deployment(
    chain_id=31337,
    contribution_log="0x" + "1" * 40,
    log_id="0x" + "2" * 64,
    origin="example.org/crowd",
    pool=POOL,
    token="0x" + "3" * 40,
    settlement_delay=60,
    dev=True,
    block=1,
)
BIG = 10**30


class Tables:
    """Rows in a database, and what others write there."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def rows(self, log: str = "main", deployment: Deployment = PLACE) -> Rows:
        return DatabaseRows(self.database, log, deployment)

    async def put(self, table: Any, *rows: dict[str, object]) -> None:
        async with self.database.begin() as connection:
            await connection.execute(insert(table), [{"log": "main"} | row for row in rows])

    async def ask(self, *asked: tuple[str, str, int]) -> None:
        rows = [{"id": name, "kind": kind, "state": "asked", "at_ms": at_ms} for name, kind, at_ms in asked]
        await self.put(tables.requests, *rows)

    async def ask_claims(self, *asked: tuple[str, str, int]) -> None:
        key = {"chain_id": 31337, "pool": POOL, "state": "asked"}
        rows = [key | {"id": name, "account": account, "at_ms": at_ms} for name, account, at_ms in asked]
        await self.put(tables.claim_requests, *rows)

    async def claims(self) -> dict[str, tuple[str, str, str | None]]:
        async with self.database.engine.connect() as connection:
            c = tables.claims.c
            found = await connection.execute(select(c.account, c.cumulative, c.state, c.transaction))
            return {row[0]: (row[1], row[2], row[3]) for row in found}

    async def costs(self) -> list[tuple[str, str, int]]:
        async with self.database.engine.connect() as connection:
            c = tables.costs.c
            found = await connection.execute(select(c.transaction, c.campaign, c.wei))
            return sorted((transaction, campaign, int(wei)) for transaction, campaign, wei in found)

    async def ended(self, number: int) -> tuple[str | None, str | None, str]:
        async with self.database.engine.connect() as connection:
            s = tables.settlements.c
            found = await connection.execute(select(s.proposed_tx, s.ended_tx, s.state).where(s.number == number))
            proposed, ended, state = found.one()
            return proposed, ended, state


class Memory:
    """The simulator's rows, and what others write there."""

    def __init__(self) -> None:
        self.store = Store()
        self.world = World(seed=0, rng=Random(0), quiet=True)

    def rows(self) -> Rows:
        return SimRows(self.world, Life("a"), self.store)

    async def ask(self, *asked: tuple[str, str, int]) -> None:
        self.store.asked |= {name: Asked(id=name, kind=kind, at_ms=at_ms) for name, kind, at_ms in asked}

    async def ask_claims(self, *asked: tuple[str, str, int]) -> None:
        rows = sorted(asked, key=lambda each: (each[2], each[0]))  # they are asked for in the order of time
        self.store.claims_asked |= {name: ClaimRow(account, "asked", at_ms) for name, account, at_ms in rows}

    async def claims(self) -> dict[str, tuple[str, str, str | None]]:
        return {
            account: (str(row.cumulative), "final" if row.cumulative == row.final else "claimed", row.transaction)
            for account, row in self.store.claimed.items()
        }

    async def costs(self) -> list[tuple[str, str, int]]:
        kept = (cost for some in self.store.costs.values() for cost in some)
        return sorted((cost.transaction, cost.campaign, cost.wei) for cost in kept)

    async def ended(self, number: int) -> tuple[str | None, str | None, str]:
        row = self.store.settlements[number]
        return row.proposed_tx, row.ended_tx, row.state


async def leading(rows: Rows, holder: str = "a") -> Rows:
    assert await rows.hold(holder, 0, 0, 10)
    return rows


def attempt(number: int, *, nonce: int = 0, intent: str = "anchor:5", sender: str = ANN, **changes: Any) -> Attempt:
    made = Attempt(
        hash=f"0x{number:064x}",
        raw=b"\x02" + bytes([number]),
        sender=sender,
        nonce=nonce,
        intent=intent,
        to=POOL,
        data=b"\x00\xff",
        gas=100_000,
        max_fee=BIG,
        priority_fee=2,
        at_ms=number,
    )
    return replace(made, **changes)


def settled(number: int, size: int = 9) -> Settlement:
    line = CampaignLine("c", "0x" + "c" * 64, BIG, final=True)
    return Settlement(
        chain_id=31337,
        pool=POOL,
        number=number,
        parent=number - 1,
        size=size,
        root=f"0x{size:064x}",
        total=BIG,
        campaigns=(line,),
        accounts={},
        waiting={},
        paid={},
        postponed=frozenset(),
    )


def claim(account: str, block: int, index: int = 0) -> ClaimEvent:
    return ClaimEvent(account, 1, Place(block, f"0x{block}", f"0x{block}{index}", index))


def report(at_ms: int = 1) -> WorkerReport:
    plan = AnchorPlan(due=False, reason="waiting", words="Soon.", at_ms=5, entries=3, fee=1, ceiling=None)
    return WorkerReport(
        holder="a",
        token=1,
        at_ms=at_ms,
        lease_until_ms=at_ms + 15_000,
        size=9,
        anchored=6,
        anchored_ms=1,
        plan=plan,
        nodes=[NodeHealth(shown="https://node.example", aside="it lags", block=5, lag_blocks=9, failures=1)],
        accounts=[AccountReport(role="operator", address=ANN, balance=BIG, low=False)],
        stuck=["anchor:9"],
        alarms=["transaction-stuck"],
    )
