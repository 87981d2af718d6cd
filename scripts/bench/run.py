"""The rows by name, and the run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from scripts.bench import growth_rows, importing, proof_rows, replay_rows, write_rows
from scripts.bench.measured import Row
from scripts.bench.shared import Bench, Options

ROWS: dict[str, Callable[[Bench, ExitStack], list[Row]]] = {
    "http-sqlite": partial(write_rows.single, database="sqlite", reach=0.25),
    "http-postgresql": partial(write_rows.single, database="postgresql", reach=0.35),
    "http-naive": write_rows.naive,
    "batch-sqlite": partial(write_rows.batch, database="sqlite"),
    "batch-postgresql": partial(write_rows.batch, database="postgresql"),
    "importing": importing.rows,
    "lone-sqlite": partial(write_rows.lone, database="sqlite"),
    "lone-postgresql": partial(write_rows.lone, database="postgresql"),
    "tree": replay_rows.tree_rows,
    "proof": proof_rows.rows,
    "signature": replay_rows.signature_rows,
    "audit": replay_rows.audit_rows,
    "growth": growth_rows.rows,
    "restart": growth_rows.restart_rows,
}


def measure(options: Options, only: list[str]) -> Iterator[Row]:
    """Measure the rows whose names begin with one of ``only`` (all of them without)."""
    with ExitStack() as stack:
        bench = Bench(options, stack)
        for name, rows in ROWS.items():
            if not only or any(name.startswith(each) for each in only):
                print(f"{name} ...", file=sys.stderr, flush=True)
                with ExitStack() as servers:
                    yield from rows(bench, servers)
