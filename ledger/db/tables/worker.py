"""The worker's tables: what it knows of the chain, what it sends and what it was asked for."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from ledger.db.tables.columns import BYTES, FLAG, MAYBE_NUMBER, MAYBE_TEXT, NUMBER, TEXT, columns, metadata

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
