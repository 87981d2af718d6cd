"""A PostgreSQL database into which a backup is being loaded: it has a table that says so."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.errors import ConfigError

UNFINISHED: Final = "restoring"


async def check_finished(connection: AsyncConnection) -> None:
    """Raise ConfigError while a restore has not ended: what it has not brought back yet could be written again."""
    if (await connection.exec_driver_sql(f"SELECT to_regclass('{UNFINISHED}')")).scalar() is not None:
        raise ConfigError(
            "A restore into this database has not ended.",
            remedy="Wait for it; if it was killed, run 'crowdledger db restore' again.",
        )
