"""A full disk: what cannot be written is refused with 503 and leaves nothing, and it goes on when there is space."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.services.databases import copy_sqlite
from tests.simulation.crash.crowd import Reply
from tests.simulation.crash.serving import until
from tests.simulation.crash.stage import Stage, check_stored, plain, sqlite_file, staged

_ROOM_BYTES = 200_000
_MOST_WRITES = 400


async def write_until_refused(stage: Stage) -> Reply:
    """Batches, until the disk is full."""
    for _ in range(_MOST_WRITES):
        reply = await stage.crowd.send(stage.crowd.batch(20))
        assert reply is not None
        if reply.status != 200 or set(reply.codes) != {201}:
            return reply
    raise AssertionError("the disk was never full")


async def check_refused(stage: Stage, reply: Reply) -> None:
    """A problem that says to come later; reads go on, and nothing half is there."""
    assert (reply.status, reply.problem) == (503, "database-unavailable")
    again = await stage.crowd.send(stage.crowd.contribution())
    assert again is not None
    assert again.status in (201, 503)  # something small may still find room
    size = await stage.witness.check(stage.server.url)
    assert size == 1 + len(stage.witness.answers)
    assert stage.server.lives


async def check_goes_on(stage: Stage) -> None:
    """Without a restart: new writes, and those that were refused."""
    assert stage.crowd.refused
    async with stage.crowd.load(4) as replies:
        await until(lambda: len(replies) >= 20, stage.server)
    assert {reply.status for reply in replies} <= {200, 201}
    await stage.finish()
    await check_stored(stage.database_url)
    assert "Traceback" not in stage.server.log()


async def test_sqlite_on_a_disk_that_is_full(sqlite_database_url: str, tmp_path: Path) -> None:
    """The kernel refuses the server's process to write beyond a size: EFBIG, where a full disk says ENOSPC."""
    async with staged(sqlite_database_url, tmp_path) as stage:
        await stage.crowd.must(stage.crowd.batch(20))
        before = resource.prlimit(stage.server.pid, resource.RLIMIT_FSIZE)
        limit = os.stat(f"{sqlite_file(sqlite_database_url)}-wal").st_size + _ROOM_BYTES
        resource.prlimit(stage.server.pid, resource.RLIMIT_FSIZE, (limit, before[1]))
        await check_refused(stage, await write_until_refused(stage))
        resource.prlimit(stage.server.pid, resource.RLIMIT_FSIZE, before)
        await check_goes_on(stage)


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=3m", "none", disk)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a file system")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.long
async def test_sqlite_on_a_small_file_system(migrated_sqlite: Path, small_disk: Path, tmp_path: Path) -> None:
    """A file system of its own that is really full, where this user may mount one."""
    async with staged(copy_sqlite(migrated_sqlite, small_disk / "log.sqlite"), tmp_path) as stage:
        await check_refused(stage, await write_until_refused(stage))
        mount("-o", "remount,size=60m", small_disk)
        await check_goes_on(stage)


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.entry_index >= 60 THEN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION full_disk();
"""


async def test_postgresql_on_a_disk_that_is_full(postgres_url: str, tmp_path: Path) -> None:
    """The server answers in the middle of a group as PostgreSQL does when a table's file cannot grow."""
    async with staged(postgres_url, tmp_path) as stage:
        connection = await asyncpg.connect(plain(postgres_url))
        await connection.execute(FULL)
        await check_refused(stage, await write_until_refused(stage))
        await connection.execute("DROP TRIGGER full_disk ON entries")
        await connection.close()
        await check_goes_on(stage)
