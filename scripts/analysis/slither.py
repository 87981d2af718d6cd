"""Slither over our own contracts. Every finding is either repaired or explained beside the code.

An explanation is a comment in words on the line before `// slither-disable-next-line DETECTOR`. Detectors that say
nothing here are left out in slither.config.json, each with its reason in docs/analysis.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.analysis.commands import run
from scripts.analysis.environment import HERE, HOME, Tools
from scripts.analysis.outcome import Outcome
from scripts.compile_contracts import SetUpError

LIMIT_SECONDS = 300
DISABLE = re.compile(r"slither-disable")
DISABLE_NEXT = re.compile(r"^\s*// slither-disable-next-line [a-z0-9-]+(,[a-z0-9-]+)*$")
REASON = re.compile(r"^\s*//(?!/).*\w+ \w+ \w+")
IDLE = "unused-ignore-directive"
# Slither says so where it could not read a function; in other people's code that hides nothing of ours.
NOT_READ = re.compile(r"^ERROR.*\(contracts/")


def analyse(tools: Tools, project: Path) -> Iterator[Outcome]:
    """One outcome for every finding that is left and every explanation that is missing or idle, else a good one."""
    report, log = HOME / "slither.json", HOME / "slither.log"
    report.unlink(missing_ok=True)
    run(
        [
            *(tools.python, "-m", "slither", ".", "--ignore-compile", "--warn-unused-ignores", "--fail-none"),
            *("--config-file", HERE / "slither.config.json", "--json", report),
        ],
        log=log,
        folder=project,
        limit_seconds=LIMIT_SECONDS,
        environment=tools.environment(),
    )
    answer = json.loads(report.read_text()) if report.is_file() else {}
    if not answer.get("success"):
        raise SetUpError(f"Slither did not finish: {answer.get('error') or 'see its output'}. Its output is in {log}.")
    bad = [
        *(Outcome("slither", place(finding), False, in_a_line(finding)) for finding in findings(answer)),
        *(Outcome("slither", path, False, text) for path, text in unexplained(project / "contracts", project)),
        *(Outcome("slither", path, False, text) for path, text in idle(answer, project)),
        *(Outcome("slither", "output", False, line) for line in complaints(log.read_text(errors="replace"))),
    ]
    explained = sum(len(DISABLE.findall(path.read_text())) for path in (project / "contracts").rglob("*.sol"))
    yield from bad or [
        Outcome("slither", "contracts/", True, f"no finding that is not explained; {explained} explained")
    ]


def findings(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What the detectors found, as slither reports it."""
    return [finding for finding in answer["results"].get("detectors", []) if finding["check"] != IDLE]


def idle(answer: dict[str, Any], root: Path) -> Iterator[tuple[str, str]]:
    """Where a finding is silenced that is not there, in our own sources."""
    for finding in answer["results"].get("detectors", []):
        for entry in finding.get("unused_ignores", []):
            place = Path(entry["file"]).resolve()
            if place.is_relative_to(root / "contracts"):
                yield f"{place.relative_to(root)}:{entry['line']}", f"nothing to silence: {entry['unused_detectors']}"


def place(finding: dict[str, Any]) -> str:
    """File and line that a finding is about."""
    for element in finding["elements"]:
        source = element["source_mapping"]
        if source["lines"]:
            return f"{source['filename_relative']}:{source['lines'][0]}"
    return "contracts/"


def in_a_line(finding: dict[str, Any]) -> str:
    """Detector, weight and first line of what it says."""
    return f"{finding['check']} ({finding['impact']}): {finding['description'].strip().splitlines()[0]}"


def unexplained(contracts: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Where a finding is silenced without a reason in words right before, or for more than one line."""
    for path in sorted(contracts.rglob("*.sol")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines, start=1):
            if not DISABLE.search(line):
                continue
            where = f"{path.relative_to(root)}:{number}"
            if not DISABLE_NEXT.match(line):
                yield where, "silence one line at a time: '// slither-disable-next-line DETECTOR'"
            elif number == 1 or not REASON.match(lines[number - 2]) or DISABLE.search(lines[number - 2]):
                yield where, "say why in a comment on the line before"


def complaints(output: str) -> list[str]:
    """Lines of slither's output that say that it could not read something of ours."""
    return [line for line in output.splitlines() if NOT_READ.match(line)]
