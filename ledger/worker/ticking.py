"""The time, written down when a deadline has passed and nothing else says so."""

from __future__ import annotations

from ledger.statements.log import ClockTick
from ledger.worker.context import Context


async def tick(context: Context) -> None:
    """Write a ``clock.tick`` if the book's next deadline lies in the past: any later entry would have fired it."""
    deadline = context.book.next_deadline_ms()
    if deadline is not None and deadline < context.clock.now_ms():
        await context.record(ClockTick(v=1, at=context.timestamp()))
