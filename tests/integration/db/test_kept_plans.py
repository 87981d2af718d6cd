"""Plans of an append are made once, perhaps while all is empty, and kept: they never look at a whole log."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from ledger.db import postgres
from ledger.db.loading import Lookup, Query

_MODULES = tuple(importlib.import_module(f"ledger.db.loading.{name}") for name in ("counts", "load"))
_WHOLE = re.compile(r"Seq Scan|(?:Index|Recheck) Cond: \(+log = \S+?\)+$")
"""A table that is read whole, or as much of it as one log has."""


def asked() -> Iterator[tuple[str, str, int]]:
    """The name of each query of an append, its SQL, and how many lists it takes."""
    for module in _MODULES:
        for name, sql in vars(module).items():
            if not (isinstance(sql, str) and "{log}" in sql and "SELECT" in sql):
                continue
            columns = sum(f"wanted.{column}" in sql for column in "abc")
            whole = Lookup(sql, [("x",) * columns]) if columns else Query(sql)
            (statement,) = postgres._statements(whole)
            yield name, postgres.placed(statement.sql), columns


@pytest.mark.parametrize(("sql", "columns"), [pytest.param(*rest, id=name) for name, *rest in asked()])
async def test_a_plan_of_empty_tables_goes_by_more_than_the_log(postgres_url: str, sql: str, columns: int) -> None:
    driver = await asyncpg.connect(urlunsplit(urlsplit(postgres_url)._replace(scheme="postgresql")))
    try:
        await driver.execute(postgres._WRITER_SETTINGS)
        await driver.execute(f"PREPARE asked AS {sql}")
        values = ", ".join(["'main'", *["ARRAY['x']"] * columns])
        plan = [row[0] for row in await driver.fetch(f"EXPLAIN EXECUTE asked({values})")]
    finally:
        await driver.close()
    assert not [line for line in plan if _WHOLE.search(line)], "\n".join(plan)


def test_all_queries_are_asked() -> None:
    assert {"_RECORDS", "_FIRST_WORKS", "_MANDATES", "_EXTERNALS", "_BY_PERSON"} <= {name for name, *_ in asked()}
