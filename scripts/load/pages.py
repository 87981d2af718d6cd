"""The kept figures (docs/load.json) and the tables of docs/load.md that are written from them.

python -m scripts.load.pages            write the page anew
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from scripts.bench.pages import figure, placed

ROOT: Final = Path(__file__).resolve().parents[2]
REPORT: Final = ROOT / "docs" / "load.json"
PAGE: Final = ROOT / "docs" / "load.md"


def load_table(members: dict[str, Any]) -> str:
    """A run without faults: times by kind of request, and memory."""
    lines = [
        f"{members['requests']:,} requests in {members['seconds']:.0f} s on {members['services']} API processes: "
        f"{members['per_second']:.0f} a second, {members['share']:.0%} of the {members['most_per_second']:.0f} that "
        f"the machine can do; {members['errors']} errors.",
        "",
        "| request | sent | idle p50, ms | idle p99 | under load p50 | p99 | times idle | |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for each in members["kinds"]:
        times = " | ".join(figure(each[name]) for name in ("idle_p50", "idle_p99", "p50", "p99", "times"))
        lines.append(f"| {each['kind']} | {each['requests']:,} | {times} | {_MET[each['met']]} |")
    lines += ["", "| memory, MiB | start | middle | end | |", "|---|---:|---:|---:|---|"]
    for name, held in members["memory"].items():
        sizes = " | ".join(f"{held[when] / 2**20:.1f}" for when in ("start", "middle", "end"))
        book = f", {held['book'] / 2**20:.1f} for the book" if held.get("book") else ""
        lines.append(f"| {name} | {sizes} | {'flat' if held['flat'] else '**grows**'}{book} |")
    return "\n".join(lines)


def faults_table(members: dict[str, Any]) -> str:
    """A run with faults: what was done to it and what held."""
    again = sum(members["sent_again"].values())
    lines = [
        f"{members['requests']:,} requests in {members['seconds']:.0f} s, {again:,} times sent again, "
        f"{members['errors']} errors; {members['acknowledged']:,} receipts verified.",
        "",
        "| fault | times |",
        "|---|---:|",
        *(f"| {name} | {count} |" for name, count in members["faults"].items()),
        "",
        "| check at the end | |",
        "|---|---|",
        *(f"| {name} | {f'**fails**, {count}' if count else 'holds'} |" for name, count in members["checks"].items()),
    ]
    return "\n".join(lines)


def scale_table(members: dict[str, Any]) -> str:
    """Shapes of a service, and the processor time that each of its parts takes."""
    lines = [
        "| | API processes | logs | workers a log | a second | API, µs | PostgreSQL, µs | worker, µs | client, µs |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in members["rows"]:
        shape = " | ".join(str(row[name]) for name in ("services", "logs", "workers"))
        used = " | ".join(
            figure(row[name]) for name in ("per_second", "api_us", "postgres_us", "worker_us", "client_us")
        )
        lines.append(f"| {row['kind']} | {shape} | {used} |")
    return "\n".join(lines)


_MEASURED: Final = ("per_second", "api_us", "postgres_us", "worker_us", "client_us")
_TABLES: Final = {"load": load_table, "faults": faults_table, "scale": scale_table}
_MET: Final = {True: "met", False: "**missed**", None: "too few to say"}


def page() -> str:
    """The page as it should be."""
    report, text = json.loads(REPORT.read_text()), PAGE.read_text()
    for part, table in _TABLES.items():
        text = placed(text, part, table(report[part]) if part in report else "(not measured yet)")
    return text


def keep(part: str, members: dict[str, Any]) -> None:
    """Put one run's figures in the place of its like."""
    report = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    report[part] = members
    REPORT.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page())


if __name__ == "__main__":
    PAGE.write_text(page())
