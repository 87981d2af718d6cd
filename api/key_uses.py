"""When keys were last used: noted in memory, written now and then, never within a request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from api.auth import KeyRing
from api.problems import DATABASE_ERRORS
from api.reads import Reads
from ledger.db.tables import key_uses
from ledger.errors import DatabaseError

_LOGGER: Final = logging.getLogger(__name__)
_SECONDS: Final = 60.0


async def keep_noting(reads: Reads, ring: KeyRing) -> None:
    """Write what was noted each minute, and at the end, when this is cancelled."""
    try:
        while True:
            await asyncio.sleep(_SECONDS)
            await note(reads, ring.taken_uses())
    finally:
        await note(reads, ring.taken_uses())


async def note(reads: Reads, uses: dict[str, int]) -> None:
    """Write when keys were used, in milliseconds since 1970; the later time stays. What fails is forgotten."""
    if not uses:
        return
    rows = [{"log": reads.log, "key": key, "used_ms": used_ms} for key, used_ms in sorted(uses.items())]
    try:
        async with reads.database.begin() as connection:
            kind: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            made = kind(key_uses)
            later = made.excluded.used_ms > key_uses.c.used_ms
            keep = {"used_ms": made.excluded.used_ms}
            index = [key_uses.c.log, key_uses.c.key]
            await connection.execute(made.on_conflict_do_update(index_elements=index, set_=keep, where=later), rows)
    except (DatabaseError, *DATABASE_ERRORS) as error:
        _LOGGER.warning("When keys were last used was not written: %s", error)


async def last_uses(reads: Reads, keys: Iterable[str]) -> dict[str, int]:
    """When each of these keys was last used, as far as it was written; milliseconds since 1970."""
    of = key_uses.c
    rows = await reads.all(select(of.key, of.used_ms).where(of.log == reads.log, of.key.in_(list(keys))))
    return {row.key: row.used_ms for row in rows}
