"""Views: platforms and their keys, campaigns and what belongs to a whole campaign."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from ledger.db.tables.columns import BYTES, FLAG, MAYBE_NUMBER, MAYBE_TEXT, NUMBER, TEXT, columns, metadata

platforms = Table(
    "platforms",
    metadata,
    *columns(log=TEXT, id=TEXT, name=TEXT, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    *columns(log=TEXT, id=TEXT, platform=TEXT, digest=BYTES, scopes=TEXT, revoked=MAYBE_NUMBER, checksum=NUMBER),
    *columns(expires_ms=MAYBE_NUMBER),
    PrimaryKeyConstraint("log", "id"),
    ForeignKeyConstraint(["log", "platform"], ["platforms.log", "platforms.id"]),
    Index("ix_api_keys_platform", "log", "platform"),
)
"""``scopes`` are words with spaces between; ``revoked`` is the entry that revoked the key; from ``expires_ms`` on it
opens nothing."""

key_uses = Table(
    "key_uses",
    metadata,
    *columns(log=TEXT, key=TEXT, used_ms=NUMBER),
    PrimaryKeyConstraint("log", "key"),
)
"""When a key was last used, to a minute or so."""

campaigns = Table(
    "campaigns",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        platform=TEXT,
        entry_index=NUMBER,
        at_ms=NUMBER,
        title=TEXT,
        brief=TEXT,
        terms=TEXT,
        statement=BYTES,
        closed=MAYBE_NUMBER,
        paused=MAYBE_NUMBER,
        resumed=MAYBE_NUMBER,
        checksum=NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    ForeignKeyConstraint(["log", "platform"], ["platforms.log", "platforms.id"]),
    Index("ix_campaigns_platform", "log", "platform", "entry_index"),
)
"""``brief`` and ``terms`` are JSON text as published at the opening; ``closed`` is the entry that closed the campaign,
``paused`` the one that paused it (NULL: it is not paused), ``resumed`` the last one that resumed it."""

amendments = Table(
    "amendments",
    metadata,
    *columns(
        log=TEXT,
        campaign=TEXT,
        version=NUMBER,
        brief=MAYBE_TEXT,
        terms=MAYBE_TEXT,
        statement=BYTES,
        entry_index=NUMBER,
        at_ms=NUMBER,
    ),
    PrimaryKeyConstraint("log", "campaign", "version"),
)
"""A campaign's versions from the second on; ``brief`` and ``terms`` are JSON text where they changed."""

notices = Table(
    "notices",
    metadata,
    *columns(log=TEXT, id=TEXT, campaign=TEXT, type=TEXT, text=TEXT, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_notices_campaign", "log", "campaign", "entry_index"),
)
"""``text`` is JSON text."""

tasks = Table(
    "tasks",
    metadata,
    *columns(log=TEXT, id=TEXT, campaign=TEXT, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "id"),
    ForeignKeyConstraint(["log", "campaign"], ["campaigns.log", "campaigns.id"]),
    Index("ix_tasks_campaign", "log", "campaign", "entry_index"),
)

campaign_funds = Table(
    "campaign_funds",
    metadata,
    *columns(
        log=TEXT,
        campaign=TEXT,
        funded=TEXT,
        returned=TEXT,
        goal_reached=FLAG,
        closed=FLAG,
        block=NUMBER,
        entry_index=NUMBER,
    ),
    PrimaryKeyConstraint("log", "campaign"),
)
"""The last ``campaign.funded`` of each campaign."""

results = Table(
    "results",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        campaign=TEXT,
        statement=BYTES,
        public=FLAG,
        entry_index=NUMBER,
        at_ms=NUMBER,
        checksum=NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_results_campaign", "log", "campaign", "entry_index"),
)
"""``public``: everybody is given the opening."""

mandates = Table(
    "mandates",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        platform=TEXT,
        name=TEXT,
        campaign=MAYBE_TEXT,
        until_ms=NUMBER,
        digest=BYTES,
        entry_index=NUMBER,
        at_ms=NUMBER,
        checksum=NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_mandates_platform", "log", "platform", "entry_index"),
)
"""Auditors who may open contents; ``digest`` is SHA-256 of the auditor's token."""
