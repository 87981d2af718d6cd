"""The first schema: the log, what its statements say, and the worker's tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

Kind = tuple[type[TypeEngine[Any]], bool]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
oldest = "0001"


def upgrade() -> None:
    """Make all tables."""
    _log()
    _private()
    _platforms_and_campaigns()
    _work()
    _pay()
    _settlements()
    _requests()
    _worker()


def downgrade() -> None:
    """Drop all tables, those that refer to others first."""
    for table in (
        "chain_cursor",
        "leases",
        "transactions",
        "requests",
        "claim_requests",
        "claims",
        "settlement_accounts",
        "settlements",
        "anchors",
        "campaign_funds",
        "wallet_links",
        "decisions",
        "contributions",
        "tasks",
        "campaigns",
        "api_keys",
        "platforms",
        "contributors",
        "externals",
        "contents",
        "checkpoints",
        "tiles",
        "entries",
        "logs",
    ):
        op.drop_table(table)


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


def _log() -> None:
    op.create_table(
        "logs",
        *columns(name=TEXT, origin=TEXT, vkey=TEXT, size=NUMBER, at_ms=NUMBER, compact=BYTES, note=TEXT),
        sa.PrimaryKeyConstraint("name", name="pk_logs"),
    )
    op.create_table(
        "entries",
        *columns(log=TEXT, entry_index=NUMBER, kind=TEXT, at_ms=NUMBER, statement=BYTES, leaf_hash=BYTES),
        sa.PrimaryKeyConstraint("log", "entry_index", name="pk_entries"),
    )
    op.create_table(
        "tiles",
        *columns(log=TEXT, level=SMALL, n=NUMBER, hashes=BYTES, root=BYTES),
        sa.PrimaryKeyConstraint("log", "level", "n", name="pk_tiles"),
    )
    op.create_table(
        "checkpoints",
        *columns(log=TEXT, size=NUMBER, note=TEXT),
        sa.PrimaryKeyConstraint("log", "size", name="pk_checkpoints"),
    )


def _private() -> None:
    op.create_table(
        "contents",
        *columns(log=TEXT, kind=TEXT, subject=TEXT, platform=TEXT, salt=BYTES, preimage=BYTES),
        sa.PrimaryKeyConstraint("log", "kind", "subject", name="pk_contents"),
    )
    op.create_table(
        "externals",
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
        sa.PrimaryKeyConstraint("log", "platform", "kind", "external_id", name="pk_externals"),
    )
    op.create_table(
        "contributors",
        *columns(log=TEXT, platform=TEXT, external_id=TEXT, id=TEXT),
        sa.PrimaryKeyConstraint("log", "platform", "external_id", name="pk_contributors"),
        sa.UniqueConstraint("log", "id", name="uq_contributors_log_id"),
    )


def _platforms_and_campaigns() -> None:
    op.create_table(
        "platforms",
        *columns(log=TEXT, id=TEXT, name=TEXT, entry_index=NUMBER, at_ms=NUMBER),
        sa.PrimaryKeyConstraint("log", "id", name="pk_platforms"),
    )
    op.create_table(
        "api_keys",
        *columns(log=TEXT, id=TEXT, platform=TEXT, digest=BYTES, scopes=TEXT, revoked=MAYBE_NUMBER),
        sa.PrimaryKeyConstraint("log", "id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(
            ["log", "platform"], ["platforms.log", "platforms.id"], name="fk_api_keys_log_platforms"
        ),
    )
    op.create_index("ix_api_keys_platform", "api_keys", ["log", "platform"])
    op.create_table(
        "campaigns",
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
        sa.PrimaryKeyConstraint("log", "id", name="pk_campaigns"),
        sa.ForeignKeyConstraint(
            ["log", "platform"], ["platforms.log", "platforms.id"], name="fk_campaigns_log_platforms"
        ),
    )
    op.create_index("ix_campaigns_platform", "campaigns", ["log", "platform", "entry_index"])
    op.create_table(
        "tasks",
        *columns(log=TEXT, id=TEXT, campaign=TEXT, entry_index=NUMBER, at_ms=NUMBER),
        sa.PrimaryKeyConstraint("log", "id", name="pk_tasks"),
        sa.ForeignKeyConstraint(["log", "campaign"], ["campaigns.log", "campaigns.id"], name="fk_tasks_log_campaigns"),
    )
    op.create_index("ix_tasks_campaign", "tasks", ["log", "campaign", "entry_index"])


def _work() -> None:
    op.create_table(
        "contributions",
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
        sa.PrimaryKeyConstraint("log", "id", name="pk_contributions"),
    )
    op.create_index("ix_contributions_campaign", "contributions", ["log", "campaign", "entry_index"])
    op.create_index("ix_contributions_contributor", "contributions", ["log", "contributor", "entry_index"])
    op.create_index("ix_contributions_platform", "contributions", ["log", "platform", "entry_index"])
    op.create_index(
        "ix_contributions_replaces",
        "contributions",
        ["log", "replaces"],
        sqlite_where=sa.text("replaces IS NOT NULL"),
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )
    op.create_table(
        "decisions",
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
        sa.PrimaryKeyConstraint("log", "id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_contribution", "decisions", ["log", "contribution", "entry_index"])


def _pay() -> None:
    op.create_table(
        "wallet_links",
        *columns(log=TEXT, contributor=TEXT, entry_index=NUMBER, at_ms=NUMBER, address=TEXT),
        sa.PrimaryKeyConstraint("log", "contributor", "entry_index", name="pk_wallet_links"),
    )
    op.create_index("ix_wallet_links_address", "wallet_links", ["log", "address"])
    op.create_table(
        "campaign_funds",
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
        sa.PrimaryKeyConstraint("log", "campaign", name="pk_campaign_funds"),
    )
    op.create_table(
        "anchors",
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
        sa.PrimaryKeyConstraint("log", "chain_id", "size", name="pk_anchors"),
    )


def _settlements() -> None:
    op.create_table(
        "settlements",
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
        sa.PrimaryKeyConstraint("log", "chain_id", "pool", "number", name="pk_settlements"),
    )
    op.create_table(
        "settlement_accounts",
        *columns(log=TEXT, chain_id=NUMBER, pool=TEXT, number=NUMBER, position=NUMBER, account=TEXT, cumulative=TEXT),
        sa.PrimaryKeyConstraint("log", "chain_id", "pool", "number", "position", name="pk_settlement_accounts"),
    )
    op.create_index("ix_settlement_accounts_account", "settlement_accounts", ["log", "account"])
    op.create_table(
        "claims",
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
        sa.PrimaryKeyConstraint("log", "chain_id", "pool", "account", name="pk_claims"),
    )


def _requests() -> None:
    op.create_table(
        "claim_requests",
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
        sa.PrimaryKeyConstraint("log", "id", name="pk_claim_requests"),
    )
    op.create_index("ix_claim_requests_account", "claim_requests", ["log", "account"])
    op.create_index("ix_claim_requests_state", "claim_requests", ["log", "state", "at_ms"])
    op.create_table(
        "requests",
        *columns(log=TEXT, id=TEXT, kind=TEXT, state=TEXT, at_ms=NUMBER, platform=MAYBE_TEXT, detail=MAYBE_TEXT),
        sa.PrimaryKeyConstraint("log", "id", name="pk_requests"),
    )
    op.create_index("ix_requests_state", "requests", ["log", "kind", "state", "at_ms"])


def _worker() -> None:
    op.create_table(
        "transactions",
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
        sa.PrimaryKeyConstraint("log", "chain_id", "hash", name="pk_transactions"),
    )
    op.create_index("ix_transactions_sender", "transactions", ["log", "chain_id", "sender", "nonce"])
    op.create_index("ix_transactions_state", "transactions", ["log", "chain_id", "state"])
    op.create_table(
        "leases",
        *columns(log=TEXT, name=TEXT, holder=TEXT, token=NUMBER, expires_at=NUMBER),
        sa.PrimaryKeyConstraint("log", "name", name="pk_leases"),
    )
    op.create_table(
        "chain_cursor",
        *columns(log=TEXT, chain_id=NUMBER, block=NUMBER, block_ms=MAYBE_NUMBER),
        sa.PrimaryKeyConstraint("log", "chain_id", name="pk_chain_cursor"),
    )
