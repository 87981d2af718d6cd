"""``crowdledger dev``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import example


def register(app: Commands) -> None:
    """Add the command."""
    app.command(epilog=example("crowdledger dev --port 8080"))(dev)


def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the service.")] = 8000,
    chain_port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the chain; 0 takes a free one.")] = 0,
    folder: Annotated[Path, typer.Option(help="Where everything is made, anew at every start.")] = Path(
        ".crowdledger/dev"
    ),
) -> None:
    """Chain, contracts, service and worker in one, with a platform and a funded campaign to try things on."""
    from ledger.demo.dev import run_dev

    run_dev(folder, port, chain_port)
