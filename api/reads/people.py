"""Contributors by their public ids."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from api.reads import Reads
from ledger.db.tables import contributors


async def own_ids(reads: Reads, public_ids: Iterable[str]) -> dict[str, str]:
    """What their platforms call the people with these public ids (at most a page of them)."""
    query = select(contributors.c.id, contributors.c.external_id).where(
        contributors.c.log == reads.log, contributors.c.id.in_(sorted(set(public_ids)))
    )
    return {row.id: row.external_id for row in await reads.all(query)}
