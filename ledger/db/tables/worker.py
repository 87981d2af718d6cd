"""The worker's tables: what it knows of the chain, what it sends and what it was asked for."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from ledger.db.tables.columns import (
    BYTES,
    FLAG,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NUMBER,
    TEXT,
    columns,
    metadata,
    where_present,
)

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
    Index("ix_anchors_size", "log", "size"),
    Index("ix_anchors_finalized", "log", "finalized", "size"),
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
        final_cumulative=TEXT,
        state=TEXT,
        transaction=MAYBE_TEXT,
        block=MAYBE_NUMBER,
    ),
    PrimaryKeyConstraint("log", "chain_id", "pool", "account"),
)
"""What an account has claimed in all, and how much of it as of a permanent block. ``state`` is final where both are the
same, else claimed; ``transaction`` and ``block`` are of the last claim."""

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
    where_present("ix_claim_requests_transaction", "log", "transaction"),
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
        intent=TEXT,
        recipient=TEXT,
        data=BYTES,
        gas=NUMBER,
        max_fee=TEXT,
        priority_fee=MAYBE_TEXT,
        state=TEXT,
        at_ms=NUMBER,
        detail=TEXT,
        block=MAYBE_NUMBER,
        block_hash=MAYBE_TEXT,
        gas_used=MAYBE_NUMBER,
        gas_price=MAYBE_TEXT,
    ),
    PrimaryKeyConstraint("log", "chain_id", "hash"),
    Index("ix_transactions_sender", "log", "chain_id", "sender", "nonce"),
    Index("ix_transactions_state", "log", "chain_id", "state"),
    Index("ix_transactions_time", "log", "at_ms"),
)
"""Signed transactions, saved before they are sent; one that replaces another has its nonce. Fees and the price paid are
wei a gas."""

nonces = Table(
    "nonces",
    metadata,
    *columns(chain_id=NUMBER, sender=TEXT, nonce=NUMBER, log=TEXT, intent=TEXT),
    PrimaryKeyConstraint("chain_id", "sender", "nonce"),
)
"""Which intent of which log a nonce of an account belongs to, for ever: two logs may share an account."""

costs = Table(
    "costs",
    metadata,
    *columns(log=TEXT, chain_id=NUMBER, transaction=TEXT, campaign=TEXT, intent=TEXT, gas=NUMBER, wei=TEXT),
    PrimaryKeyConstraint("log", "chain_id", "transaction", "campaign"),
    Index("ix_costs_campaign", "log", "campaign"),
)
"""What a permanent transaction cost a campaign; an empty ``campaign`` is the service itself."""

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
    *columns(log=TEXT, chain_id=NUMBER, block=NUMBER, block_ms=MAYBE_NUMBER, block_hash=MAYBE_TEXT),
    PrimaryKeyConstraint("log", "chain_id"),
)
"""How far the chain was read. ``block_ms``, that block's time, confirms the clock after a day without entries; its hash
tells that chain from another."""

worker_reports = Table(
    "worker_reports",
    metadata,
    *columns(log=TEXT, report=TEXT, at_ms=NUMBER),
    PrimaryKeyConstraint("log"),
)
"""How the leading worker was at its last step; ``report`` is JSON."""
