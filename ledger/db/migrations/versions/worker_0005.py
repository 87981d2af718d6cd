"""The worker's rows: all of a transaction, what it cost, whose each nonce is, permanent claims, a report."""

from __future__ import annotations

from typing import Any

import rlp
import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from ledger.errors import DatabaseError

Kind = tuple[type[TypeEngine[Any]], bool]

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
oldest = "0005"
made_again = (
    *("nonces", "transactions.intent", "transactions.recipient", "transactions.data", "transactions.gas"),
    *("transactions.max_fee", "transactions.priority_fee"),
)
"""The column ``intent`` was and becomes ``purpose``."""

TEXT: Kind = (sa.Text, False)
MAYBE_TEXT: Kind = (sa.Text, True)
NUMBER: Kind = (sa.BigInteger, False)
MAYBE_NUMBER: Kind = (sa.BigInteger, True)
BYTES: Kind = (sa.LargeBinary, False)

_OF_BYTES: dict[str, Kind] = {
    "recipient": TEXT,
    "data": BYTES,
    "gas": NUMBER,
    "max_fee": TEXT,
    "priority_fee": MAYBE_TEXT,
}
"""What the signed bytes say."""
_OF_RECEIPT: dict[str, Kind] = {"block_hash": MAYBE_TEXT, "gas_used": MAYBE_NUMBER, "gas_price": MAYBE_TEXT}
_NEW_TABLES: dict[str, tuple[dict[str, Kind], tuple[str, ...]]] = {
    "nonces": (
        {"chain_id": NUMBER, "sender": TEXT, "nonce": NUMBER, "log": TEXT, "intent": TEXT},
        ("chain_id", "sender", "nonce"),
    ),
    "costs": (
        {
            "log": TEXT,
            "chain_id": NUMBER,
            "transaction": TEXT,
            "campaign": TEXT,
            "intent": TEXT,
            "gas": NUMBER,
            "wei": TEXT,
        },
        ("log", "chain_id", "transaction", "campaign"),
    ),
    "worker_reports": ({"log": TEXT, "report": TEXT, "at_ms": NUMBER}, ("log",)),
}
"""Columns and primary key."""
_NEW_INDEXES = {
    "ix_anchors_size": ("anchors", ["log", "size"]),
    "ix_anchors_finalized": ("anchors", ["log", "finalized", "size"]),
    "ix_costs_campaign": ("costs", ["log", "campaign"]),
}
_FIRMNESS = "CASE WHEN state IN ('final', 'mined', 'failed') THEN 0 WHEN state = 'sent' THEN 1 ELSE 2 END"
_A_NONCE = "PARTITION BY chain_id, sender, nonce"
_RANKED = f"SELECT t.*, row_number() OVER ({_A_NONCE} ORDER BY {_FIRMNESS}, at_ms DESC, log, hash) AS place"
_FILL_NONCES = f"""
INSERT INTO nonces (chain_id, sender, nonce, log, intent)
SELECT chain_id, sender, nonce, log, intent FROM ({_RANKED} FROM transactions AS t) AS ranked WHERE place = 1
"""  # noqa: S608 - our own words
_REVIVE = """
UPDATE transactions SET state = 'sent' WHERE state = 'lost' AND EXISTS (
    SELECT 1 FROM nonces AS n WHERE n.chain_id = transactions.chain_id AND n.sender = transactions.sender
    AND n.nonce = transactions.nonce AND n.log = transactions.log)
AND NOT EXISTS (
    SELECT 1 FROM transactions AS t WHERE t.chain_id = transactions.chain_id AND t.sender = transactions.sender
    AND t.nonce = transactions.nonce AND t.state = 'final')
"""
"""What a node refused may be mined all the same while its nonce is open: it is looked after with the others of it. A
nonce that nobody looks after would never be used, and its account would wait for it for ever."""
_ADDRESS_BYTES = 20
_DYNAMIC_FEE = 2
"""The type of EIP-1559; what is older begins with a list (EIP-2718)."""


def upgrade() -> None:
    """What the old rows do not say is taken from their signed bytes; a nonce is its firmest transaction's."""
    for name, (kinds, key) in _NEW_TABLES.items():
        made = [sa.Column(column, kind, nullable=nullable) for column, (kind, nullable) in kinds.items()]
        op.create_table(name, *made, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))
    for index, (table, columns) in _NEW_INDEXES.items():
        op.create_index(index, table, columns)
    present = sa.text('"transaction" IS NOT NULL')
    op.create_index(
        "ix_claim_requests_transaction",
        "claim_requests",
        ["log", "transaction"],
        sqlite_where=present,
        postgresql_where=present,
    )
    _upgrade_transactions()
    op.execute(_FILL_NONCES)
    op.execute(_REVIVE)
    op.add_column("chain_cursor", sa.Column("block_hash", sa.Text, nullable=True))
    op.add_column("claims", sa.Column("final_cumulative", sa.Text, nullable=True))
    op.execute("UPDATE claims SET final_cumulative = CASE state WHEN 'final' THEN cumulative ELSE '0' END")
    with op.batch_alter_table("claims") as batch:
        batch.alter_column("final_cumulative", existing_type=sa.Text(), nullable=False)


def downgrade() -> None:
    """The new columns and tables go; a transaction that another replaced is one that was lost."""
    op.drop_index("ix_claim_requests_transaction", "claim_requests")
    for index in ("ix_anchors_finalized", "ix_anchors_size"):
        op.drop_index(index, "anchors")
    op.drop_column("claims", "final_cumulative")
    op.drop_column("chain_cursor", "block_hash")
    with op.batch_alter_table("transactions") as batch:
        for name in (*_OF_BYTES, *_OF_RECEIPT):
            batch.drop_column(name)
        batch.alter_column("intent", existing_type=sa.Text(), new_column_name="purpose")
        batch.alter_column("detail", existing_type=sa.Text(), nullable=True)
    op.execute("UPDATE transactions SET state = 'lost' WHERE state = 'replaced'")
    for name in reversed(_NEW_TABLES):
        op.drop_table(name)


def _upgrade_transactions() -> None:
    with op.batch_alter_table("transactions") as batch:
        batch.alter_column("purpose", existing_type=sa.Text(), new_column_name="intent")
        for name, (kind, _) in (_OF_BYTES | _OF_RECEIPT).items():
            batch.add_column(sa.Column(name, kind, nullable=True))
    connection = op.get_bind()
    where = "WHERE log = :log AND chain_id = :chain_id AND hash = :hash"
    select = sa.text(f"SELECT raw FROM transactions {where}")  # noqa: S608 - our own words
    names = ", ".join(f"{name} = :{name}" for name in _OF_BYTES)
    update = sa.text(f"UPDATE transactions SET {names} {where}")  # noqa: S608
    for row in connection.execute(sa.text("SELECT log, chain_id, hash FROM transactions")).mappings().all():
        raw = connection.execute(select, dict(row)).scalar_one()  # one at a time: batches of claims are long
        connection.execute(update, dict(row) | _read(row["hash"], bytes(raw)))
    op.execute("UPDATE transactions SET detail = '' WHERE detail IS NULL")
    with op.batch_alter_table("transactions") as batch:
        batch.alter_column("detail", existing_type=sa.Text(), nullable=False)
        for name, (kind, nullable) in _OF_BYTES.items():
            if not nullable:
                batch.alter_column(name, existing_type=kind(), nullable=False)


def _read(hash_: str, raw: bytes) -> dict[str, object]:
    """What a signed transaction says: of type 2 (EIP-1559), or of none. No others were sent."""
    try:
        if raw[:1] == bytes([_DYNAMIC_FEE]):
            _, _, priority, fee, gas, to, _, data, *_ = rlp.decode(raw[1:])
        else:
            priority = None
            _, fee, gas, to, _, data, *_ = rlp.decode(raw)
        if len(to) != _ADDRESS_BYTES:
            raise ValueError("it calls nobody")
        return {
            "recipient": f"0x{to.hex()}",
            "data": b"" + data,
            "gas": int.from_bytes(gas),
            "max_fee": str(int.from_bytes(fee)),
            "priority_fee": None if priority is None else str(int.from_bytes(priority)),
        }
    except (rlp.DecodingError, ValueError, AttributeError, TypeError) as error:
        raise DatabaseError(
            f"The bytes of transaction {hash_} are damaged.", remedy="Restore the database from a backup."
        ) from error
