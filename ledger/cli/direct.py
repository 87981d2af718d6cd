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
        await _compare(config, reader)
        async with Writer(database, config.log, signer) as writer:
            writer.allow_writes()
            yield OpenLog(database, reader, writer)


async def _compare(config: Config, reader: Reader) -> None:
    """Never fork: the log must continue what is anchored, or nothing may be written to it."""
    from ledger.errors import LogDivergedError

    if config.deployment_file is None:
        return
    anchored = await asyncio.to_thread(_anchored, config)
    size = (await reader.head()).size
    if anchored.size > size:
        raise LogDivergedError(f"The contract holds {anchored.size} entries of this log, the database {size}.")
    if anchored.size and await reader.root_at(anchored.size) != anchored.root:
        raise LogDivergedError(f"At size {anchored.size} the contract holds another root than the database.")


def _anchored(config: Config) -> AnchoredHead:
    from ledger.chain.anchors import read_head
    from ledger.chain.deployments import Deployment
    from ledger.chain.rpc import connect

    assert config.deployment_file is not None
    deployment = Deployment.load(config.deployment_file)
    with connect(config.rpc_urls, deployment.chain_id) as node:
        return read_head(node, deployment)
