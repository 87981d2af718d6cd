"""What happened, as platforms are told of it: events, where they are sent to, and how each sending went.

Events follow from entries and from permanent blocks of the chain; the leading worker writes them, in order.
"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, text

from ledger.db.tables.columns import (
    FLAG,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NUMBER,
    SMALL,
    TEXT,
    columns,
    metadata,
)

_UNTOLD, _UNTOLD_SQLITE = text("NOT told"), text("told = 0")
"""As the conditions of queries are written, or the index would not be found."""
_WAITING = text("state = 'waiting'")
_DEAD = text("state = 'dead'")

events = Table(
    "events",
    metadata,
    *columns(
        log=TEXT,
        number=NUMBER,
        type=TEXT,
        platform=TEXT,
        at_ms=NUMBER,
        data=TEXT,
        told_ms=NUMBER,
    ),
    PrimaryKeyConstraint("log", "number"),
    Index("ix_events_platform", "log", "platform", "type", "number"),
)
"""``number`` counts from 1 without a gap, in the order in which they can be read. ``at_ms`` is when it happened,
``told_ms`` when it was written here. ``data`` is JSON of ids (``ledger.wire.events`` adds the addresses)."""

event_cursors = Table(
    "event_cursors",
    metadata,
    *columns(log=TEXT, number=NUMBER, entries=NUMBER, done=NUMBER, anchored=NUMBER),
    PrimaryKeyConstraint("log"),
)
"""How far a log's events are written: the last one's ``number``; all of its first ``entries`` entries, and ``done``
events of the entry after them; permanent anchors up to the size ``anchored``."""

payments = Table(
    "payments",
    metadata,
    *columns(
        log=TEXT,
        chain_id=NUMBER,
        pool=TEXT,
        block=NUMBER,
        log_index=NUMBER,
        account=TEXT,
        amount=TEXT,
        transaction=TEXT,
        told=FLAG,
    ),
    PrimaryKeyConstraint("log", "chain_id", "pool", "block", "log_index", "account"),
    Index("ix_payments_account", "log", "chain_id", "pool", "account"),
    Index(
        "ix_payments_untold",
        *("log", "chain_id", "pool", "block", "log_index"),
        sqlite_where=_UNTOLD_SQLITE,
        postgresql_where=_UNTOLD,
    ),
)
"""Claims in permanent blocks, each once; ``told`` once its events are written. A ``log_index`` of -1 is the sum of an
account's claims from before there was this table."""

endpoints = Table(
    "endpoints",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        platform=TEXT,
        url=TEXT,
        description=TEXT,
        types=TEXT,
        at_once=SMALL,
        secret=TEXT,
        old_secret=MAYBE_TEXT,
        old_until_ms=MAYBE_NUMBER,
        state=TEXT,
        detail=MAYBE_TEXT,
        cursor=NUMBER,
        at_ms=NUMBER,
        failing_ms=MAYBE_NUMBER,
        failures=NUMBER,
        pause_ms=NUMBER,
        holder=TEXT,
        held_until_ms=NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_endpoints_platform", "log", "platform", "id"),
)
"""``types`` are words with spaces between, empty for all; secrets are sealed (``ledger.db.sealed``); ``state`` is
enabled or disabled, ``detail`` says why. ``sendings`` has a row of every event up to the number ``cursor`` that it
wants and that was sent or tried. ``failing_ms``: nothing has arrived since then, in as many ``failures``; nothing is
sent before ``pause_ms``. One worker at a time serves it: ``holder``, until ``held_until_ms``."""

sendings = Table(
    "sendings",
    metadata,
    *columns(
        log=TEXT,
        endpoint=TEXT,
        event=NUMBER,
        state=TEXT,
        tries=SMALL,
        next_ms=MAYBE_NUMBER,
        tried_ms=MAYBE_NUMBER,
        took_ms=MAYBE_NUMBER,
        status=MAYBE_NUMBER,
        words=MAYBE_TEXT,
        at_ms=NUMBER,
    ),
    PrimaryKeyConstraint("log", "endpoint", "event"),
    Index(
        "ix_sendings_due",
        *("log", "endpoint", "next_ms", "event"),
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    Index("ix_sendings_dead", "log", "endpoint", "event", sqlite_where=_DEAD, postgresql_where=_DEAD),
    Index("ix_sendings_tried", "log", "tried_ms"),
)
"""``state`` is waiting, sent or dead; what waits is due at ``next_ms``. ``status`` and ``words`` are of the last
try."""
