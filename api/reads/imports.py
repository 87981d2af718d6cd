"""Imports: what the programs of a platform tell of them. The log knows nothing of it, and nothing rests on it."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Final

from sqlalchemy import Row, Select, delete, insert, select, update

from api.reads import Reads
from ledger.db.tables import imports
from ledger.errors import NotFoundError
from ledger.statements.values import format_time, uuid7
from ledger.wire.imports import Import, ImportProgress, NewImport, Things

SILENT_MS: Final = 60_000
"""One that runs and was not heard of for so long counts as stopped: its program was killed or has no network."""
KEPT: Final = 1000
"""Of a platform; older ones are forgotten."""
_DONE: Final = "done"
_RUNNING: Final = "running"


async def add_import(reads: Reads, platform: str, new: NewImport) -> Import:
    """Keep one that begins now."""
    now_ms = time.time_ns() // 1_000_000
    row = new.model_dump() | {
        "log": reads.log,
        "id": uuid7(now_ms, os.urandom(10)),
        "platform": platform,
        "state": _RUNNING,
        "began_ms": now_ms,
        "seen_ms": now_ms,
    }
    nothing = {"rows": 0, "used": 0, "refused": 0, "skipped": 0, "written": "{}", "known": "{}"}
    oldest = await reads.one(_ours(reads, platform, imports.c.id).order_by(imports.c.id.desc()).offset(KEPT - 1))
    async with reads.database.begin() as connection:
        await connection.execute(insert(imports).values(row | nothing))
        if oldest is not None:
            too_old = (imports.c.log == reads.log, imports.c.platform == platform, imports.c.id <= oldest.id)
            await connection.execute(delete(imports).where(*too_old))
    return await find_import(reads, platform, str(row["id"]))


async def change_import(reads: Reads, platform: str, id_: str, progress: ImportProgress) -> Import:
    """Keep how far it is; one that is done stays as it is. Raises NotFoundError."""
    now_ms = time.time_ns() // 1_000_000
    counts = progress.model_dump(include={"state", "expected", "rows", "used", "refused", "skipped", "detail"})
    things = {name: getattr(progress, name).model_dump_json() for name in ("written", "known")}
    times = {"seen_ms": now_ms, "ended_ms": None if progress.state == _RUNNING else now_ms}
    mine = (imports.c.log == reads.log, imports.c.platform == platform, imports.c.id == id_, imports.c.state != _DONE)
    async with reads.database.begin() as connection:
        await connection.execute(update(imports).where(*mine).values(counts | things | times))
    return await find_import(reads, platform, id_)


async def find_import(reads: Reads, platform: str, id_: str) -> Import:
    """One import. Raises NotFoundError."""
    row = await reads.one(_ours(reads, platform, imports).where(imports.c.id == id_))
    if row is None:
        raise NotFoundError(
            f"There is no import {id_}, or it is so old that it is forgotten.", remedy="GET /v1/imports lists yours."
        )
    return _line(row)


async def list_imports(
    reads: Reads, platform: str, campaign: str | None, before: str | None, limit: int
) -> tuple[list[Import], str | None]:
    """A platform's imports, the newest first, begun before the one named ``before``; and where the list goes on."""
    query = _ours(reads, platform, imports)
    if campaign is not None:
        query = query.where(imports.c.campaign == campaign)
    if before is not None:
        query = query.where(imports.c.id < before)
    rows = await reads.all(query.order_by(imports.c.id.desc()).limit(limit + 1))
    more = rows[limit - 1].id if len(rows) > limit else None
    return [_line(row) for row in rows[:limit]], more


def _ours(reads: Reads, platform: str, *what: Any) -> Select[Any]:
    return select(*what).where(imports.c.log == reads.log, imports.c.platform == platform)


def _line(row: Row[Any]) -> Import:
    silent = row.state == _RUNNING and row.seen_ms < time.time_ns() // 1_000_000 - SILENT_MS
    same = ("id", "campaign", "connector", "form", "file", "expected", "rows", "used", "refused", "skipped", "detail")
    return Import(
        **{name: getattr(row, name) for name in same},
        state="stopped" if silent else row.state,
        written=Things(**json.loads(row.written)),
        known=Things(**json.loads(row.known)),
        began=format_time(row.began_ms),
        seen=format_time(row.seen_ms),
        ended=format_time(row.seen_ms) if silent else None if row.ended_ms is None else format_time(row.ended_ms),
    )
