"""`make analyse`: slither and halmos on the contracts; exit code 1 if anything is found that is not explained."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.analysis import halmos, slither
from scripts.analysis.environment import set_up
from scripts.analysis.outcome import Outcome
from scripts.analysis.project import build, make_project
from scripts.compile_contracts import CONTRACTS, SetUpError, compiler

TOOLS = ("slither", "halmos")


def analyse(tools: Sequence[str], contracts: Path, only: str) -> list[Outcome]:
    """What the tools say of the contracts in a folder. Raises `SetUpError`."""
    programs = set_up()
    outcomes: list[Outcome] = []
    with compiler() as solc:
        project = make_project(solc, contracts)
        say("Compiling contracts and properties, about a minute ...")
        build(programs, project)
        if "slither" in tools:
            say("slither ...")
            outcomes += slither.analyse(programs, project)
        if "halmos" in tools:
            say("halmos, some minutes ...")
            outcomes += halmos.prove(programs, project, only)
    return outcomes


def say(text: str) -> None:
    """Progress goes to stderr."""
    print(text, file=sys.stderr, flush=True)


def show(outcomes: Sequence[Outcome]) -> None:
    """The table on stdout; when piped, every line is whole."""
    table = Table("tool", "subject", "", "what was found", box=None, pad_edge=False)
    for outcome in outcomes:
        table.add_row(outcome.tool, outcome.subject, "ok" if outcome.good else "BAD", outcome.detail)
    console = Console() if sys.stdout.isatty() else Console(width=400, color_system=None)
    console.print(table, markup=False)


def main() -> int:
    """Exit code: 0 nothing unexplained and everything proved, 1 otherwise, 2 if a tool could not do its work."""
    parser = argparse.ArgumentParser(prog="make analyse", description="Analyse the contracts with slither and halmos.")
    parser.add_argument("--tool", choices=TOOLS, action="append", help="only this tool")
    parser.add_argument("--only", default="", metavar="NAME", help="only the properties whose names match")
    parser.add_argument("--contracts", type=Path, default=CONTRACTS, help="another copy of contracts/, to try changes")
    arguments = parser.parse_args()
    try:
        outcomes = analyse(arguments.tool or TOOLS, arguments.contracts, arguments.only)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2
    show(outcomes)
    bad = sum(not outcome.good for outcome in outcomes)
    print(f"{len(outcomes) - bad} good, {bad} to repair or explain")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
