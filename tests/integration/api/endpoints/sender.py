"""A platform with endpoints, events as the publisher writes them, and workers that send them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, select, update

from ledger.db import tables
from ledger.worker.delivering import Delivering
from tests.integration.api.running import Api, Platform, until
from tests.integration.worker.row_stores import PLACE

ID = "0198d0e2-6a3b-7c1d-8e2f-0a1b2c3d4e5f"


@dataclass
class Clock:
    """The system's clock, moved forward."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms


@dataclass
class Sender:
    """What a test of sending works with."""

    api: Api
    platform: Platform
    clock: Clock = field(default_factory=Clock)

    @classmethod
    async def make(cls, api: Api) -> Sender:
        async def ready() -> bool:
            return (await api.http.get("/ready")).status_code == 200

        await until(ready)
        return cls(api, await api.platform())

    @property
    def database(self) -> Any:
        return self.api.service.reads.database

    async def endpoint(self, url: str, platform: Platform | None = None, **more: Any) -> dict[str, Any]:
        self.api.service.deployment = PLACE  # there is a worker; with a chain, which writing would wait for
        made = await (platform or self.platform).post("/v1/endpoints", {"url": url} | more)
        self.api.service.deployment = None
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def get(self, endpoint: dict[str, Any], path: str = "", **query: Any) -> dict[str, Any]:
        got = await self.platform.get(f"/v1/endpoints/{endpoint['id']}{path}", **query)
        assert got.status_code == 200, got.text
        return dict(got.json())

    async def sendings(self, endpoint: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        return list((await self.get(endpoint, "/sendings", **query))["items"])

    async def happen(
        self, count: int = 1, kind: str = "contribution.recorded", platform: Platform | None = None
    ) -> list[str]:
        """Events as the publisher writes them: all in one transaction, numbered without a gap; their ids."""
        cursors = tables.event_cursors
        async with self.database.begin() as connection:
            last = (await connection.execute(select(func.coalesce(func.max(tables.events.c.number), 0)))).scalar_one()
            numbers = range(last + 1, last + 1 + count)
            rows = [
                {"log": "main", "number": number, "type": kind, "platform": (platform or self.platform).id}
                | {
                    "at_ms": 1_790_000_000_000 + number,
                    "data": json.dumps({"contribution": ID, "decision": ID, "entry": 7}),
                }
                | {"told_ms": 1_790_000_000_000}
                for number in numbers
            ]
            await connection.execute(insert(tables.events), rows)
            moved = await connection.execute(update(cursors).values(number=last + count))
            if moved.rowcount == 0:
                row = {"log": "main", "number": last + count, "entries": 0, "done": 0, "anchored": 0}
                await connection.execute(insert(cursors).values(row))
        return [f"evt_main_{number}" for number in numbers]

    def worker(self, **more: Any) -> Delivering:
        return Delivering(self.api.service.config, self.database, now_ms=self.clock, look_seconds=0.05, **more)

    async def change(self, endpoint: dict[str, Any], **values: Any) -> None:
        this = tables.endpoints.c.id == endpoint["id"]
        async with self.database.begin() as connection:
            await connection.execute(update(tables.endpoints).where(this).values(values))

    async def until_states(self, endpoint: dict[str, Any], *states: str, seconds: float = 20.0) -> None:
        """Wait until the sendings, the oldest first, are in these states."""

        async def holds() -> bool:
            return [each["state"] for each in reversed(await self.sendings(endpoint, limit=200))] == list(states)

        await until(holds, seconds)


@asynccontextmanager
async def working(*workers: Delivering) -> AsyncIterator[None]:
    """Workers at work, for the block."""
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
