"""Contents go when they have been kept long enough: those of contributions that are final, with their salts.

What a decision or an appeal may still need stays. The log says of each that it was erased.
"""

from __future__ import annotations

from typing import Final

from ledger.book.contributions import Contribution, due_ms
from ledger.book.fold import Book
from ledger.log.items import EraseContent
from ledger.statements.contents import Purpose
from ledger.statements.values import uuid7
from ledger.worker.context import Context

DAY_MS: Final = 86_400_000
_PURPOSES: Final[tuple[Purpose, ...]] = ("contribution", "feedback", "inputs", "appeal")
"""What belongs to one contribution; tasks and results stay with their campaign."""
_A_STEP: Final = 500
_PAUSE_MS: Final = 3_600_000
"""Between two passes over everything."""


class Retention:
    """Erases what is older than ``days``; nothing without them."""

    def __init__(self, context: Context, days: int | None) -> None:
        self._context = context
        self._keep_ms = None if days is None else days * DAY_MS
        self._purpose, self._after = 0, ""
        self._next_ms = 0

    async def erase(self) -> None:
        """Look at the next contents, a bounded number a step, and erase those whose time has come."""
        now_ms = self._context.clock.now_ms()
        if self._keep_ms is None or now_ms < self._next_ms:
            return
        until_ms = now_ms - self._keep_ms
        purpose = _PURPOSES[self._purpose]
        # Ids begin with the time at which they were made (UUID version 7).
        until = uuid7(until_ms, bytes(10))
        found = await self._context.entries.old_contents(purpose, self._after, until, _A_STEP)
        fence = self._context.fence
        due = [
            EraseContent(platform=platform, purpose=purpose, subject=subject, reason="retention", fence=fence)
            for subject, platform in found
            if is_kept_long_enough(self._context.book, purpose, subject, until_ms)
        ]
        if due:
            await self._context.renew()
            await self._context.entries.erase(due)  # what is refused, the next pass asks for again
            await self._context.follow()
        if len(found) == _A_STEP:
            self._after = found[-1][0]
            return
        self._after = ""
        self._purpose = (self._purpose + 1) % len(_PURPOSES)
        if self._purpose == 0:
            self._next_ms = now_ms + _PAUSE_MS


def is_kept_long_enough(book: Book, purpose: Purpose, subject: str, until_ms: int) -> bool:
    """Whether a content belongs to a contribution that was final, whatever happened last, at ``until_ms``."""
    facts = book.facts
    if purpose == "contribution":
        name: str | None = subject
    else:
        name = facts.decisions.get(subject) or facts.reviews.get(subject) or facts.appeals.get(subject)
    found = facts.contributions.get(name or "")
    while found is not None and found.replaced_by is not None:
        found = facts.contributions[found.replaced_by]
    if found is None or found.waits_since >= 0:
        return False
    return _final_ms(found, book) <= until_ms


def _final_ms(found: Contribution, book: Book) -> int:
    """When a final contribution was final at the latest: a resolved appeal counts until its deadline."""
    campaign = book.campaigns[found.campaign].campaign
    return due_ms(found, campaign) if found.appeal is None else found.appeal.at_ms + campaign.resolution_ms
