"""The committed figures, ``contracts/gas.json``: written by ``--write``, compared exactly by a test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import ConfigError
from scripts.gas.check_costs import NOT_MEASURED, CheckCosts
from scripts.gas.measured import Measured
from scripts.gas.peer_packages import Package
from scripts.gas.rows import COMPARISONS, OURS, PEERS, ROWS

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "contracts" / "gas.json"
RENEW = "make bench-gas ARGS=--write"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Figures by key, the packages of the peers by name, and what the checks cost."""

    figures: Mapping[str, Measured]
    packages: Mapping[str, Package]
    checks: CheckCosts

    def save(self) -> None:
        """Writes the file in the order of the table."""
        members = {
            "ours": {row.key: _members(self.figures[row.key]) for row in OURS},
            "peers": {row.key: _members(self.figures[row.key]) for row in PEERS},
            "packages": {
                name: {"version": package.version, "licence": package.licence}
                for name, package in sorted(self.packages.items())
            },
            "checks": self.checks.members(),
        }
        PATH.write_text(json.dumps(members, indent=1) + "\n")


def load() -> Snapshot:
    """The committed snapshot. Raises ConfigError where it is missing or has not exactly the rows of the table."""
    try:
        members: dict[str, Any] = json.loads(PATH.read_text())
        figures = {key: Measured(key, **values) for part in ("ours", "peers") for key, values in members[part].items()}
        packages = {name: Package(name, **values) for name, values in members["packages"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"The gas snapshot {PATH} cannot be read: {error!r}.", remedy=f"Run '{RENEW}'.") from error
    if figures.keys() != {row.key for row in ROWS}:
        wrong = ", ".join(sorted(figures.keys() ^ {row.key for row in ROWS}))
        raise ConfigError(f"The gas snapshot {PATH} has not the rows of the table: {wrong}.", remedy=f"Run '{RENEW}'.")
    return Snapshot(figures, packages, load_checks())


def load_checks() -> CheckCosts:
    """The committed costs of the checks, none where there are none. Raises ConfigError where they cannot be read."""
    if not PATH.is_file():
        return NOT_MEASURED
    try:
        members: dict[str, Any] = json.loads(PATH.read_text())
        return CheckCosts.of(members["checks"]) if "checks" in members else NOT_MEASURED
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"What the checks cost cannot be read from {PATH}: {error!r}.", remedy='Take "checks" out of it.'
        ) from error


def _members(figure: Measured) -> dict[str, object]:
    found: dict[str, object] = {"gas": figure.gas, "items": figure.items}
    if figure.floor is not None:
        found["floor"] = figure.floor
    if figure.bound:
        found["bound"] = True
    return found


def differences(committed: Snapshot, fresh: Iterable[Measured]) -> list[str]:
    """A line for each figure that is not the committed one to the last unit of gas."""
    found = []
    for figure in fresh:
        known = committed.figures[figure.key]
        if _members(known) != _members(figure):
            change = figure.gas - known.gas
            found.append(f"{figure.key}: {figure.each:,} each, committed {known.each:,} ({change:+,} gas in all)")
    return found


def broken_limits(figures: Mapping[str, Measured]) -> list[str]:
    """A line for each limit that is not kept without a reason, comparisons with peers included where those are there.

    A reason that is none any more is a line too.
    """
    found = [
        f"{row.key}: {figures[row.key].each:,} each, the limit is {row.limit:,}"
        for row in ROWS
        if row.limit is not None and not row.reason and row.key in figures and figures[row.key].each > row.limit
    ]
    found += [
        f"{row.key}: keeps its limit, so that its reason for not doing so must go"
        for row in ROWS
        if row.limit is not None and row.reason and row.key in figures and figures[row.key].each <= row.limit
    ]
    for pair in COMPARISONS:
        if pair.ours in figures and pair.peer in figures:
            ours, peer = figures[pair.ours], figures[pair.peer]
            if ours.gas * peer.items * pair.times >= peer.gas * ours.items:
                times = "" if pair.times == 1 else f"{pair.times:,} times "
                found.append(f"{pair.ours}: not {times}under {pair.peer}")
    return found
