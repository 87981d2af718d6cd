"""How fast the log engine is: every figure beside its own yardstick, interleaved in one run, medians of rounds.

python scripts/bench_log.py                          the whole table, and build/bench-log.json
python scripts/bench_log.py --only http-sqlite       some rows (names or their beginnings, with commas between)
python scripts/bench_log.py --quick                  everything in a few seconds, to see that it works
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.bench.measured import table
from scripts.bench.run import ROWS, measure
from scripts.bench.shared import Options


def main(arguments: Sequence[str]) -> int:
    """Measure and print; the exit code is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help=f"rows to measure, of: {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=5, help="the medians of so many interleaved rounds count")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that it works, the figures mean nothing"
    )
    parser.add_argument("--postgres", metavar="URL", help="a PostgreSQL server to use instead of one of its own")
    parser.add_argument("--json", metavar="PATH", type=Path, default=Path("build/bench-log.json"))
    parser.add_argument("--entries", type=int, default=1_000_000, help="size of the log that is read and replayed")
    parser.add_argument("--growth", default="10000,100000,1000000", help="sizes at which the same is measured again")
    parser.add_argument("--fresh", action="store_true", help="load the logs of build/bench anew")
    chosen = parser.parse_args(arguments)
    only = [name for name in chosen.only.split(",") if name]
    unknown = [name for name in only if not any(row.startswith(name) for row in ROWS)]
    if unknown:
        parser.error(f"there is no row '{unknown[0]}'; there are {', '.join(ROWS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stops the servers too
    quick = chosen.quick
    options = Options(
        rounds=1 if quick else chosen.rounds,
        quick=quick,
        postgres=chosen.postgres,
        entries=2_000 if quick else chosen.entries,
        growth=(500, 2_000) if quick else tuple(map(int, chosen.growth.split(","))),
        fresh=chosen.fresh,
    )
    rows = list(measure(options, only))
    print(table(rows))
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    report = {"machine": machine, "rounds": options.rounds, "rows": [row.members() for row in rows]}
    chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
