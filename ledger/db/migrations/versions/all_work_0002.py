"""All kinds of crowd work: amendments, notices, reviews, appeals, feedback, results, mandates, erasure, sessions and
files; and entries are found by what they are about."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

Kind = tuple[type[TypeEngine[Any]], bool]

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
oldest = "0002"
made_again = ("contributions.first", "decisions.method")

TEXT: Kind = (sa.Text, False)
MAYBE_TEXT: Kind = (sa.Text, True)
NUMBER: Kind = (sa.BigInteger, False)
MAYBE_NUMBER: Kind = (sa.BigInteger, True)
BYTES: Kind = (sa.LargeBinary, False)
FLAG: Kind = (sa.Boolean, False)
SMALL: Kind = (sa.Integer, False)

_NEW_TABLES: dict[str, tuple[dict[str, Kind], tuple[str, ...]]] = {
    "amendments": (
        {
            "campaign": TEXT,
            "version": NUMBER,
            "brief": MAYBE_TEXT,
            "terms": MAYBE_TEXT,
            "statement": BYTES,
            "entry_index": NUMBER,
            "at_ms": NUMBER,
        },
        ("campaign", "version"),
    ),
    "notices": (
        {"id": TEXT, "campaign": TEXT, "type": TEXT, "text": TEXT, "entry_index": NUMBER, "at_ms": NUMBER},
        ("id",),
    ),
    "results": (
        {"id": TEXT, "campaign": TEXT, "statement": BYTES, "public": FLAG, "entry_index": NUMBER, "at_ms": NUMBER},
        ("id",),
    ),
    "mandates": (
        {
            "id": TEXT,
            "platform": TEXT,
            "name": TEXT,
            "campaign": MAYBE_TEXT,
            "until_ms": NUMBER,
            "digest": BYTES,
            "entry_index": NUMBER,
            "at_ms": NUMBER,
        },
        ("id",),
    ),
    "reviews": (
        {
            "id": TEXT,
            "contribution": TEXT,
            "reviewer": TEXT,
            "second_look": FLAG,
            "entry_index": NUMBER,
            "at_ms": NUMBER,
        },
        ("id",),
    ),
    "appeals": (
        {
            "id": TEXT,
            "contribution": TEXT,
            "decision": TEXT,
            "entry_index": NUMBER,
            "at_ms": NUMBER,
            "resolved": MAYBE_NUMBER,
            "resolved_ms": MAYBE_NUMBER,
            "outcome": MAYBE_TEXT,
            "reviewer": MAYBE_TEXT,
        },
        ("id",),
    ),
    "feedbacks": (
        {
            "id": TEXT,
            "campaign": TEXT,
            "contributor": TEXT,
            "about": TEXT,
            "subject": TEXT,
            "score": SMALL,
            "entry_index": NUMBER,
            "at_ms": NUMBER,
        },
        ("id",),
    ),
    "erasures": (
        {"purpose": TEXT, "subject": TEXT, "reason": TEXT, "entry_index": NUMBER, "at_ms": NUMBER},
        ("purpose", "subject"),
    ),
    "opened_contents": (
        {"mandate": TEXT, "purpose": TEXT, "subject": TEXT, "entry_index": NUMBER, "at_ms": NUMBER},
        ("entry_index",),
    ),
    "sessions": (
        {"digest": BYTES, "platform": TEXT, "contributor": TEXT, "expires_ms": NUMBER},
        ("digest",),
    ),
    "sign_in_links": (
        {"digest": BYTES, "platform": TEXT, "contributor": TEXT, "expires_ms": NUMBER, "used": MAYBE_NUMBER},
        ("digest",),
    ),
    "files": (
        {"platform": TEXT, "sha256": TEXT, "bytes": NUMBER, "type": TEXT, "at_ms": NUMBER, "erased_ms": MAYBE_NUMBER},
        ("platform", "sha256"),
    ),
}
"""Columns after ``log``, and the primary key after ``log``."""
_NEW_INDEXES = {
    "ix_notices_campaign": ("notices", ["log", "campaign", "entry_index"]),
    "ix_results_campaign": ("results", ["log", "campaign", "entry_index"]),
    "ix_mandates_platform": ("mandates", ["log", "platform", "entry_index"]),
    "ix_reviews_contribution": ("reviews", ["log", "contribution", "entry_index"]),
    "ix_reviews_reviewer": ("reviews", ["log", "reviewer", "entry_index"]),
    "ix_appeals_contribution": ("appeals", ["log", "contribution", "entry_index"]),
    "ix_feedbacks_campaign": ("feedbacks", ["log", "campaign", "entry_index"]),
    "ix_feedbacks_contributor": ("feedbacks", ["log", "contributor", "subject"]),
    "ix_opened_contents_subject": ("opened_contents", ["log", "purpose", "subject"]),
    "ix_files_sha256": ("files", ["sha256"]),
}
_NEW_COLUMNS: dict[str, dict[str, Kind]] = {
    "entries": {"subject": MAYBE_TEXT},
    "campaigns": {"paused": MAYBE_NUMBER, "resumed": MAYBE_NUMBER},
    "contributions": {"first": TEXT, "revealed": MAYBE_NUMBER, "withdrawn": MAYBE_NUMBER},
    "decisions": {"method": TEXT, "appeal": MAYBE_TEXT, "bonus": MAYBE_TEXT},
    "wallet_links": {"consent": FLAG, "objected": MAYBE_NUMBER},
}
_SUBJECTS = (
    "SELECT t.id FROM campaigns AS t WHERE t.log = entries.log AND t.entry_index = entries.entry_index",
    "SELECT t.id FROM campaigns AS t WHERE t.log = entries.log AND t.closed = entries.entry_index",
    "SELECT t.first FROM contributions AS t WHERE t.log = entries.log AND t.entry_index = entries.entry_index",
    "SELECT c.first FROM decisions AS t JOIN contributions AS c ON c.log = t.log AND c.id = t.contribution "
    "WHERE t.log = entries.log AND t.entry_index = entries.entry_index",
    "SELECT t.contributor FROM wallet_links AS t WHERE t.log = entries.log AND t.entry_index = entries.entry_index",
)
_KINDS = ("campaign.opened", "campaign.closed", "contribution.submitted", "decision.made", "wallet.linked")


def upgrade() -> None:
    """New tables; new columns of old ones, filled from what the rows and statements say."""
    for name, (kinds, key) in _NEW_TABLES.items():
        made = sa.PrimaryKeyConstraint("log", *key, name=f"pk_{name}")
        op.create_table(name, *_columns({"log": TEXT} | kinds), made)
    for name, (table, columns) in _NEW_INDEXES.items():
        op.create_index(name, table, columns)
    for table, kinds in _NEW_COLUMNS.items():
        for name, (kind, _) in kinds.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
    _fill()
    for table, kinds in _NEW_COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name, (kind, nullable) in kinds.items():
                if not nullable:
                    batch.alter_column(name, existing_type=kind(), nullable=False)
    _index_present("ix_contributions_task", "contributions", "task")
    _index_present("ix_entries_subject", "entries", "subject")


def downgrade() -> None:
    """The columns and tables go; what the log itself says stays."""
    op.drop_index("ix_entries_subject", "entries")
    op.drop_index("ix_contributions_task", "contributions")
    for table, kinds in _NEW_COLUMNS.items():
        for name in kinds:
            op.drop_column(table, name)
    for name in reversed(_NEW_TABLES):
        op.drop_table(name)


def _columns(kinds: dict[str, Kind]) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name, (kind, nullable) in kinds.items()]


def _index_present(name: str, table: str, column: str) -> None:
    present = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, ["log", column], sqlite_where=present, postgresql_where=present)


def _fill() -> None:
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE contributions SET first = id WHERE replaces IS NULL"))
    _fill_firsts(connection)
    connection.execute(sa.text("UPDATE wallet_links SET consent = false"))
    _fill_methods(connection)
    _index_by_entry()
    for kind, subject in zip(_KINDS, _SUBJECTS, strict=True):
        update = f"UPDATE entries SET subject = ({subject}) WHERE kind = '{kind}'"  # noqa: S608 - our own words
        connection.execute(sa.text(update))
    for table in ("campaigns", "contributions", "decisions", "wallet_links"):
        op.drop_index(f"ix_{table}_filling", table)


def _index_by_entry() -> None:
    """For the time of filling: without it each of a million entries would read whole tables."""
    op.create_index("ix_campaigns_filling", "campaigns", ["log", "entry_index", "closed"])
    for table in ("contributions", "decisions", "wallet_links"):
        op.create_index(f"ix_{table}_filling", table, ["log", "entry_index"])


def _fill_firsts(connection: sa.Connection) -> None:
    """Version by version, until all that replace something have the first one of what they replace."""
    known = (
        "SELECT t.first FROM contributions AS t WHERE t.log = contributions.log AND t.id = contributions.replaces "
        "AND t.first IS NOT NULL"
    )
    update = f"UPDATE contributions SET first = ({known}) WHERE first IS NULL AND EXISTS ({known})"  # noqa: S608
    while connection.execute(sa.text(update)).rowcount:
        pass


def _fill_methods(connection: sa.Connection) -> None:
    """A decision's method is in its statement only."""
    rows = connection.execute(
        sa.text(
            "SELECT t.log, t.id, e.statement FROM decisions AS t "
            "JOIN entries AS e ON e.log = t.log AND e.entry_index = t.entry_index"
        )
    )
    methods = [
        {"log": log, "id": made, "method": json.loads(bytes(data))["method"]["type"]} for log, made, data in rows
    ]
    if methods:
        connection.execute(sa.text("UPDATE decisions SET method = :method WHERE log = :log AND id = :id"), methods)
