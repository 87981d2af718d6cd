"""The rows about writing, over HTTP and on both databases."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from scripts.bench import http_rows, raw
from scripts.bench.http_rows import ITEMS
from scripts.bench.measured import Reach, Row
from scripts.bench.shared import Bench

_PLAIN_COMMITS = 200


def single(bench: Bench, stack: ExitStack, database: str, reach: float) -> list[Row]:
    """A contribution a request against the bare echo."""
    site = bench.site(f"http-{database}", database)
    return http_rows.single_rows(stack, bench.load, site, database, bench.options.rounds, bench.sizes, reach)


def naive(bench: Bench, stack: ExitStack) -> list[Row]:
    """A contribution a request against a naive endpoint."""
    site = bench.site("http-naive", "sqlite")
    return http_rows.naive_rows(stack, bench.load, site, bench.options.rounds, bench.sizes)


def batch(bench: Bench, stack: ExitStack, database: str) -> list[Row]:
    """100 contributions a request against the same rows in bulk, and against rows in one plain table."""
    captured = bench.captured
    site = bench.site(f"batch-{database}", database)
    if database == "sqlite":
        bulk = raw.SqliteBulk(bench.folder / "bulk", captured).per_second
    else:
        bulk = raw.PostgresBulk(bench.postgres.create(), captured).per_second
    rows = http_rows.batch_rows(stack, bench.load, site, database, bench.options.rounds, bench.sizes, bulk)
    (row,) = rows
    row.notes["rows_a_contribution"] = round(captured.rows_an_item, 2)
    seconds = bench.plain_commit(database, rows=ITEMS)
    plain = ITEMS / seconds
    row.notes["plain_rows_per_second"] = round(plain)
    return [
        row,
        replace(
            row,
            key=f"{row.key}-plain",
            against="rows of one plain table, 100 a commit",
            yardstick=plain,
            ratio=row.ours / plain,
            rounds=(),
            reach=Reach("at least", 0.2),
            notes={},
        ),
    ]


def lone(bench: Bench, stack: ExitStack, database: str) -> list[Row]:
    """One request after the other against one durable commit."""
    site = bench.site(f"lone-{database}", database)
    return http_rows.lone_rows(
        stack,
        bench.load,
        site,
        database,
        bench.options.rounds,
        bench.sizes,
        lambda: bench.plain_commit(database, rows=1),
    )
