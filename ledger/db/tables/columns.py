"""What tables are made of: the metadata and the kinds of columns."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, MetaData, text
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


def where_present(name: str, *columns: str) -> Index:
    """An index of the rows in which the last column is not NULL."""
    present = text(f'"{columns[-1]}" IS NOT NULL')
    return Index(name, *columns, sqlite_where=present, postgresql_where=present)
