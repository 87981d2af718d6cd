"""``crowdledger serve`` and ``crowdledger worker``: the service's two processes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.output import example

if TYPE_CHECKING:
    from ledger.config import Config

APPLICATION = "api.app:from_environment"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=example("crowdledger serve --host 0.0.0.0 --port 8000"))(serve)
    app.command(epilog=example("CROWDLEDGER_CONFIG=/etc/crowdledger.toml crowdledger worker"))(worker)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of the configured one.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave the worker to another process.")] = False,
) -> None:
    """Run the service, and the worker as a child of it."""
    import uvicorn

    from ledger.cli.supervisor import Supervisor

    for name, value in (("CROWDLEDGER_HOST", host), ("CROWDLEDGER_PORT", port)):
        if value is not None:
            os.environ[name] = str(value)
    config = ready_config()
    server = uvicorn.Server(
        uvicorn.Config(APPLICATION, factory=True, host=config.host, port=config.port, access_log=False)
    )
    with_worker = not no_worker and config.deployment_file is not None
    supervised = Supervisor("worker", [sys.executable, "-m", "ledger.worker"]) if with_worker else None
    # uvicorn ends softly at a signal and then raises it again: that must unwind this block, not kill the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with supervised or contextlib.nullcontext():
        server.run()
    if not server.started:
        raise typer.Exit(2)


def worker() -> None:
    """Run the worker alone: it anchors, settles, activates and pays what is requested."""
    ready_config()
    from ledger.worker.main import main

    main()


def ready_config() -> Config:
    """The configuration, once key and database are there. ConfigError with what to do first where they are not."""
    import asyncio

    from ledger.config import Config
    from ledger.errors import ConfigError

    config = Config()
    if config.log_key_file is None:
        raise ConfigError(
            "This folder is not set up: no log key is configured.",
            remedy="Run 'crowdledger init' here first, or set CROWDLEDGER_CONFIG to an existing crowdledger.toml.",
        )
    config.log_signer()
    asyncio.run(_check_database(config.database_url))
    return config


async def _check_database(url: str) -> None:
    from ledger.db import open_database

    async with open_database(url):
        pass
