"""The application: FastAPI around the services of its logs, hot paths and pages included.

``crowdledger serve`` names ``api.app:from_environment`` to uvicorn as a factory.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

import ledger
from api import problems
from api.edge import Edge
from api.ending import Ending
from api.hot import HotPaths
from api.limits import Limits
from api.logs import PickLog, open_logs
from api.openapi import DescribedApp
from api.pages import (
    assets,
    auditor,
    campaign,
    contributor,
    documentation,
    explorer,
    log_pages,
    overview,
    platform,
    problem_pages,
    sealing,
    settlement_pages,
    verifying,
)
from api.pages.languages import speak
from api.repeats import Repeats
from api.routes import (
    appeals,
    audit,
    audits,
    campaigns,
    claims,
    contributions,
    costs,
    decisions,
    direct,
    endpoints,
    entries,
    events,
    feedback,
    figures,
    files,
    health,
    history,
    hooks,
    imports,
    log,
    log_keys,
    mandates,
    members,
    metrics,
    mirror,
    people,
    platforms,
    receipts,
    record,
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
from api.traffic import Traffic
from ledger.config import Config
from ledger.spans import sending

_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI would look for exporters at every request."""
_GC_THRESHOLDS: Final = (10_000, 4, 250)
"""Requests make many objects that die at once; the usual 700 would look for cycles among them all the time. What
survives is looked at again after four times, not twenty, which held everybody for 50 to 80 ms."""
_ROUTERS: Final = (
    platforms.router,
    members.router,
    figures.router,
    record.router,
    campaigns.router,
    costs.router,
    tasks.router,
    hooks.router,
    imports.router,
    endpoints.router,
    results.router,
    signals.router,
    receipts.router,
    entries.router,
    events.router,
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
    history.router,
    audits.router,
    log.router,
    log_keys.router,
    mirror.router,
    health.router,
    metrics.router,
)
_PAGES: Final = (
    overview.router,
    log_pages.router,
    explorer.router,
    settlement_pages.router,
    auditor.router,
    contributor.router,
    problem_pages.router,
    documentation.router,
    sealing.router,
    verifying.router,
    campaign.router,
    platform.router,
)


def create_app(config: Config) -> FastAPI:
    """The application of all configured logs. Their database is opened when it starts, not before."""
    app = DescribedApp(
        title="CrowdLedger",
        version=ledger.__version__,
        description="Contributions and decisions in an append-only log, receipts in the reply, rewards by proof.",
        telemetry=_NO_TELEMETRY,
        openapi_url=None,  # our own page gives it, with the server of the log
        docs_url=None,
        redoc_url=None,
        # A redirect to the path without its slash would lose a body and trust the Host header; a problem says it.
        redirect_slashes=False,
        lifespan=partial(_lifespan, config),
    )
    problems.install(app)
    hot = [*contributions.hot_routes, *decisions.hot_routes, *direct.hot_routes]
    app.hot = HotPaths(hot, config.base_url)
    app.traffic = Traffic()
    app.tells = config.log_requests
    app.traces = config.otlp_url is not None
    app.limits = Limits(config.key_requests_per_minute, config.address_requests_per_minute)
    app.add_middleware(Repeats)
    app.add_middleware(Edge, public_url=config.base_url, max_file_bytes=config.max_file_bytes)
    app.add_middleware(PickLog)  # what is added last is outermost
    app.router.routes.extend(hot)  # in front, as Starlette takes the first route that matches
    for router in _ROUTERS:
        app.include_router(router)
    for pages in _PAGES:
        app.include_router(pages, include_in_schema=False, dependencies=[Depends(speak)])
    app.include_router(assets.router, include_in_schema=False)
    return app


def from_environment() -> FastAPI:
    """The application of the configuration in force, for uvicorn's ``--factory``, which gives it a process."""
    app = create_app(Config())
    assets.version()  # reads what the pages are made of, languages too, so that the first visitor need not wait
    # What has been read and made by now stays: the garbage collector need not look at it over and over.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    return app


@asynccontextmanager
async def _lifespan(config: Config, app: FastAPI) -> AsyncIterator[None]:
    """Serve while all logs are open."""
    app.state.ending = Ending()
    async with sending(config.collector(), "serve"), open_logs(config) as logs:
        app.state.logs = logs
        app.state.main = logs[config.log]
        with app.state.ending.noticed():
            yield
