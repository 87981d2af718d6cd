"""Applying the rules: small transactions, so that nobody who writes waits for long, and a bound on all of them."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy import func, select

from ledger.db.database import Database
from ledger.db.postgres import GONE
from ledger.db.sweeping.periods import DAY_MS, Periods
from ledger.db.sweeping.rules import RULES, At, Rule
from ledger.db.tables import chain_cursor, logs
from ledger.errors import DatabaseError

ROWS: Final = 1_000
"""That one transaction erases."""
_PAUSE_SECONDS: Final = 0.02
"""Between two transactions: others have waited for the lock."""


async def believed_ms(database: Database, log: str, now_ms: int) -> int:
    """The time of a log with a chain: this machine's clock, but no more than a day after the last entry and block.

    A clock that is a year ahead for a moment would erase everything at once. Entries are refused by the same rule.
    Raises DatabaseError.
    """
    block = select(func.max(chain_cursor.c.block_ms)).where(chain_cursor.c.log == log).scalar_subquery()
    known = select(logs.c.at_ms, block).where(logs.c.name == log)
    try:
        async with database.engine.connect() as connection:
            rows = (await connection.execute(known)).all()
    except GONE as error:
        raise _failed(error) from error
    return min(now_ms, DAY_MS + max((ms for row in rows for ms in row if ms is not None), default=0))


async def sweep(
    database: Database, log: str, periods: Periods, now_ms: int, *, turns: int | None = None, rows: int = ROWS
) -> dict[str, int]:
    """Erase what a log need not keep; how many rows, by rule. Of each rule at most ``turns`` times ``rows``, or all.

    Raises DatabaseError where the database fails: what was erased until then stays erased, and a rule that fails keeps
    none of the others from being applied.
    """
    erased: dict[str, int] = {}
    failed: BaseException | None = None
    for rule in RULES:
        at = At(log, now_ms, periods, max(rows // rule.share, 1))
        try:
            erased[rule.name] = await _apply(database, rule, at, None if turns is None else turns * rule.share)
        except GONE as error:
            failed = error
    if failed is not None:
        raise _failed(failed) from failed
    return erased


def _failed(error: BaseException) -> DatabaseError:
    return DatabaseError(
        error.detail if isinstance(error, DatabaseError) else f"The database does not answer ({type(error).__name__}).",
        remedy="Nothing is lost: what is too old goes the next time.",
    )


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
