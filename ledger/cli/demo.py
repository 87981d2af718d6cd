"""``crowdledger demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.output import AsJson, example

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "snow2008-rte.csv"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("crowdledger demo --data answers.csv --questions 40 --json"))(demo)


def demo(
    data: Annotated[Path, typer.Option(help="Answers to use: task,worker,label[,truth].")] = DATA,
    questions: Annotated[int | None, typer.Option(min=1, help="Only so many of the questions.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep all that is made in this (empty) folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """The main job on real answers: record, decide, anchor, pay, audit from outside, and catch a cheating operator."""
    from ledger.demo.run import run_demo

    summary = run_demo(data, questions=questions, folder=folder, quiet=as_json)
    if as_json:
        print(summary.to_json())
    raise typer.Exit(1 if summary.problems() else 0)
