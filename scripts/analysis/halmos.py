"""The properties of tests/simulation/symbolic, proved by halmos for every input within their bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.analysis.commands import run
from scripts.analysis.environment import HERE, HOME, Tools
from scripts.analysis.outcome import Outcome
from scripts.compile_contracts import SetUpError

LIMIT_SECONDS = 2_400
# What halmos reports of a property by its exit code.
VERDICTS = ("proved", "counterexample", "not decided in time", "stopped midway", "every input reverts", "broke down")


def prove(tools: Tools, project: Path, only: str) -> Iterator[Outcome]:
    """One outcome a property whose name contains `only`. A property with a loop that was cut short is not proved."""
    report, log = HOME / "halmos.json", HOME / "halmos.log"
    report.unlink(missing_ok=True)
    run(
        [
            *(tools.python, "-P", HERE / "halmos_launcher.py", "--root", project, "--json-output", report),
            *("--no-status", "--solver-timeout-branching", "20ms", "--solver-timeout-assertion", "300s"),
            *(("--match-test", only) if only else ()),
        ],
        log=log,
        folder=project,
        limit_seconds=LIMIT_SECONDS,
        environment=tools.environment(),
    )
    if not report.is_file():
        raise SetUpError(f"halmos did not finish; its output is in {log}.")
    tests: dict[str, list[dict[str, Any]]] = json.loads(report.read_text())["test_results"] or {}
    if not tests:
        raise SetUpError(f"No property was found; what halmos says is in {log}.")
    for place, results in sorted(tests.items()):
        for result in results:
            yield outcome(place.split(":")[-1], result)


def outcome(contract: str, result: dict[str, Any]) -> Outcome:
    """What one result of halmos's report says."""
    code, cut = result["exitcode"], result["num_bounded_loops"]
    name = result["name"].split("(")[0].removeprefix("check_")
    paths, seconds = result["num_paths"][0], result["time"][0]
    verdict = VERDICTS[code] if code < len(VERDICTS) else "broke down"
    if cut:
        verdict += f", {cut} loops cut short"
    detail = f"{verdict}: {paths} paths, {seconds:.0f} s"
    return Outcome("halmos", f"{contract.removesuffix('Test')}: {name}", code == 0 and not cut, detail)
