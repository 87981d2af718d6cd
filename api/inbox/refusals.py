"""How often a delivery was not taken. All that such a request leaves behind is a number.

Counted in memory and written now and then: strangers must not be able to make the service write.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from api.reads import Reads
from ledger.db.tables import refusals
from ledger.wire.hooks import Refusal


class Refusals:
    """The counts that are not written yet, by hook and reason; hooks that there are not count together."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Refusal]] = Counter()

    def count(self, hook: str, reason: Refusal) -> None:
        """One more."""
        self._counts[hook, reason] += 1

    async def write(self, reads: Reads, now_ms: int) -> None:
        """Add them to the rows. What cannot be written now is kept for the next time."""
        counts, self._counts = self._counts, Counter()
        of = refusals.c
        try:
            while counts:
                (hook, reason), count = next(iter(counts.items()))
                mine = (of.log == reads.log, of.hook == hook, of.reason == reason)
                more = update(refusals).where(*mine).values({"count": of["count"] + count, "last_ms": now_ms})
                first = {"log": reads.log, "hook": hook, "reason": reason, "count": count, "last_ms": now_ms}
                try:
                    async with reads.database.begin() as connection:
                        if (await connection.execute(more)).rowcount == 0:
                            await connection.execute(insert(refusals).values(first))
                except IntegrityError:
                    continue  # another process counted its first at the same moment
                del counts[hook, reason]
        finally:
            self._counts += counts

    async def totals(self, reads: Reads) -> dict[str, int]:
        """By reason, all hooks together, as far as they are written."""
        found: Counter[str] = Counter()
        query = select(refusals.c.reason, refusals.c["count"].label("number")).where(refusals.c.log == reads.log)
        for row in await reads.all(query):
            found[row.reason] += row.number
        return dict(found)
