"""``crowdledger serve`` and ``crowdledger worker``: the service's two processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import example
from ledger.cli.services import LogName

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.tree.keys import LogSigner

APPLICATION = "api.app:from_environment"
PROTOCOL = "api.joined:JoinedProtocol"
_SYSTEMD_FD = 3


def register(app: Commands) -> None:
    """Add the commands."""
    app.command(epilog=example("crowdledger serve --host 0.0.0.0 --port 8000"))(serve)
    app.command(epilog=example("CROWDLEDGER_CONFIG=/etc/crowdledger.toml crowdledger worker"))(worker)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of the configured one.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave the workers to other processes.")] = False,
    fd: Annotated[
        int | None,
        typer.Option(min=3, help="Serve a listening socket that was inherited; systemd's is found by itself."),
    ] = None,
) -> None:
    """Run the service with all its logs, and as its children a worker for each log that has a deployment.

    On a socket that systemd (or --fd) keeps open, a new process can begin before the old one has ended.
    """
    import uvicorn

    from ledger.cli.supervisor import Supervisor
    from ledger.diagnostics import settings

    for name, value in (("CROWDLEDGER_HOST", host), ("CROWDLEDGER_PORT", port)):
        if value is not None:
            os.environ[name] = str(value)
    config = ready_config()
    inherited = inherited_socket(fd)
    server = uvicorn.Server(
        uvicorn.Config(
            APPLICATION,
            factory=True,
            http=PROTOCOL,
            host=config.host,
            port=config.port,
            access_log=False,
            server_header=False,
            log_config=settings("serve", config.log_format),
        )
    )
    anchored = [name for name in config.log_names() if config.of_log(name).deployment_file is not None]
    # uvicorn ends softly at a signal and then raises it again: that must unwind this block, not kill the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        for name in [] if no_worker else anchored:
            command = [sys.executable, "-m", "ledger.worker", name]
            stack.enter_context(Supervisor(f"worker of the log '{name}'", command))
        server.run(sockets=None if inherited is None else [inherited])
    if not server.started:
        raise typer.Exit(2)


def inherited_socket(fd: int | None) -> socket.socket | None:
    """The listening socket that we were given: by number, or as systemd does it (sd_listen_fds(3)); None without one.

    Raises ConfigError where the number names no listening socket, or systemd gives more than one.
    """
    from ledger.errors import ConfigError

    if fd is None and os.environ.get("LISTEN_PID") == str(os.getpid()):
        if (given := os.environ.get("LISTEN_FDS")) != "1":
            raise ConfigError(f"systemd gives {given} sockets; one is served.", remedy="Leave one ListenStream.")
        fd = _SYSTEMD_FD
    if fd is None:
        return None
    try:
        found = socket.socket(fileno=os.dup(fd))
        listening = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        listening = 0
    if not listening:
        raise ConfigError(
            f"--fd {fd}: this is no listening socket.", remedy="Let systemd open it (docs/operations.md)."
        )
    found.setblocking(False)
    return found


def worker(log: LogName = None) -> None:
    """Run one log's worker alone: it anchors, settles, activates and pays what is requested."""
    ready_config().of_log(log)
    from ledger.worker.main import main

    main(log)


def ready_config() -> Config:
    """The configuration, once keys and database are there. ConfigError with what to do first where they are not."""
    import asyncio

    from ledger.config import Config
    from ledger.errors import ConfigError
    from ledger.spans import require

    config = Config()
    if config.log_key_file is None:
        raise ConfigError(
            "This folder is not set up: no log key is configured.",
            remedy="Run 'crowdledger init' here first, or set CROWDLEDGER_CONFIG to an existing crowdledger.toml.",
        )
    if config.collector() is not None:
        require()
    signers = {name: config.of_log(name).log_signer() for name in config.log_names()}
    asyncio.run(_check_keys(config.database_url, signers))
    return config


async def _check_keys(url: str, signers: dict[str, LogSigner]) -> None:
    """Each log's configured key is the one in force: that it was rotated is said in a line, not by a stack trace."""
    from ledger.db import open_database
    from ledger.log.opening import check_key

    async with open_database(url) as database:
        for log, signer in signers.items():
            await check_key(database, log, signer)
