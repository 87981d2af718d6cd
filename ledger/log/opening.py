"""Opening a log: its head row and entry 0."""

from __future__ import annotations

from sqlalchemy import Row, Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from ledger.db import Database
from ledger.db.tables import logs
from ledger.errors import ConfigError, DatabaseError, RuleError
from ledger.log.items import Record
from ledger.log.writer import Clock, Writer, system_clock_ms
from ledger.statements.log import LogOpened
from ledger.statements.values import format_time
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.merkle import EMPTY_ROOT


async def open_log(
    database: Database,
    log: str,
    origin: str,
    signer: LogSigner,
    wallet_delay: int,
    *,
    clock: Clock = system_clock_ms,
) -> None:
    """Write entry 0 unless the log has it; may be called by any number of processes at once.

    ``wallet_delay`` in seconds counts only for a log that is opened now. Raises ConfigError where the stored log has
    another origin or key.
    """
    key = signer.verifier_key
    if signer.name != origin:
        raise ConfigError(
            f"The log's key is made for '{signer.name}', the configured origin is '{origin}'.",
            remedy="Set the origin that the key was made for.",
        )
    if await _make_head(database, log, signer) > 0:
        return
    opened = LogOpened(v=1, at=format_time(clock()), origin=origin, key=key.vkey, wallet_delay=wallet_delay)
    async with Writer(database, log, signer, clock=clock) as writer:
        writer.allow_writes()  # there is nothing yet that could differ from an anchor
        try:
            await writer.write(Record(statement=opened))
        except RuleError as error:
            if error.rule != "log-opened-once":  # another process was quicker
                raise


async def check_key(database: Database, log: str, signer: LogSigner) -> None:
    """Raise ConfigError where the stored log has another origin or key; one that is not opened yet may have any."""
    try:
        async with database.engine.connect() as connection:
            stored = (await connection.execute(_stored(log))).one_or_none()
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"The log cannot be read: {error.__class__.__name__}.") from error
    if stored is not None:
        _require_ours(stored, signer)


async def _make_head(database: Database, log: str, signer: LogSigner) -> int:
    """The log's size, its head row made where there is none. Raises ConfigError, DatabaseError."""
    key = signer.verifier_key
    row = {
        "name": log,
        "origin": key.name,
        "vkey": key.vkey,
        "size": 0,
        "at_ms": 0,
        "compact": b"",
        "note": sign(Checkpoint(key.name, 0, EMPTY_ROOT), signer),
    }
    try:
        async with database.begin() as connection:
            insert = sqlite.insert(logs) if connection.dialect.name == "sqlite" else postgresql.insert(logs)
            await connection.execute(insert.values(row).on_conflict_do_nothing())
            stored = (await connection.execute(_stored(log))).one()
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"The log cannot be opened: {error.__class__.__name__}.") from error
    _require_ours(stored, signer)
    return int(stored.size)


def _stored(log: str) -> Select[tuple[str, str, int]]:
    return select(logs.c.origin, logs.c.vkey, logs.c.size).where(logs.c.name == log)


def _require_ours(stored: Row[tuple[str, str, int]], signer: LogSigner) -> None:
    key = signer.verifier_key
    if stored.origin != key.name:
        raise ConfigError(f"The database holds the log of '{stored.origin}', not of '{key.name}'.", remedy=_OTHER)
    if stored.vkey != key.vkey:
        raise ConfigError(f"The database's log has the key '{stored.vkey}', not '{key.vkey}'.", remedy=_KEY)


_OTHER = "Use the database, the origin and the key file that belong together."
_KEY = f"{_OTHER} If the key was rotated, set log_key_file to the newest one."
