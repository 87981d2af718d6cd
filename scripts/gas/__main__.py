"""``python -m scripts.gas``: measures everything and prints the table beside peers and the computed floor.

Exit code: 0 all figures are the committed ones and keep their limits, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from dataclasses import replace
from itertools import chain

from rich.console import Console

from ledger.errors import CrowdLedgerError
from scripts.gas import check_costs, peer_packages, run, snapshot, tables
from scripts.gas.check_costs import RENEW_CHECKS
from scripts.gas.lab import Lab
from scripts.gas.measured import Measured
from scripts.gas.profile import profile
from scripts.gas.rows import PEERS, ROWS
from scripts.gas.snapshot import RENEW, Snapshot

_ASSUMES = (
    "gas: receipts of real transactions, each item; means are rounded up. floor: the transaction, its data as sent, "
    "the slots and accounts that any such design touches, the events as emitted and the proof's hashes (EIP-2028, "
    "2929, 2200, 3529, 7623); no contract code."
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.gas", description="What the contracts cost, measured.")
    parser.add_argument("--check", action="store_true", help="ours alone; print only what differs or breaks a limit")
    parser.add_argument("--write", action="store_true", help="renew contracts/gas.json and the tables of the pages")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.add_argument("--checks", action="store_true", help="measure what each check adds, and nothing else")
    parser.add_argument("--no-peers", action="store_true", help="show others' committed figures, do not measure them")
    parser.add_argument("--profile", metavar="ROW", choices=[row.key for row in ROWS], help="where a row's gas goes")
    return parser.parse_args()


def _measure(*, with_peers: bool) -> Snapshot:
    """All figures; those of peers that are not to be measured are the committed ones."""
    if with_peers:
        packages = peer_packages.packages()
        with Lab() as lab:
            figures = {each.key: each for each in chain(run.ours(lab), run.peers(lab))}
        return Snapshot(figures, packages, snapshot.load_checks())
    committed = snapshot.load()
    with Lab() as lab:
        return replace(committed, figures={**committed.figures, **{each.key: each for each in run.ours(lab)}})


def _show_profile(key: str) -> int:
    of_peers = key in {row.key for row in PEERS}
    if of_peers:
        peer_packages.packages()
    with Lab(tracing=True) as lab, closing(run.peers(lab) if of_peers else run.ours(lab)) as rows:
        for figure in rows:
            if figure.key == key and figure.transactions:
                for transaction in figure.transactions[:2]:
                    _print_profile(lab, figure, transaction)
                return 0
    print(f"{key} is no transaction of its own.")
    return 1


def _print_profile(lab: Lab, figure: Measured, transaction: str) -> None:
    groups = profile(lab, transaction)
    total = sum(gas for _, gas in groups)
    # A transaction of many items shows them each; of one transaction a item, the transaction.
    items = max(1, figure.items // len(figure.transactions))
    print(f"{figure.key}: {total:,} gas" + (f", {total // items:,} each of {items:,}" if items > 1 else ""))
    for name, gas in groups:
        print(f"  {name:34} {gas:>12,} {gas // items:>10,} {100 * gas // total:>4}%")


def _measure_checks(*, write: bool, as_json: bool) -> int:
    committed = snapshot.load()
    fresh = replace(committed, checks=check_costs.measure())
    changed = fresh.checks != committed.checks and not write
    if write:
        fresh.save()
        tables.write_pages(fresh)
    if as_json:
        print(json.dumps({"checks": fresh.checks.members(), "changed": changed}))
        return 1 if changed else 0
    tables.show(tables.check_tables(fresh.checks), Console())
    stale = check_costs.stale(fresh.checks, fresh.figures)
    for line in stale:
        print(f"Does not fit the committed figures: {line}. Run '{RENEW}' first.")
    if changed:
        print(f"Not the committed figures. If that is meant, run '{RENEW_CHECKS}'.")
    return 1 if changed or stale else 0


def main() -> int:
    """Runs the benchmark as the arguments say."""
    arguments = _arguments()
    if arguments.profile:
        return _show_profile(arguments.profile)
    if arguments.checks:
        return _measure_checks(write=arguments.write, as_json=arguments.json)
    fresh = _measure(with_peers=not (arguments.no_peers or arguments.check))
    broken = snapshot.broken_limits(fresh.figures)
    if arguments.write:
        fresh.save()
        tables.write_pages(fresh)
        changed: list[str] = []
    else:
        changed = snapshot.differences(snapshot.load(), fresh.figures.values())
    stale = check_costs.stale(fresh.checks, fresh.figures)
    if arguments.json:
        members = {
            each.key: {"gas": each.gas, "items": each.items, "floor": each.floor} for each in fresh.figures.values()
        }
        print(json.dumps({"figures": members, "broken": broken, "changed": changed, "stale_checks": stale}))
        return 1 if broken or changed or stale else 0
    if not arguments.check:
        tables.show(tables.figure_tables(fresh.figures), Console())
        print(f"\n{_ASSUMES}\n\nWhat each check adds, as committed:\n")
        tables.show(tables.check_tables(fresh.checks), Console())
    for line in broken:
        print(f"Over the limit: {line}")
    for line in changed:
        print(f"Not the committed figure: {line}. If that is meant, run '{RENEW}'.")
    for line in stale:
        print(f"The price of a check is stale: {line}. Run '{RENEW_CHECKS}'.")
    return 1 if broken or changed or stale else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CrowdLedgerError as error:
        sys.exit(str(error))
