"""The test services themselves: each test has a database and a chain of its own, and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from tests.services.postgres import PostgresDatabases, stop_orphans


def plain(url: str) -> str:
    """The same URL for asyncpg itself."""
    return url.replace("postgresql+asyncpg", "postgresql", 1)


async def test_a_copy_of_a_template_holds_its_rows_and_not_the_other_way_round(postgres: PostgresDatabases) -> None:
    with postgres.database() as template_url:
        template = urlsplit(template_url).path.removeprefix("/")
        connection = await asyncpg.connect(plain(template_url))
        await connection.execute("CREATE TABLE entry (id int); INSERT INTO entry VALUES (7)")
        await connection.close()
        with postgres.database(template=template) as copy_url:
            copy = await asyncpg.connect(plain(copy_url))
            assert await copy.fetchval("SELECT id FROM entry") == 7
            await copy.execute("DELETE FROM entry")
            await copy.close()
        connection = await asyncpg.connect(plain(template_url))
        assert await connection.fetchval("SELECT count(*) FROM entry") == 1
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        await connection.close()


async def test_a_database_is_dropped_under_an_open_connection(postgres: PostgresDatabases) -> None:
    with postgres.database() as url:
        forgotten = await asyncpg.connect(plain(url))
    with pytest.raises(asyncpg.PostgresError):
        await asyncpg.connect(plain(url))
    forgotten.terminate()


@pytest.mark.skipif("CROWDLEDGER_TEST_POSTGRES" in os.environ, reason="the server is not ours to stop")
def test_a_server_whose_test_process_was_killed_is_stopped_by_the_next() -> None:
    program = """
        import glob, os, time
        from tests.services.postgres import running_postgres
        with running_postgres():
            name = f"crowdledger-postgres-{os.getpid()}-*"
            folder = (glob.glob(f"/dev/shm/{name}") + glob.glob(f"/tmp/{name}"))[0]
            print(open(folder + "/data/postmaster.pid").readline().strip(), folder, flush=True)
            time.sleep(60)
    """
    environment = {**os.environ, "TMPDIR": "/tmp"}
    root = Path(__file__).resolve().parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=root, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    pid, folder = child.stdout.readline().split()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert psutil.pid_exists(int(pid))
    stop_orphans()
    assert not Path(folder).exists()
    assert wait_until_gone(int(pid))


def wait_until_gone(pid: int) -> bool:
    """Whether the process ends, or is a zombie that only waits to be reaped, within five seconds."""
    for _ in range(250):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
