"""Applying the rules: small transactions, so that nobody who writes waits for long, and a bound on all of them."""

from __future__ import annotations

import asyncio
from typing import Final

from ledger.db.database import Database
from ledger.db.postgres import FAILURES
from ledger.db.sweeping.periods import Periods
from ledger.db.sweeping.rules import RULES, At, Rule
from ledger.errors import DatabaseError

ROWS: Final = 1_000
"""That one transaction erases."""
_PAUSE_SECONDS: Final = 0.02
"""Between two transactions: others have waited for the lock."""


async def sweep(
    database: Database, log: str, periods: Periods, now_ms: int, *, turns: int | None = None, rows: int = ROWS
) -> dict[str, int]:
    """Erase what a log need not keep; how many rows, by rule. Of each rule at most ``turns`` times ``rows``, or all.

    Raises DatabaseError where the database fails: what was erased until then stays erased.
    """
    at = At(log, now_ms, periods, rows)
    try:
        return {rule.name: await _apply(database, rule, at, turns) for rule in RULES}
    except FAILURES as error:
        raise DatabaseError(
            f"The database does not answer ({type(error).__name__}).",
            remedy="Nothing is lost: what is too old goes the next time.",
        ) from error


async def _apply(database: Database, rule: Rule, at: At, turns: int | None) -> int:
    erased = done = 0
    while turns is None or done < turns:
        async with database.begin() as connection:
            some = await rule.apply(connection, at)
        erased, done = erased + some, done + 1
        if some < at.limit:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return erased
