"""One campaign from beginning to end, each step timed."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from ledger.demo.act import Act, Scene
from ledger.demo.scenes.creation import Creation
from ledger.demo.scenes.funding import Funding
from ledger.demo.scenes.processing import Processing
from ledger.demo.scenes.rating import Rating
from ledger.demo.scenes.solving import Solving
from ledger.demo.stage import free_folder
from ledger.demo.summary import Summary

SCENES: Final[dict[str, type[Scene]]] = {
    scene.name: scene for scene in (Rating, Processing, Solving, Creation, Funding)
}


def run_demo(campaign: str, data: Path, *, questions: int | None, folder: Path | None, quiet: bool) -> Summary:
    """Play a campaign of that type on ``data`` and say what happened. Raises CrowdLedgerError where a step fails.

    ``folder`` keeps what was made; without it all goes at the end. ``quiet`` leaves the words to the caller.
    """
    console = Console(stderr=quiet, quiet=quiet and not sys.stderr.isatty())
    scene = SCENES[campaign](data, questions)
    kept = free_folder(folder) if folder is not None else None
    place = kept or Path(tempfile.mkdtemp(prefix="crowdledger-demo-"))
    summary = Summary(campaign)
    started = time.monotonic()
    try:
        act = Act(place, summary, console)
        with act.running(scene.platform):
            scene.play(act)
            act.count()
    finally:
        if kept is None:
            shutil.rmtree(place, ignore_errors=True)
    summary.seconds = time.monotonic() - started
    if not quiet:
        summary.show(console)
    return summary
