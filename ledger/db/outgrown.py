"""A database that was brought, while a process runs, to a schema on which that process may not run."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from ledger.db.postgres import FAILURES
from ledger.db.schemas import Standing, declared
from ledger.errors import CrowdLedgerError, DatabaseError

_LOGGER = logging.getLogger(__name__)
LOOK_SECONDS: Final = 5.0


class Watch:
    """Looks every few seconds whether this process may still run on the database."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def check(self) -> None:
        """Raise DatabaseError if it may not."""
        found = self._standing
        if not found.runs:
            raise DatabaseError(
                f"The database was brought to schema {found.schema}; this process is of schema {found.own}.",
                remedy="Operator: end it and start the newer version. Then send the same request again.",
            )

    async def run(self, engine: AsyncEngine) -> None:
        """Look until cancelled. A database that does not answer says nothing new."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            before = self._standing
            with contextlib.suppress(*FAILURES, CrowdLedgerError):
                async with engine.connect() as connection:
                    schema, oldest = await connection.run_sync(declared)
                self._standing = dataclasses.replace(before, schema=schema, oldest=oldest)
            if before.runs and not self._standing.runs:
                _LOGGER.critical("The database was brought to schema %s: this process may not go on.", schema)
