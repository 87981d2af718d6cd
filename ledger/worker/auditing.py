"""Audits that somebody asked this service for: one at a time, each in a child process within bounds.

They are made of what the service shows to everybody, over its public address, and their reports are kept. An audit that
a service runs of itself is the operator's word: the page that shows it says so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import select, update
from sqlalchemy.engine import RowMapping

from ledger.config import Config
from ledger.db import Database
from ledger.db.postgres import GONE
from ledger.db.tables import audits, logs
from ledger.worker.audit_child import Answer, Job

MAX_REPORT_BYTES: Final = 4 * 1024 * 1024
SILENT_MS: Final = 60_000
"""A running audit of which nothing was heard for as long has lost its worker."""
_LOGGER = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 2.0
_BEAT_SECONDS: Final = 10.0
_NICENESS: Final = 10
_LEAST_BYTES: Final = 1 << 30
_BYTES_AN_ENTRY: Final = 2 << 10
_LEAST_SECONDS: Final = 600
_ENTRIES_A_SECOND: Final = 1_000
"""A machine slower than that by far has other troubles; the audit itself does some 20,000."""
_CHILD: Final = (sys.executable, "-m", "ledger.worker.audit_child")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a child may take."""

    seconds: int
    memory_bytes: int
    report_bytes: int = MAX_REPORT_BYTES

    @classmethod
    def of(cls, entries: int) -> Bounds:
        """Those for a log of so many entries."""
        return cls(_LEAST_SECONDS + entries // _ENTRIES_A_SECOND, _LEAST_BYTES + entries * _BYTES_AN_ENTRY)


class Auditing:
    """Runs the audits of one log that are asked for."""

    def __init__(self, config: Config, database: Database, contract: str | None) -> None:
        self._log = config.log
        self._job = Job(source=config.base_url, nodes=tuple(config.rpc_urls), contract=contract)
        self._database = database

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.step()
            except GONE as error:
                _LOGGER.warning("Audits wait: the database does not answer (%s).", type(error).__name__)
            await asyncio.sleep(_LOOK_SECONDS)

    async def step(self) -> bool:
        """Run the audit that waits, if there is one; whether there was."""
        row = await self._open()
        if row is None:
            return False
        now_ms = _now_ms()
        if row["state"] == "running":
            if row["seen_ms"] < now_ms - SILENT_MS:
                await self._end(row["id"], state="failed", detail="The worker stopped in the middle of it.")
            return False
        if not await self._change(row["id"], "asked", state="running", started_ms=now_ms, seen_ms=now_ms):
            return False  # another worker took it
        try:
            answer = await self._audit(row["id"])
        except asyncio.CancelledError:
            with suppress(*GONE):
                await self._end(row["id"], state="failed", detail="The worker was stopped in the middle of it.")
            raise
        except OSError as error:
            answer = Answer(failure=f"Its process could not be started ({error.strerror}).")
        await self._end(row["id"], **_columns(answer))
        return True

    # ---- the child ----

    async def _audit(self, id_: str) -> Answer:
        async with self._database.engine.connect() as connection:
            entries = (await connection.execute(select(logs.c.size).where(logs.c.name == self._log))).scalar_one()
        beat = asyncio.create_task(self._beat(id_))
        try:
            return await run_child(self._job, Bounds.of(entries))
        finally:
            beat.cancel()

    async def _beat(self, id_: str) -> None:
        """Say again and again that we are at it."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            with suppress(*GONE):
                await self._change(id_, "running", seen_ms=_now_ms())

    # ---- rows ----

    async def _open(self) -> RowMapping | None:
        of = audits.c
        query = select(of.id, of.state, of.seen_ms).where(of.log == self._log, of.ended_ms.is_(None))
        async with self._database.engine.connect() as connection:
            return (await connection.execute(query)).mappings().one_or_none()

    async def _change(self, id_: str, state_before: str, **values: object) -> bool:
        mine = (audits.c.log == self._log, audits.c.id == id_, audits.c.state == state_before)
        async with self._database.begin() as connection:
            return (await connection.execute(update(audits).where(*mine).values(values))).rowcount == 1

    async def _end(self, id_: str, **values: object) -> None:
        await self._change(id_, "running", ended_ms=_now_ms(), **values)


async def run_child(job: Job, bounds: Bounds, command: tuple[str, ...] = _CHILD) -> Answer:
    """The answer of a child, or why there is none. It is killed when it takes more than it may, or with this task."""
    child = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        _bound(child.pid, bounds)
        child.stdin.write(msgspec.json.encode(job) + b"\n")
        data = await asyncio.wait_for(_read(child.stdout, bounds.report_bytes), bounds.seconds)
    except TimeoutError:
        return Answer(failure=f"It took longer than the {bounds.seconds} seconds that it may take.")
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    if len(data) > bounds.report_bytes:
        return Answer(failure="Its report is longer than what is kept.")
    try:
        return msgspec.json.decode(data, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Answer(failure="It ended without a report: most likely it needed more memory than it may have.")


async def _read(stream: asyncio.StreamReader, limit: int) -> bytes:
    """What comes until the end, or a little more than the limit."""
    data = bytearray()
    while len(data) <= limit and (part := await stream.read(1 << 16)):
        data += part
    return bytes(data)


def _bound(pid: int, bounds: Bounds) -> None:
    """Memory and processor time by the system (where it has prlimit), and the last place in the queue."""
    with suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)
        if sys.platform == "linux":
            resource.prlimit(pid, resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
            resource.prlimit(pid, resource.RLIMIT_CPU, (bounds.seconds, bounds.seconds))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _columns(answer: Answer) -> dict[str, object]:
    """The columns of an audit that ended."""
    if answer.report is None:
        return {"state": "failed", "detail": answer.failure}
    report = msgspec.json.decode(answer.report)
    severities = [finding["severity"] for finding in report["findings"]]
    return {
        "state": "done",
        "verdict": report["verdict"],
        "entries": report["entries"],
        "anchored": report.get("anchored_size"),
        "errors": severities.count("error"),
        "warnings": severities.count("warning"),
        "notes": severities.count("note"),
        "report": answer.report,
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
