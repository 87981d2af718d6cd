"""Row tuples follow their tables, column by column: inserts name no members."""

from __future__ import annotations

import pytest

from ledger.db.rows import TABLES, FundsRow
from ledger.db.tables import metadata


@pytest.mark.parametrize(("row", "table"), [*TABLES.items(), (FundsRow, "campaign_funds")])
def test_a_row_has_its_tables_columns_after_the_log(row: type[tuple[object, ...]], table: str) -> None:
    fields = getattr(row, "_fields")  # noqa: B009 - a union of tuple types has no such attribute to mypy
    assert ["log", *fields] == metadata.tables[table].columns.keys()


def test_what_others_refer_to_is_inserted_first() -> None:
    order = list(TABLES.values())
    for name in order:
        for key in metadata.tables[name].foreign_keys:
            assert order.index(key.column.table.name) < order.index(name)


def test_every_row_names_its_log() -> None:
    for table in metadata.tables.values():
        if table.name == "nonces":  # of an account, whichever logs it works for
            assert not table.c.log.nullable
        else:
            assert table.name == "logs" or "log" in table.primary_key.columns
