"""The figures of docs/comparison.md, from the kept reports of ``make bench`` and ``make bench-gas``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from scripts.bench.pages import REPORT, figure, placed
from scripts.compile_contracts import ROOT

PAGE: Final = ROOT / "docs" / "comparison.md"
_GAS: Final = ROOT / "contracts" / "gas.json"
_SPEED: Final = (
    ("batch-sqlite-plain", "contributions, 100 a request: rows of one plain table, SQLite"),
    ("batch-postgresql-plain", "contributions, 100 a request: rows of one plain table, PostgreSQL"),
    ("http-naive", "a contribution a request: an endpoint that stores the same facts without a log"),
)
_COST: Final = (
    ("contribution", "eas_timestamp_many", "gas a contribution, 10,000 in one anchor: EAS multiTimestamp of 100, each"),
    ("contribution", "eas_attest", "gas a contribution, 10,000 in one anchor: EAS attest, one"),
    ("anchor_1m", "eas_timestamp", "gas for one root over any number: EAS timestamp, which checks nothing about it"),
    ("many_pool_repeat", "human_repeat", "gas a payment, 100 at once, from a pool: HUMAN bulkPayOut"),
    ("many_token_repeat", "disperse_repeat", "gas a payment, 100 at once, in a RewardToken: a plain loop of transfers"),
)
"""Ours, theirs, and what is compared."""


def table() -> str:
    """The table of the page. Raises KeyError when a report lacks a row."""
    rows = {row["key"]: row for row in json.loads(REPORT.read_text())["rows"]}
    gas = json.loads(_GAS.read_text())
    lines = ["| what, beside what | ours | theirs |", "|---|---:|---:|"]
    for key, words in _SPEED:
        ours, theirs = (f"{figure(rows[key][name])} {rows[key]['unit']}" for name in ("ours", "yardstick"))
        lines.append(f"| {words} | {ours} | {theirs} |")
    for own, other, words in _COST:
        lines.append(f"| {words} | {_each(gas['ours'][own])} | {_each(gas['peers'][other])} |")
    return "\n".join(lines)


def _each(measured: dict[str, Any]) -> str:
    each = measured["gas"] / measured["items"]
    return f"{each:.2f}" if each < 100 else f"{-(-measured['gas'] // measured['items']):,}"


def page() -> str:
    """The page as it should be."""
    return placed(PAGE.read_text(), "compared", table())


def files() -> dict[Path, str]:
    """What is written."""
    return {PAGE: page()}
