"""Writing to the configured log without the service: for what an operator does on the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.chain.contracts import AnchoredHead
    from ledger.config import Config
    from ledger.db import Database
    from ledger.log.reader import Reader
    from ledger.log.writer import Writer


@dataclass(frozen=True, slots=True)
class OpenLog:
    """The configured log, opened if it is new and compared with its anchor."""

    database: Database
    reader: Reader
    writer: Writer


@asynccontextmanager
async def open_configured(config: Config) -> AsyncIterator[OpenLog]:
    """Open database and log for the block; the service may run beside it.

    Raises ConfigError, LogDivergedError, or ChainError where the log is anchored and no node answers.
    """
    from ledger.db import open_database
    from ledger.log.opening import open_log
    from ledger.log.reader import Reader
    from ledger.log.writer import Writer

    signer = config.log_signer()
    async with open_database(config.database_url) as database:
        await open_log(database, config.log, config.origin, signer, config.wallet_delay)
        reader = Reader(database, config.log)
        block_ms = await compare_with_anchor(config, reader)
        async with Writer(database, config.log, signer, own_clock=config.deployment_file is None) as writer:
            writer.confirm_time(block_ms)
            writer.allow_writes()
            yield OpenLog(database, reader, writer)


async def compare_with_anchor(config: Config, reader: Reader) -> int:
    """Never fork: the log must continue what is anchored, or nothing may be written to it.

    The time of the chain's last block in milliseconds, which confirms this machine's clock; 0 without a chain.
    """
    from ledger.log.never_fork import require_same_history

    if config.deployment_file is None:
        return 0
    anchored, block_ms = await asyncio.to_thread(_anchored, config)
    await require_same_history(reader, anchored)
    return block_ms


def anchored_head(config: Config) -> AnchoredHead | None:
    """What the contract holds of the configured log; None without a chain. Raises ChainError where no node answers."""
    return None if config.deployment_file is None else _anchored(config)[0]


def _anchored(config: Config) -> tuple[AnchoredHead, int]:
    from ledger.chain.anchors import read_head
    from ledger.chain.deployments import Deployment
    from ledger.chain.rpc import connect

    assert config.deployment_file is not None
    deployment = Deployment.load(config.deployment_file)
    with connect(config.rpc_urls, deployment.chain_id) as node:
        return read_head(node, deployment), node.block("latest").timestamp * 1000
