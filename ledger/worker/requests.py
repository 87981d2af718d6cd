"""What was asked of the worker: anchors and settlements, each to cover all that was there when it was asked.

For a settlement that includes what the chain held then, so that it waits until a block of that time is finalized and
read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from ledger.db.tables import requests
from ledger.worker.context import Context

ASKED, DONE = "asked", "done"
_MOST = 1_000


@dataclass(slots=True)
class _Seen:
    """An open request, and the log's size once all that it must cover was in the log."""

    kind: str
    at_ms: int
    size: int | None = None


class Requests:
    """The open requests. A new worker sees them anew, which only makes them cover more."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: dict[str, _Seen] = {}

    async def look(self) -> None:
        """Read the open requests."""
        query = (
            select(requests.c.id, requests.c.kind, requests.c.at_ms)
            .where(requests.c.log == self._context.log, requests.c.state == ASKED)
            .order_by(requests.c.at_ms)
            .limit(_MOST)
        )
        async with self._context.database.engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        self._seen = {row.id: self._seen.get(row.id, _Seen(row.kind, row.at_ms)) for row in rows}

    def covered(self, read_ms: int, size: int) -> None:
        """Note that the log of ``size`` entries knows the chain up to a block of the time ``read_ms``."""
        for seen in self._seen.values():
            if seen.size is None and (seen.kind == "anchor" or seen.at_ms <= read_ms):
                seen.size = size

    def needs_anchor(self, anchored: int) -> bool:
        """Whether a request waits for more entries to be anchored."""
        return any(seen.size is not None and seen.size > anchored for seen in self._seen.values())

    def ready(self, kind: str, anchored: int) -> list[str]:
        """The requests of a kind whose entries are all anchored."""
        return [
            name
            for name, seen in self._seen.items()
            if seen.kind == kind and seen.size is not None and seen.size <= anchored
        ]

    async def finish(self, names: list[str], detail: str) -> None:
        """Close requests."""
        if not names:
            return
        async with self._context.database.begin() as connection:
            await connection.execute(
                update(requests)
                .where(requests.c.log == self._context.log, requests.c.id.in_(names))
                .values(state=DONE, detail=detail)
            )
        for name in names:
            self._seen.pop(name, None)
