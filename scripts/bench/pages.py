"""The figures in the README and in docs/engine.md, written from the kept report: figures stand in one place only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
REPORT: Final = ROOT / "docs" / "bench-log.json"
_FULL: Final = ROOT / "docs" / "engine.md"
_SHORT: Final = ROOT / "README.md"
_SHORT_ROWS: Final = (
    *("http-sqlite", "http-postgresql", "http-naive", "batch-sqlite", "batch-postgresql", "lone-sqlite", "tree"),
    *("proof-inclusion-start", "signature", "audit"),
)


def figure(value: float) -> str:
    """Three digits, or whole numbers from 1,000."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def full(report: dict[str, Any]) -> str:
    """All rows, as a Markdown table."""
    lines = [
        "| measure | yardstick in the same run | ours | yardstick | ratio | reach | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        met = {True: "met", False: "**missed**", None: ""}[row["met"]]
        ours, yardstick = (f"{figure(row[name])} {row['unit']}" for name in ("ours", "yardstick"))
        cells = (row["measure"], row["yardstick_is"], ours, yardstick, figure(row["ratio"]), row["reach"] or "", met)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def short(report: dict[str, Any]) -> str:
    """The rows that the README shows."""
    rows = {row["key"]: row for row in report["rows"]}
    lines = ["| measured, beside its yardstick | ours | ratio | aim |", "|---|---|---|---|"]
    for key in _SHORT_ROWS:
        row = rows[key]
        aim = f"{row['reach']}{'' if row['met'] else ', missed'}" if row["reach"] else ""
        what = f"{row['measure']} : {row['yardstick_is']}"
        lines.append(f"| {what} | {figure(row['ours'])} {row['unit']} | {figure(row['ratio'])} | {aim} |")
    return "\n".join(lines)


def placed(page: str, name: str, table: str) -> str:
    """The page with ``table`` between its marks ``<!-- name -->`` and ``<!-- /name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"The page has not one pair of the marks {begin} and {end}.")
    return re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{table}\n{end}", page, flags=re.DOTALL)


def pages() -> dict[Path, str]:
    """Both pages as they should be."""
    report = json.loads(REPORT.read_text())
    return {
        _FULL: placed(_FULL.read_text(), "bench", full(report)),
        _SHORT: placed(_SHORT.read_text(), "bench:short", short(report)),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
