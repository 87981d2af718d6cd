"""Several processes, and one that is killed: no delivery is done twice, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.inbox import deliveries, recording
from api.inbox.deliveries import Outcome
from api.inbox.working import Inbox
from ledger.connectors.records import Record
from ledger.db import tables
from ledger.tree.keys import LogSigner
from tests.integration.api.hooks.senders import Made, by_header, make_hook
from tests.integration.api.hooks.waiting import answer, becomes, none_waits, size_of
from tests.integration.api.running import Api, Platform, running, settings, until


@pytest.fixture(params=["postgres_url", pytest.param("sqlite_database_url", marks=pytest.mark.long)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Leases are taken at the same moment on PostgreSQL only; SQLite lets one write at a time."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def api(database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    async with running(settings(tmp_path, database_url, log_signer)) as found:
        yield found


async def test_several_processes_do_nothing_twice(
    api: Api,
    platform: Platform,
    database_url: str,
    tmp_path: Path,
    log_signer: LogSigner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another service on the same database, and another worker in this one."""
    hooks = [await make_hook(platform, "forms", await platform.campaign()) for _ in range(3)]
    before = await size_of(api)
    asked: list[str] = []
    record = recording.Recorder.record

    async def counted(recorder: recording.Recorder, records: Sequence[Record]) -> Outcome:
        asked.extend(made.external_id for each in records for made in each.contributions)
        return await record(recorder, records)

    monkeypatch.setattr(recording.Recorder, "record", counted)
    worker = asyncio.create_task(Inbox(api.service).run())
    async with running(settings(tmp_path, database_url, log_signer)) as other:
        there = [Made(Platform(other, platform.id, platform.key), hook.reply) for hook in hooks]
        async with asyncio.TaskGroup() as group:
            for number in range(15):
                for hook in (hooks, there)[number % 2]:
                    own = answer(number) | {"response_id": f"{hook.id}-{number}"}
                    group.create_task(hook.send(by_header(own, hook.secret, 0)))
        for hook in hooks:
            await until(partial(none_waits, hook))
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        assert await size_of(api) == before + 45
        # Once more, to the other process, under another secret: the same delivery.
        (first, second), own = (hooks[0], there[0]), answer(0) | {"response_id": f"{hooks[0].id}-0"}
        known = await first.send(by_header(own, first.secret, 0))
        new = (await platform.post(f"/v1/hooks/{first.id}/rotate", {"old_for_seconds": 3600})).json()["secret"]
        size = await size_of(api)
        for hook, secret in ((first, new), (second, new), (second, first.secret)):
            again = await hook.send(by_header(own, secret, 0))
            assert (again.status_code, again.json()) == (200, known.json())
        assert (await size_of(api), len(await first.deliveries())) == (size, 15)
    assert (len(asked), len(set(asked))) == (45, 45)


async def test_killed_between_recording_and_marking_done(
    api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await make_hook(platform, "forms", await platform.campaign())
    settle = deliveries.settle

    async def killed(*_: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(deliveries, "settle", killed)
    await hook.send(by_header(answer(1), hook.secret, 0))
    before = await size_of(api)

    async def recorded() -> bool:
        return await size_of(api) == before + 1

    await until(recorded)
    monkeypatch.setattr(deliveries, "settle", settle)
    reads = api.service.reads
    held = select(tables.hooks.c.holder, tables.hooks.c.held_until_ms).where(tables.hooks.c.id == hook.id)
    row = await reads.one(held)
    assert row is not None
    assert row.holder
    async with reads.database.begin() as connection:  # the lease runs out
        await connection.execute(update(tables.hooks).values(held_until_ms=0))
    line = await becomes(hook, "done")
    assert [each["kind"] for each in line["recorded"]] == ["contribution"]
    assert await size_of(api) == before + 1
