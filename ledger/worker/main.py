"""The worker as a process: ``crowdledger worker``, or the child of ``crowdledger serve``, with which it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress

import uvloop

from ledger.chain.deployments import Deployment
from ledger.chain.signers import Signer, load_signer
from ledger.config import Config
from ledger.db import open_database
from ledger.diagnostics import configure
from ledger.errors import ConfigError, CrowdLedgerError, LogDivergedError
from ledger.log.opening import open_log
from ledger.log.writer import Writer
from ledger.spans import sending
from ledger.worker.auditing import Auditing
from ledger.worker.context import Signers
from ledger.worker.delivering import Delivering
from ledger.worker.worker import Worker

_LOGGER = logging.getLogger(__name__)
_PARENT_LOOK_SECONDS = 0.5
_NICENESS = 5
"""Where processors are short, who waits for an answer of the API comes first; a worker still gets a quarter of one."""
DIVERGED_EXIT = 3


def main(log: str | None = None, *, end_with_parent: bool = False) -> None:
    """Work on one log, the main one without a name, until SIGTERM or SIGINT, or with the process that started us.

    Exit code 1 for a wrong configuration, 3 where the log is not the anchored one.
    """
    name = "worker" if log is None else f"worker of {log}"
    configure(name, "text")
    parent = os.getppid() if end_with_parent else None
    try:
        config = Config().of_log(log)
        configure(name, config.log_format)
        _give_way()
        # It reads into one buffer. asyncio makes one of 256 KiB for each answer of the database and gives most of it
        # back, which leaves more and more holes in the heap of a process that runs for long.
        uvloop.run(run_worker(config, parent))
    except LogDivergedError as error:
        _LOGGER.critical("%s", error)
        sys.exit(DIVERGED_EXIT)
    except CrowdLedgerError as error:
        _LOGGER.critical("%s", error)
        sys.exit(1)


def _give_way() -> None:
    """Be at least as nice as ``_NICENESS``; who started us nicer than that meant it."""
    os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


async def run_worker(config: Config, parent: int | None = None) -> None:
    """Work until a signal comes or the process ``parent`` is no longer ours."""
    if config.deployment_file is None:
        raise ConfigError("No deployment is configured.", remedy="Run 'crowdledger deploy' and set deployment_file.")
    deployment = Deployment.load(config.deployment_file)
    signers = load_signers(config)
    log_signer = config.log_signer()
    async with sending(config.collector(), "worker"), open_database(config.database_url) as database:
        await open_log(database, config.log, config.origin, log_signer, config.wallet_delay)
        async with Writer(database, config.log, log_signer, group_limit=config.group_limit) as writer:
            worker = Worker(config, database, writer, deployment=deployment, signers=signers)
            stop = asyncio.Event()
            watch = asyncio.create_task(_stop_with_parent(stop, parent))
            beside = [
                asyncio.create_task(Auditing(config, database, deployment.contribution_log).run()),
                asyncio.create_task(Delivering(config, database).run()),
            ]
            for name in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
            try:
                _LOGGER.info("Working on the log '%s' and chain %d.", config.log, deployment.chain_id)
                await worker.run(stop)
            finally:
                watch.cancel()
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
                with suppress(CrowdLedgerError):
                    await worker.close()


def load_signers(config: Config) -> Signers:
    """The signers that are configured; a role without one is left to somebody else."""

    def load(name: str, spec: str | None) -> Signer | None:
        if spec is None:
            _LOGGER.warning("There is no %s: its work is left to somebody else.", name)
            return None
        return load_signer(spec, config.keystore_password_file)

    return Signers(
        operator=load("operator_signer", config.operator_signer),
        reporter=load("reporter_signer", config.reporter_signer),
        relayer=load("relayer_signer", config.relayer_signer),
    )


async def _stop_with_parent(stop: asyncio.Event, parent: int | None) -> None:
    """Set ``stop`` once the process that started us is gone: then nobody would ever stop us."""
    while not stop.is_set() and (parent is None or os.getppid() == parent):
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_LOOK_SECONDS)
    stop.set()
