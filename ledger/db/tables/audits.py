"""What the worker makes for whoever checks the service: audits that were asked for, and who is paid for what."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, text

from ledger.db.tables.columns import (
    FLAG,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NUMBER,
    TEXT,
    columns,
    metadata,
)

_OPEN = text("ended_ms IS NULL")
_WAITING = text("account = ''")

audits = Table(
    "audits",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        state=TEXT,
        by_operator=FLAG,
        at_ms=NUMBER,
        started_ms=MAYBE_NUMBER,
        seen_ms=MAYBE_NUMBER,
        ended_ms=MAYBE_NUMBER,
        verdict=MAYBE_TEXT,
        entries=MAYBE_NUMBER,
        anchored=MAYBE_NUMBER,
        errors=MAYBE_NUMBER,
        warnings=MAYBE_NUMBER,
        notes=MAYBE_NUMBER,
        report=MAYBE_TEXT,
        detail=MAYBE_TEXT,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_audits_open", "log", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_audits_time", "log", "at_ms"),
)
"""``state`` is asked, running, done or failed; at most one a log has no end. ``seen_ms`` is when the worker last said
that it is at it. ``report`` is the JSON of ``crowdledger audit --json``, of which the numbers before it are taken."""

settlement_shares = Table(
    "settlement_shares",
    metadata,
    *columns(
        log=TEXT,
        chain_id=NUMBER,
        pool=TEXT,
        number=NUMBER,
        size=NUMBER,
        position=NUMBER,
        account=TEXT,
        contributor=TEXT,
        rule=TEXT,
        units=TEXT,
        entry=MAYBE_NUMBER,
        final=MAYBE_NUMBER,
    ),
    PrimaryKeyConstraint("log", "chain_id", "pool", "number", "size", "position"),
    Index("ix_settlement_shares_account", "log", "account", "chain_id", "pool", "number", "position"),
    Index(
        "ix_settlement_shares_waiting",
        *("log", "contributor", "chain_id", "pool", "number"),
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
)
"""The awards that a settlement publishes: ``entry`` is the contribution, ``final`` the entry that made it final. An
empty ``account`` waits for a wallet. ``size`` tells a settlement from one of the same number recorded before it."""
