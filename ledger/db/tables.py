"""The tables. A row belongs to the log it names; hashes of the log are 32 bytes, times integer milliseconds since 1970,
amounts decimal text, values of the chain ``0x`` text.

``logs``, ``entries``, ``tiles`` and ``checkpoints`` are the log. The tables of the middle part are views that a replay
of the statements rebuilds, but for what no statement holds: contents, external ids, people, keys' digests, texts of
briefs and terms. The last part belongs to the worker.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint, text
from sqlalchemy.types import TypeEngine

Kind = tuple[type[TypeEngine[Any]], bool]

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

TEXT: Kind = (sa.Text, False)
MAYBE_TEXT: Kind = (sa.Text, True)
NUMBER: Kind = (sa.BigInteger, False)
MAYBE_NUMBER: Kind = (sa.BigInteger, True)
BYTES: Kind = (sa.LargeBinary, False)
FLAG: Kind = (sa.Boolean, False)
SMALL: Kind = (sa.Integer, False)


def columns(**kinds: Kind) -> list[sa.Column[Any]]:
    """Columns by name, in order; a kind is the type and whether it may be NULL."""
    return [sa.Column(name, kind, nullable=nullable) for name, (kind, nullable) in kinds.items()]


# --- the log

logs = Table(
    "logs",
    metadata,
    *columns(name=TEXT, origin=TEXT, vkey=TEXT, size=NUMBER, at_ms=NUMBER, compact=BYTES, note=TEXT),
    PrimaryKeyConstraint("name"),
)
"""One head a log; whoever appends locks its row."""

entries = Table(
    "entries",
    metadata,
    *columns(log=TEXT, entry_index=NUMBER, kind=TEXT, at_ms=NUMBER, statement=BYTES, leaf_hash=BYTES),
    PrimaryKeyConstraint("log", "entry_index"),
)

tiles = Table(
    "tiles",
    metadata,
    *columns(log=TEXT, level=SMALL, n=NUMBER, hashes=BYTES, root=BYTES),
    PrimaryKeyConstraint("log", "level", "n"),
)
"""Full tiles only: 8192 bytes of hashes, and their root, which is hash ``n`` of the level above."""

checkpoints = Table(
    "checkpoints",
    metadata,
    *columns(log=TEXT, size=NUMBER, note=TEXT),
    PrimaryKeyConstraint("log", "size"),
)
"""One signed head a committed group."""

# --- what the statements say, and what only the database knows

contents = Table(
    "contents",
    metadata,
    *columns(log=TEXT, kind=TEXT, subject=TEXT, platform=TEXT, salt=BYTES, preimage=BYTES),
    PrimaryKeyConstraint("log", "kind", "subject"),
)
"""Openings: ``kind`` is a commitment's purpose (task, contribution, feedback), ``subject`` the id of the task,
contribution or decision whose statement carries the commitment."""

externals = Table(
    "externals",
    metadata,
    *columns(
        log=TEXT,
        platform=TEXT,
        kind=TEXT,
        external_id=TEXT,
        subject=TEXT,
        entry_index=NUMBER,
        salt=BYTES,
        fingerprint=BYTES,
    ),
    PrimaryKeyConstraint("log", "platform", "kind", "external_id"),
)
"""A platform's own ids (kinds: platform, campaign, task, contribution, decision). ``fingerprint`` is SHA-256 of 16
bytes of salt and the canonical request without its salts."""

contributors = Table(
    "contributors",
    metadata,
    *columns(log=TEXT, platform=TEXT, external_id=TEXT, id=TEXT),
    PrimaryKeyConstraint("log", "platform", "external_id"),
    UniqueConstraint("log", "id"),
)
"""People, reviewers included: a platform's own id and the random public one."""

platforms = Table(
    "platforms",
    metadata,
    *columns(log=TEXT, id=TEXT, name=TEXT, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    *columns(log=TEXT, id=TEXT, platform=TEXT, digest=BYTES, scopes=TEXT, revoked=MAYBE_NUMBER),
    PrimaryKeyConstraint("log", "id"),
    ForeignKeyConstraint(["log", "platform"], ["platforms.log", "platforms.id"]),
    Index("ix_api_keys_platform", "log", "platform"),
)
"""``scopes`` are words with spaces between; ``revoked`` is the entry that revoked the key."""

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
    ),
    PrimaryKeyConstraint("log", "id"),
    ForeignKeyConstraint(["log", "platform"], ["platforms.log", "platforms.id"]),
    Index("ix_campaigns_platform", "log", "platform", "entry_index"),
)
"""``brief`` and ``terms`` are JSON text as published; ``closed`` is the entry that closed the campaign."""

tasks = Table(
    "tasks",
    metadata,
    *columns(log=TEXT, id=TEXT, campaign=TEXT, entry_index=NUMBER, at_ms=NUMBER),
    PrimaryKeyConstraint("log", "id"),
    ForeignKeyConstraint(["log", "campaign"], ["campaigns.log", "campaigns.id"]),
    Index("ix_tasks_campaign", "log", "campaign", "entry_index"),
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
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_contributions_platform", "log", "platform", "entry_index"),
    Index("ix_contributions_campaign", "log", "campaign", "entry_index"),
    Index("ix_contributions_contributor", "log", "contributor", "entry_index"),
    Index(
        "ix_contributions_replaces",
        "log",
        "replaces",
        sqlite_where=text("replaces IS NOT NULL"),
        postgresql_where=text("replaces IS NOT NULL"),
    ),
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
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_decisions_contribution", "log", "contribution", "entry_index"),
)
"""``score`` is in millionths. The decision that stands is a contribution's last one."""

wallet_links = Table(
    "wallet_links",
    metadata,
    *columns(log=TEXT, contributor=TEXT, entry_index=NUMBER, at_ms=NUMBER, address=TEXT),
    PrimaryKeyConstraint("log", "contributor", "entry_index"),
    Index("ix_wallet_links_address", "log", "address"),
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

# --- the worker's

anchors = Table(
    "anchors",
    metadata,
    *columns(
        log=TEXT,
        size=NUMBER,
        root=BYTES,
        tx=TEXT,
        block=NUMBER,
        chain_id=NUMBER,
        contract=TEXT,
        log_id=TEXT,
        finalized=FLAG,
    ),
    PrimaryKeyConstraint("log", "chain_id", "size"),
)

settlements = Table(
    "settlements",
    metadata,
    *columns(
        log=TEXT,
        chain_id=NUMBER,
        pool=TEXT,
        number=NUMBER,
        parent=NUMBER,
        proposal=TEXT,
        size=NUMBER,
        root=TEXT,
        total=TEXT,
        state=TEXT,
        campaigns=TEXT,
        due_ms=MAYBE_NUMBER,
        proposed_tx=MAYBE_TEXT,
        ended_tx=MAYBE_TEXT,
    ),
    PrimaryKeyConstraint("log", "chain_id", "pool", "number"),
)
"""``campaigns`` is JSON; ``due_ms`` is when it may be activated; ``state`` is the worker's word."""

settlement_accounts = Table(
    "settlement_accounts",
    metadata,
    *columns(log=TEXT, chain_id=NUMBER, pool=TEXT, number=NUMBER, position=NUMBER, account=TEXT, cumulative=TEXT),
    PrimaryKeyConstraint("log", "chain_id", "pool", "number", "position"),
    Index("ix_settlement_accounts_account", "log", "account"),
)
"""A settlement's tree, ``position`` in tree order."""

claims = Table(
    "claims",
    metadata,
    *columns(
        log=TEXT,
        chain_id=NUMBER,
        pool=TEXT,
        account=TEXT,
        cumulative=TEXT,
        state=TEXT,
        transaction=MAYBE_TEXT,
        block=MAYBE_NUMBER,
    ),
    PrimaryKeyConstraint("log", "chain_id", "pool", "account"),
)
"""What an account has claimed in all."""

claim_requests = Table(
    "claim_requests",
    metadata,
    *columns(
        log=TEXT,
        id=TEXT,
        chain_id=NUMBER,
        pool=TEXT,
        account=TEXT,
        state=TEXT,
        at_ms=NUMBER,
        transaction=MAYBE_TEXT,
        detail=MAYBE_TEXT,
    ),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_claim_requests_state", "log", "state", "at_ms"),
    Index("ix_claim_requests_account", "log", "account"),
)

requests = Table(
    "requests",
    metadata,
    *columns(log=TEXT, id=TEXT, kind=TEXT, state=TEXT, at_ms=NUMBER, platform=MAYBE_TEXT, detail=MAYBE_TEXT),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_requests_state", "log", "kind", "state", "at_ms"),
)
"""What somebody asks of the worker: ``kind`` is settle or anchor."""

transactions = Table(
    "transactions",
    metadata,
    *columns(
        log=TEXT,
        chain_id=NUMBER,
        sender=TEXT,
        nonce=NUMBER,
        hash=TEXT,
        raw=BYTES,
        purpose=TEXT,
        state=TEXT,
        at_ms=NUMBER,
        detail=MAYBE_TEXT,
        block=MAYBE_NUMBER,
    ),
    PrimaryKeyConstraint("log", "chain_id", "hash"),
    Index("ix_transactions_sender", "log", "chain_id", "sender", "nonce"),
    Index("ix_transactions_state", "log", "chain_id", "state"),
)
"""Signed transactions, saved before they are sent; one that replaces another has its nonce."""

leases = Table(
    "leases",
    metadata,
    *columns(log=TEXT, name=TEXT, holder=TEXT, token=NUMBER, expires_at=NUMBER),
    PrimaryKeyConstraint("log", "name"),
)
"""``expires_at`` in milliseconds; ``token`` grows with every holder."""

chain_cursor = Table(
    "chain_cursor",
    metadata,
    *columns(log=TEXT, chain_id=NUMBER, block=NUMBER, block_ms=MAYBE_NUMBER),
    PrimaryKeyConstraint("log", "chain_id"),
)
"""How far the chain was read. ``block_ms``, that block's time, confirms the clock after a day without entries."""
