"""docs/capacity.md: cores, storage, gas and money for three sizes of service, computed from the kept figures.

python -m scripts.bench.capacity            write the page
python -m scripts.bench.capacity --check    say whether it is what the figures give
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "capacity.md"
SIZES: Final = (("1 million", 10**6), ("100 million", 10**8), ("10 billion", 10**10))
"""Contributions a month."""
ENTRIES: Final = 2
"""A contribution and its decision; appeals, links and the rest are a few in a hundred."""
DAYS: Final = 30
PEAK: Final = 4
"""The busiest hour against the mean."""
BUSY: Final = 0.7
"""How much of what was measured a log is planned for."""
A_PERSON: Final = 500
"""Contributions that one person makes in a month; each person is paid once a month."""
DATABASE_BYTES: Final = 1_450
MIRROR_BYTES: Final = 348
"""An entry's, of the benchmark's log of 1,000,000 entries on SQLite: contents of some 100 bytes, all indexes, receipts'
needs; and of its public mirror."""
BOOK_BYTES: Final = 400
"""Memory that a contribution or a decision takes in the book of the log's worker, and of an audit: 355 to 420."""
ANCHORS: Final = DAYS * 24 * 6
"""One in ten minutes."""
SETTLEMENTS: Final = DAYS
CORES: Final = 2
"""Of the machine that was measured, which the load's own client shared."""
SHAPE: Final = (2, 1, 1)
"""API processes, logs and workers of the rows of ``make scale`` whose processor time is taken."""
PRICES: Final = (("0.01 gwei (such as a rollup)", 10**7), ("1 gwei", 10**9), ("20 gwei", 20 * 10**9))


@dataclass(frozen=True, slots=True)
class Processors:
    """Microseconds of processor time for one entry."""

    api: float
    postgres: float
    worker: float

    @classmethod
    def of(cls, rows: list[dict[str, Any]], kind: str) -> Processors:
        """From the rows of ``make scale``."""
        (row,) = [
            row for row in rows if row["kind"] == kind and (row["services"], row["logs"], row["workers"]) == SHAPE
        ]
        return cls(row["api_us"], row["postgres_us"], row["worker_us"])


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: entries a second of one log, seconds to audit a million, gas of the calls."""

    singles: float
    batched: float
    single_time: Processors
    batched_time: Processors
    audit_seconds: float
    anchor: int
    settlement: int
    claim: int

    @classmethod
    def read(cls) -> Figures:
        """From the kept reports of ``make bench``, ``make scale`` and ``make bench-gas``."""
        scale = json.loads((ROOT / "docs" / "load.json").read_text())["scale"]["rows"]
        rows = {row["key"]: row for row in json.loads((ROOT / "docs" / "bench-log.json").read_text())["rows"]}
        gas: dict[str, Any] = json.loads((ROOT / "contracts" / "gas.json").read_text())["ours"]
        each = {name: round(gas[name]["gas"] / gas[name]["items"]) for name in ("anchor_random", "drawn_pool_repeat")}
        return cls(
            singles=rows["http-postgresql"]["ours"],
            batched=rows["batch-postgresql"]["ours"],
            single_time=Processors.of(scale, "contribution"),
            batched_time=Processors.of(scale, "batch of 100"),
            audit_seconds=rows["audit"]["ours"],
            anchor=each["anchor_random"],
            settlement=gas["settle_pool"]["gas"],
            claim=each["drawn_pool_repeat"],
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What a service of some size needs in a month."""

    entries: int
    peak: float
    logs_singly: int
    logs_batched: int
    api_cores: float
    api_cores_batched: float
    postgres_cores: float
    postgres_cores_batched: float
    worker_cores: float
    worker_gib: float
    database_gib: float
    mirror_gib: float
    audit_core_hours: float
    people: int
    gas_anchors: int
    gas_settlements: int
    gas_claims: int

    @property
    def gas(self) -> int:
        """All of it."""
        return self.gas_anchors + self.gas_settlements + self.gas_claims

    @classmethod
    def of(cls, contributions: int, figures: Figures) -> Need:
        """The arithmetic; every log anchors and settles by itself."""
        entries = contributions * ENTRIES
        peak = entries / (DAYS * 86_400) * PEAK
        logs, batched = (max(1, ceil(peak / (rate * BUSY))) for rate in (figures.singles, figures.batched))
        people = ceil(contributions / A_PERSON)
        one, many = figures.single_time, figures.batched_time

        def cores(microseconds: float) -> float:
            return peak * microseconds / 1e6 / BUSY

        return cls(
            entries=entries,
            peak=peak,
            logs_singly=logs,
            logs_batched=batched,
            api_cores=cores(one.api),
            api_cores_batched=cores(many.api),
            postgres_cores=cores(one.postgres),
            postgres_cores_batched=cores(many.postgres),
            worker_cores=cores(one.worker),
            worker_gib=entries * BOOK_BYTES / 2**30,
            database_gib=entries * DATABASE_BYTES / 2**30,
            mirror_gib=entries * MIRROR_BYTES / 2**30,
            audit_core_hours=entries / 10**6 * figures.audit_seconds / 3600,
            people=people,
            gas_anchors=ANCHORS * figures.anchor * logs,
            gas_settlements=SETTLEMENTS * figures.settlement * logs,
            gas_claims=people * figures.claim,
        )


def page(figures: Figures) -> str:
    """The page."""
    needs = [Need.of(count, figures) for _, count in SIZES]
    heads = [name for name, _ in SIZES]
    rows = [
        ("entries", [f"{need.entries:,}" for need in needs]),
        ("entries a second, in the busiest hour", [_round(need.peak) for need in needs]),
        ("logs, each a writer of its own, with one contribution a request", [str(need.logs_singly) for need in needs]),
        ("logs, with 100 a request", [str(need.logs_batched) for need in needs]),
        ("cores for API processes, one contribution a request", [_round(need.api_cores) for need in needs]),
        ("cores for API processes, 100 a request", [_round(need.api_cores_batched) for need in needs]),
        ("cores for PostgreSQL, one contribution a request", [_round(need.postgres_cores) for need in needs]),
        ("cores for PostgreSQL, 100 a request", [_round(need.postgres_cores_batched) for need in needs]),
        ("cores for workers", [_round(need.worker_cores) for need in needs]),
        ("memory of workers that is added", [_bytes(need.worker_gib) for need in needs]),
        ("database that is added", [_bytes(need.database_gib) for need in needs]),
        ("public mirror that is added", [_bytes(need.mirror_gib) for need in needs]),
        ("an audit of the month, hours of one core", [_round(need.audit_core_hours) for need in needs]),
        ("people who are paid", [f"{need.people:,}" for need in needs]),
        ("gas for anchors", [f"{need.gas_anchors:,}" for need in needs]),
        ("gas for settlements", [f"{need.gas_settlements:,}" for need in needs]),
        ("gas for payments", [f"{need.gas_claims:,}" for need in needs]),
    ]
    for name, wei in PRICES:
        rows.append((f"coins at {name}", [_round(need.gas * wei / 10**18) for need in needs]))
    lines = [f"| a month | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows]
    table = "\n".join(lines)
    return _TEXT.format(table=table, **_assumed(figures))


def _assumed(figures: Figures) -> dict[str, str]:
    return {
        "singles": f"{figures.singles:,.0f}",
        "batched": f"{figures.batched:,.0f}",
        "one": _times(figures.single_time),
        "many": _times(figures.batched_time),
        "audit": f"{figures.audit_seconds:.3g}",
        "anchor": f"{figures.anchor:,}",
        "settlement": f"{figures.settlement:,}",
        "claim": f"{figures.claim:,}",
        "entries": str(ENTRIES),
        "peak": str(PEAK),
        "busy": str(BUSY),
        "person": str(A_PERSON),
        "book": f"{BOOK_BYTES:,}",
        "book_gib": _bytes(10**8 * BOOK_BYTES / 2**30),
        "database": f"{DATABASE_BYTES:,}",
        "mirror": f"{MIRROR_BYTES:,}",
        "cores": str(CORES),
    }


def _times(time: Processors) -> str:
    return f"{time.api:.0f}, {time.postgres:.0f} and {time.worker:.0f}"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _bytes(gib: float) -> str:
    return f"{gib:,.1f} GiB" if gib < 1024 else f"{gib / 1024:,.1f} TiB"


_TEXT: Final = """# What a service of some size needs

Written by `python -m scripts.bench.capacity` from the kept figures of `make bench` ([engine.md](engine.md)), `make
scale` ([load.md](load.md)) and `make bench-gas` ([gas.md](gas.md)); a test holds them together. It is arithmetic on
measurements of one small machine, not a measurement of large ones.

{table}

## From what

- A contribution makes {entries} entries, itself and its decision. The busiest hour has {peak} times the mean, and a
  log is planned for {busy} of what was measured. One person makes {person} contributions a month and is paid once,
  relayed with a hundred others.
- One log on PostgreSQL takes {singles} contributions a second one a request and {batched} in batches of 100, on
  {cores} cores that the load's own client and the database shared. A log has one writer at a time: more than one log
  takes means more logs (`crowdledger log add`), by campaign or by platform, which anchor and settle by themselves.
- Processor time of an entry, in microseconds, of API, PostgreSQL and worker: {one} with one contribution a
  request, {many} with 100. Cores are planned for {busy} of it, in the busiest hour; a decision takes what a
  contribution takes, and reading comes on top ([load.md](load.md)). API processes are spread over cores and machines as
  you like, workers one a log.
- An entry takes {database} bytes of the database with a content of some 100 bytes, and {mirror} bytes of the public
  mirror. Files are beside that, at their own size. Contents can be erased (`content_retention_days`), entries cannot.
- A worker, and whoever audits, keeps the book of its log in memory: {book} bytes an entry, however old, so {book_gib}
  for 100 million. Before a log outgrows the machine, open new campaigns in another one.
- An audit replays a million entries in {audit} seconds of one core, and reads the mirror, not the service. A monitor
  that follows pays it once.
- Gas: an anchor {anchor} (one in ten minutes a log), a settlement {settlement} (one a day a log, ten campaigns each),
  a payment {claim} in a batch of a hundred to people who were paid before; a person's first costs more. On a rollup,
  what it posts to its parent chain comes on top.
- What is cheapest to change: people paid each quarter instead of each month, or who claim by themselves, and anchors
  each hour.

## What was not measured

A log beyond 1,000,000 entries; machines with more than two cores; databases on a machine of their own; storage that
is replicated. At 10 billion a month the tables of a log grow by hundreds of gigabytes: partition them or begin a new
log each month, and measure that first.
"""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the page is another one")
    wanted = page(Figures.read())
    if not parser.parse_args().check:
        PAGE.write_text(wanted)
    elif not PAGE.exists() or PAGE.read_text() != wanted:
        sys.exit(f"{PAGE.name} is not what the figures give: run 'python -m scripts.bench.capacity'.")


if __name__ == "__main__":
    main()
