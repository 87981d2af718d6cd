"""``crowdledger demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, emit, example

_INSTALLED = Path(__file__).resolve().parents[1] / "demo" / "data"  # a wheel brings a copy of the files below
_DATA = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[2] / "tests" / "data"
DATA = {
    "rating": _DATA / "surveys" / "frackfinder-oh-2014-task_run.json",
    "processing": _DATA / "snow2008-rte.csv",
    "solving": _DATA / "labels" / "bluebirds.csv",
    "creation": _DATA / "labels" / "snow2008-temporal.csv",
    "funding": _DATA / "labels" / "bluebirds.csv",
}
"""The real answers that each type of campaign is played on."""
Campaign = Literal["rating", "processing", "solving", "creation", "funding"]


def register(app: Commands) -> None:
    """Add the command."""
    app.command(epilog=example("crowdledger demo --campaign solving --questions 24 --json"))(demo)


def demo(
    campaign: Annotated[Campaign, typer.Option(help="The type of campaign to play.")] = "processing",
    data: Annotated[
        Path | None,
        typer.Option(help="Answers to use: task,worker,label[,truth]; for rating a PYBOSSA export of task runs."),
    ] = None,
    questions: Annotated[int | None, typer.Option(min=1, help="Only so many of the questions.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep all that is made in this (empty) folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """A whole campaign on real answers: record, decide, anchor, pay, audit from outside, and catch a cheat."""
    from ledger.demo.run import run_demo

    summary = run_demo(campaign, data or DATA[campaign], questions=questions, folder=folder, quiet=as_json)
    if as_json:
        emit(summary.to_json() + "\n")
    raise typer.Exit(1 if summary.problems() else 0)
