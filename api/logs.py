"""The logs of one service: opened together, and picked by the path of each request.

The main log answers at the root, a log NAME below ``/logs/NAME`` with all the same paths (the main one there too).
Nothing but the database and the store of files is shared, and there every row names its log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import KeyRing
from api.comparison import Comparison
from api.inbox.working import Inbox
from api.kept import Kept
from api.key_uses import keep_noting
from api.reads import Reads
from api.reads.events import last_event
from api.reads.members import find_seat
from api.reads.summary import counts, last_anchor
from api.scope import SERVICE, pick
from api.service import Service
from api.sweeping import keep_sweeping
from ledger.blobs.bucket import BucketStore
from ledger.blobs.folder import FolderStore
from ledger.blobs.store import BlobStore
from ledger.chain.deployments import Deployment
from ledger.chain.units import read_unit
from ledger.config import Config
from ledger.db import open_database
from ledger.db.sealed import SealedSecrets
from ledger.db.urls import parse_url
from ledger.errors import ConfigError
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements.signatures import Domain

_ANCHOR_SECONDS: Final = 1.0
_COUNTS_SECONDS: Final = 2.0
_EVENT_SECONDS: Final = 0.5


class PickLog:
    """ASGI middleware around everything else: gives each request the service of its log, and a path without prefix.

    A path below the name of no log goes on as it is, to the main log, which has no such path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes (lifespan) pass through."""
        if scope["type"] == "http":
            # Not in a copy of the scope: what answers a fault of ours stands outside of us and needs them too.
            scope[SERVICE], scope["path"] = pick(scope["app"].state, scope["path"])
        await self._app(scope, receive, send)


@asynccontextmanager
async def open_logs(config: Config) -> AsyncIterator[dict[str, Service]]:
    """The services of all configured logs by their names, the main one first, for the block.

    Each has a queue of its own, so that a flood in one fills no other's. Writers to one SQLite file take turns.
    """
    turn = asyncio.Lock() if config.logs and _sqlite_file(config) else None
    blobs = await asyncio.to_thread(_blob_store, config)
    async with AsyncExitStack() as stack:
        logs = {
            name: await stack.enter_async_context(_open_log(config.of_log(name), blobs, turn))
            for name in config.log_names()
        }
        logs[config.log].others = tuple(logs[name] for name in config.logs)
        yield logs


@asynccontextmanager
async def _open_log(config: Config, blobs: BlobStore, turn: asyncio.Lock | None) -> AsyncIterator[Service]:
    """Open the log, start its writer, compare it with the chain; the other way round at the end.

    Connections are the log's own: readers of another log cannot use them up.
    """
    signer = config.log_signer()
    deployment = _deployment(config)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(config.database_url))
        await open_log(database, config.log, config.origin, signer, config.wallet_delay)
        writer = await stack.enter_async_context(
            Writer(
                database,
                config.log,
                signer,
                queue_limit=config.queue_limit,
                group_limit=config.group_limit,
                domain=_signing_domain(deployment),
                own_clock=deployment is None,
                turn=turn,
            )
        )
        reader = Reader(database, config.log)
        reads = Reads(database, config.log)
        service = Service(
            config=config,
            public_url=config.base_url,
            reads=reads,
            reader=reader,
            writer=writer,
            blobs=blobs,
            keys=KeyRing(reader.key, config.admin_key(), config.metrics_key(), partial(find_seat, reads)),
            anchor=Kept(partial(last_anchor, reads), _ANCHOR_SECONDS, times=1),
            counts=Kept(partial(counts, reads), _COUNTS_SECONDS),
            last_event=Kept(partial(last_event, reads), _EVENT_SECONDS, times=1),
            comparison=Comparison(writer, reader, deployment, config.rpc_urls),
            deployment=deployment,
            sealed=None if (keys := config.secrets_keys()) is None else SealedSecrets(keys),
        )
        tasks = [
            asyncio.create_task(_meet_chain(service)),
            asyncio.create_task(keep_noting(reads, service.keys)),
            asyncio.create_task(keep_sweeping(reads, config)),
        ]
        if service.sealed is not None:
            tasks.append(asyncio.create_task(Inbox(service).run()))
        try:
            yield service
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task


async def _meet_chain(service: Service) -> None:
    """Compare the log with the chain, which opens the writes; ask what the token is called; go on comparing."""
    await service.comparison.run()
    if service.deployment is not None:
        service.unit = await asyncio.to_thread(read_unit, service.config.rpc_urls, service.deployment)
    await service.comparison.watch()


def _blob_store(config: Config) -> BlobStore:
    """Where files are kept: as configured, or in ``blobs`` beside the SQLite file or in the working directory."""
    if config.blob_store is not None:
        return BucketStore(config.blob_store)
    if config.blob_folder is not None:
        return FolderStore(config.blob_folder)
    file = _sqlite_file(config)
    return FolderStore(file.parent / "blobs" if file else Path("blobs"))


def _sqlite_file(config: Config) -> Path | None:
    url = parse_url(config.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _deployment(config: Config) -> Deployment | None:
    """The configured deployment, which must be of our log. Raises ConfigError."""
    if config.deployment_file is None:
        return None
    deployment = Deployment.load(config.deployment_file)
    if deployment.origin != config.origin:
        raise ConfigError(
            f"The deployment is of the log '{deployment.origin}', the configuration names '{config.origin}'.",
            remedy="Set the origin or the deployment file that belong together.",
        )
    return deployment


def _signing_domain(deployment: Deployment | None) -> Domain | None:
    """Where EIP-712 signatures count."""
    if deployment is None:
        return None
    return Domain(deployment.chain_id, deployment.contribution_log, deployment.log_id)
