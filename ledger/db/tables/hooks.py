"""Webhooks that platforms send us: which there are, what they delivered, and how often a delivery was refused.

Facts that deliveries bring are in the log; nothing here is needed to check it.
"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, text

from ledger.db.tables.columns import (
    BYTES,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NUMBER,
    SMALL,
    TEXT,
    Kind,
    columns,
    metadata,
    where_present,
)

MAYBE_BYTES: Kind = (BYTES[0], True)
_KEPT = text("body IS NOT NULL AND ended_ms IS NOT NULL")

hooks = Table(
    "hooks",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        platform=TEXT,
        campaign=TEXT,
        connector=TEXT,
        secrets=TEXT,
        old_until_ms=MAYBE_NUMBER,
        base_url=MAYBE_TEXT,
        token=MAYBE_TEXT,
        rate=MAYBE_TEXT,
        at_ms=NUMBER,
        holder=TEXT,
        held_until_ms=NUMBER,
        worked_ms=NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_hooks_platform", "log", "platform", "id"),
)
"""``secrets`` (JSON) and ``token`` are sealed (``ledger.db.sealed``); an old secret is good until ``old_until_ms``.
One process at a time works on a hook's deliveries: ``holder``, until ``held_until_ms``; ``worked_ms`` is when one last
began."""

deliveries = Table(
    "deliveries",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        hook=TEXT,
        event=TEXT,
        digest=BYTES,
        size=NUMBER,
        body=MAYBE_BYTES,
        received_ms=NUMBER,
        state=TEXT,
        tries=SMALL,
        next_ms=MAYBE_NUMBER,
        ended_ms=MAYBE_NUMBER,
        words=MAYBE_TEXT,
        recorded=MAYBE_TEXT,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_deliveries_event", "log", "hook", "event", unique=True),
    Index("ix_deliveries_hook", "log", "hook", "id"),
    Index("ix_deliveries_state", "log", "state", "ended_ms"),
    where_present("ix_deliveries_next", "log", "hook", "next_ms"),
    Index("ix_deliveries_bodies", "log", "hook", "ended_ms", "size", sqlite_where=_KEPT, postgresql_where=_KEPT),
)
"""``state`` is waiting, done, refused or dead; only what waits has a ``next_ms``, when it is due. ``event`` is the same
when a platform sends it again. ``body`` is erased once it is done; ``digest`` is its SHA-256. ``recorded`` is JSON:
how many entries came of it, and the first of them."""

refusals = Table(
    "refusals",
    metadata,
    *columns(log=TEXT, hook=TEXT, reason=TEXT, count=NUMBER, last_ms=NUMBER),
    PrimaryKeyConstraint("log", "hook", "reason"),
)
"""All that is left of requests to hooks that were not taken; ``hook`` is empty where there is no such hook."""
