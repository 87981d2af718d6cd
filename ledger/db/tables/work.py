"""Views: contributions, how they were judged, what people said of it, and where their pay goes."""

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
    where_present,
)

contributions = Table(
    "contributions",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        platform=TEXT,
        campaign=TEXT,
        contributor=TEXT,
        task=MAYBE_TEXT,
        replaces=MAYBE_TEXT,
        entry_index=NUMBER,
        at_ms=NUMBER,
        first=TEXT,
        revealed=MAYBE_NUMBER,
        withdrawn=MAYBE_NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_contributions_platform", "log", "platform", "entry_index"),
    Index("ix_contributions_campaign", "log", "campaign", "entry_index"),
    Index("ix_contributions_contributor", "log", "contributor", "entry_index"),
    where_present("ix_contributions_replaces", "log", "replaces"),
    Index(
        "ix_contributions_task",
        *("log", "task", "entry_index"),
        sqlite_where=text("task IS NOT NULL"),
        postgresql_where=text("task IS NOT NULL"),
    ),
)
"""One row a version; ``first`` is the id of the first one. ``revealed`` and ``withdrawn`` are entries."""

reviews = Table(
    "reviews",
    metadata,
    *columns(log=TEXT, id=TEXT, contribution=TEXT, reviewer=TEXT, second_look=FLAG, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_reviews_contribution", "log", "contribution", "entry_index"),
    Index("ix_reviews_reviewer", "log", "reviewer", "entry_index"),
)

decisions = Table(
    "decisions",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        contribution=TEXT,
        verdict=TEXT,
        score=SMALL,
        reviewer=MAYBE_TEXT,
        supersedes=MAYBE_TEXT,
        entry_index=NUMBER,
        at_ms=NUMBER,
        method=TEXT,
        appeal=MAYBE_TEXT,
        bonus=MAYBE_TEXT,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_decisions_contribution", "log", "contribution", "entry_index"),
)
"""``score`` is in millionths, ``method`` its type. The decision that stands is a contribution's last one."""

appeals = Table(
    "appeals",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        contribution=TEXT,
        decision=TEXT,
        entry_index=NUMBER,
        at_ms=NUMBER,
        resolved=MAYBE_NUMBER,
        resolved_ms=MAYBE_NUMBER,
        outcome=MAYBE_TEXT,
        reviewer=MAYBE_TEXT,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_appeals_contribution", "log", "contribution", "entry_index"),
)
"""``decision`` is the one appealed, ``outcome`` the one that stands since the entry ``resolved``."""

feedbacks = Table(
    "feedbacks",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        campaign=TEXT,
        contributor=TEXT,
        about=TEXT,
        subject=TEXT,
        score=SMALL,
        entry_index=NUMBER,
        at_ms=NUMBER,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_feedbacks_campaign", "log", "campaign", "entry_index"),
    Index("ix_feedbacks_contributor", "log", "contributor", "subject"),
    Index("ix_feedbacks_giver", "log", "contributor", "entry_index"),
)
"""Contributors' ratings; ``score`` is in millionths."""

erasures = Table(
    "erasures",
    metadata,
    *columns(log=TEXT, purpose=TEXT, subject=TEXT, reason=TEXT, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "purpose", "subject"),
)
"""Commitments that can no longer be opened."""

opened_contents = Table(
    "opened_contents",
    metadata,
    *columns(log=TEXT, mandate=TEXT, purpose=TEXT, subject=TEXT, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "entry_index"),
    Index("ix_opened_contents_subject", "log", "purpose", "subject"),
)
"""What auditors with a mandate were given to see."""

wallet_links = Table(
    "wallet_links",
    metadata,
    *columns(
        log=TEXT,
        contributor=TEXT,
        entry_index=NUMBER,
        at_ms=NUMBER,
        address=TEXT,
        consent=FLAG,
        objected=MAYBE_NUMBER,
    ),
    PrimaryKeyConstraint("log", "contributor", "entry_index"),
    Index("ix_wallet_links_address", "log", "address"),
)
"""``consent``: the wallet that was replaced agreed. ``objected`` is the entry in which it did not."""
