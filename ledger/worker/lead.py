"""One worker leads: a row says who and until when, and a token grows with every new leader.

Whatever is saved for sending is saved in a transaction that looks at the token again, so that a leader who slept
through the end of its lease sends nothing new.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import and_, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.db import Database
from ledger.db.tables import leases
from ledger.errors import UnavailableError

_NAME = "worker"


class Lease:
    """The lease of one worker. ``holder`` names it among workers; ``seconds`` is how long the lease outlives it."""

    def __init__(self, database: Database, log: str, holder: str, seconds: float, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._row = and_(leases.c.log == log, leases.c.name == _NAME)
        self._new = {"log": log, "name": _NAME}
        self._holder = holder
        self._milliseconds = int(seconds * 1000)
        self._now_ms = now_ms
        self.token = 0

    async def hold(self) -> bool:
        """Take the lease, or renew it; False while another worker has it."""
        try:
            async with self._database.begin() as connection:
                return await self._hold(connection)
        except IntegrityError:
            return False  # another worker made the row at the same moment

    async def _hold(self, connection: AsyncConnection) -> bool:
        now = self._now_ms()
        row = (await connection.execute(select(leases).where(self._row).with_for_update())).one_or_none()
        if row is not None and row.expires_at > now and (row.holder, row.token) != (self._holder, self.token):
            return False
        mine = row is not None and (row.holder, row.token) == (self._holder, self.token)
        token = self.token if mine else (row.token + 1 if row is not None else 1)
        values = {"holder": self._holder, "token": token, "expires_at": now + self._milliseconds}
        if row is None:
            await connection.execute(insert(leases).values(self._new | values))
        else:
            await connection.execute(update(leases).where(self._row).values(values))
        self.token = token
        return True

    async def check(self, connection: AsyncConnection) -> None:
        """Raise UnavailableError unless we still lead; holds the row until the connection's transaction ends."""
        row = (await connection.execute(select(leases).where(self._row).with_for_update())).one_or_none()
        if row is None or (row.holder, row.token) != (self._holder, self.token):
            raise UnavailableError("Another worker leads by now.", remedy="Nothing is to be done: that one goes on.")

    async def release(self) -> None:
        """Give the lease up, so that another worker need not wait for its end."""
        async with self._database.begin() as connection:
            mine = and_(self._row, leases.c.holder == self._holder, leases.c.token == self.token)
            # The row stays, expired: the next token must be greater.
            await connection.execute(update(leases).where(mine).values(expires_at=0))
