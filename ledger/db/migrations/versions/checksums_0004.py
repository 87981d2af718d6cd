"""Checksums of what nothing else binds, made of what the rows say now."""

from __future__ import annotations

import zlib

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
oldest = "0004"

_CHECKED = {
    "api_keys": (("id",), ("id", "digest")),
    "campaigns": (("id",), ("id", "title")),
    "contributors": (("platform", "external_id"), ("platform", "external_id", "id")),
    "externals": (
        ("platform", "kind", "external_id"),
        ("platform", "kind", "external_id", "subject", "entry_index", "salt", "fingerprint"),
    ),
    "files": (("platform", "sha256"), ("platform", "sha256", "bytes", "type", "at_ms")),
    "mandates": (("id",), ("id", "digest")),
    "results": (("id",), ("id", "public")),
    "sessions": (("digest",), ("digest", "platform", "contributor", "expires_ms")),
    "sign_in_links": (("digest",), ("digest", "platform", "contributor", "expires_ms")),
}
"""The primary key after ``log``, and what the checksum is of."""
made_again = tuple(f"{table}.checksum" for table in _CHECKED)
_ROWS_AT_A_TIME = 10_000


def upgrade() -> None:
    """A new column in each table, filled before it is required."""
    for table, (key, values) in _CHECKED.items():
        op.add_column(table, sa.Column("checksum", sa.BigInteger, nullable=True))
        _fill(table, ("log", *key), values)
        with op.batch_alter_table(table) as batch:
            batch.alter_column("checksum", existing_type=sa.BigInteger(), nullable=False)


def downgrade() -> None:
    """The columns go."""
    for table in _CHECKED:
        op.drop_column(table, "checksum")


def _fill(table: str, key: tuple[str, ...], values: tuple[str, ...]) -> None:
    connection = op.get_bind()
    names = dict.fromkeys((*key, *values))
    same = " AND ".join(f"{name} = :{name}" for name in key)
    update = sa.text(f"UPDATE {table} SET checksum = :checksum WHERE {same}")  # noqa: S608 - our own words
    select = sa.text(f"SELECT {', '.join(names)} FROM {table} WHERE checksum IS NULL LIMIT {_ROWS_AT_A_TIME}")  # noqa: S608
    while rows := connection.execute(select).mappings().all():
        made = [_checksum([row[name] for name in values]) for row in rows]
        keys = [{name: row[name] for name in key} for row in rows]
        connection.execute(update, [each | {"checksum": one} for each, one in zip(keys, made, strict=True)])


def _checksum(values: list[str | int | bytes | memoryview]) -> int:
    """CRC-32 of texts as UTF-8, numbers and flags as decimal digits, and bytes, with zero bytes between them."""
    parts = []
    for value in values:
        if isinstance(value, str):
            parts.append(value.encode())
        elif isinstance(value, int):
            parts.append(str(int(value)).encode())
        else:
            parts.append(bytes(value))
    return zlib.crc32(b"\0".join(parts))
