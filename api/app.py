"""The application: FastAPI around one service, hot paths and pages included.

``crowdledger serve`` names ``api.app:from_environment`` to uvicorn as a factory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

import ledger
from api import problems
from api.auth import KeyRing
from api.comparison import Comparison
from api.edge import Edge
from api.kept import Kept
from api.openapi import DescribedApp
from api.pages import documentation, log_pages, problem_pages, sealing
from api.reads import Reads
from api.reads.summary import counts, last_anchor
from api.routes import (
    appeals,
    audit,
    campaigns,
    claims,
    contributions,
    decisions,
    direct,
    feedback,
    figures,
    files,
    health,
    log,
    mandates,
    people,
    platforms,
    receipts,
    reputation,
    results,
    reviews,
    rewards,
    sessions,
    settlements,
    signals,
    tasks,
    wallets,
)
from api.service import Service, public_url
from api.units import read_unit
from ledger.blobs.folder import FolderStore
from ledger.chain.deployments import Deployment
from ledger.config import Config
from ledger.db import open_database
from ledger.db.urls import parse_url
from ledger.errors import ConfigError
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements.signatures import Domain

_STATIC: Final = Path(__file__).parent / "pages" / "static"
_ANCHOR_SECONDS: Final = 1.0
_COUNTS_SECONDS: Final = 2.0
_ROUTERS: Final = (
    platforms.router,
    figures.router,
    campaigns.router,
    tasks.router,
    results.router,
    signals.router,
    receipts.router,
    reviews.router,
    mandates.router,
    contributions.router,
    wallets.router,
    sessions.router,
    reputation.router,
    people.router,
    appeals.router,
    feedback.router,
    rewards.router,
    settlements.router,
    claims.router,
    files.router,
    audit.router,
    log.router,
    health.router,
)
_PAGES: Final = (log_pages.router, problem_pages.router, documentation.router, sealing.router)


def create_app(config: Config) -> FastAPI:
    """The application of one log. Its database is opened when it starts, not before."""
    app = DescribedApp(
        title="CrowdLedger",
        version=ledger.__version__,
        description="Contributions and decisions in an append-only log, receipts in the reply, rewards by proof.",
        docs_url=None,
        redoc_url=None,
        # A redirect to the path without its slash would lose a body and trust the Host header; a problem says it.
        redirect_slashes=False,
        lifespan=partial(_lifespan, config),
    )
    problems.install(app)
    app.add_middleware(Edge, public_url=public_url(config), max_file_bytes=config.max_file_bytes)
    # Starlette takes the first route that matches: the hot paths stand in front.
    app.router.routes.extend([*contributions.hot_routes, *decisions.hot_routes, *direct.hot_routes])
    for router in _ROUTERS:
        app.include_router(router)
    for pages in _PAGES:
        app.include_router(pages, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return app


def from_environment() -> FastAPI:
    """The application of the configuration in force, for uvicorn's ``--factory``."""
    return create_app(Config())


@asynccontextmanager
async def _lifespan(config: Config, app: FastAPI) -> AsyncIterator[None]:
    """Open database and log, start the writer, compare with the chain; the other way round at the end."""
    signer = config.log_signer()
    deployment = _deployment(config)
    blobs = await asyncio.to_thread(FolderStore, _blob_folder(config))
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
            )
        )
        reader = Reader(database, config.log)
        reads = Reads(database, config.log)
        comparison = Comparison(writer, reader, deployment, config.rpc_urls)
        app.state.service = Service(
            config=config,
            public_url=public_url(config),
            reads=reads,
            reader=reader,
            writer=writer,
            blobs=blobs,
            keys=KeyRing(reader.key, config.admin_key()),
            anchor=Kept(partial(last_anchor, reads), _ANCHOR_SECONDS),
            counts=Kept(partial(counts, reads), _COUNTS_SECONDS),
            comparison=comparison,
            deployment=deployment,
            vkey=signer.verifier_key.vkey,
        )
        comparing = asyncio.create_task(_meet_chain(app.state.service))
        try:
            yield
        finally:
            comparing.cancel()
            with suppress(asyncio.CancelledError):
                await comparing


async def _meet_chain(service: Service) -> None:
    """Compare the log with the chain, which opens the writes; then ask what the token is called."""
    await service.comparison.run()
    if service.deployment is not None:
        service.unit = await asyncio.to_thread(read_unit, service.config.rpc_urls, service.deployment)


def _blob_folder(config: Config) -> Path:
    """Where files are kept: the configured folder, or ``blobs`` beside the SQLite file or in the working directory."""
    if config.blob_folder is not None:
        return config.blob_folder
    url = parse_url(config.database_url)
    return Path(url.database or "").parent / "blobs" if url.get_backend_name() == "sqlite" else Path("blobs")


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
