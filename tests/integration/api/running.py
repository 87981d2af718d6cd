"""The real application on a real database, and a platform that uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from starlette.routing import BaseRoute

from api.app import create_app
from api.service import Service
from ledger.config import Config
from ledger.db.sealed import new_key
from ledger.tree.keys import LogSigner

ORIGIN = "example.org/crowd"
ADMIN_KEY = "0a1b2c3d" * 8
SECRETS_KEY = new_key()
ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
"""A test that runs on PostgreSQL among the short ones too: what happens at once, or what depends on the database."""
BRIEF = {
    "problem": "Which of the sentences follows from the other?",
    "mode": "cooperation",
    "rules": "Answer yes or no. One answer a question.",
    "example_accepted": {"answer": "yes"},
    "example_rejected": {"answer": "I do not know"},
    "rights": {"rejected_entries": "contributor", "pass_on": "payment"},
}


@dataclass
class Platform:
    """A registered platform and its first key."""

    api: Api
    id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.api.http.get(path, headers=self.headers, params=query or None)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.api.http.post(path, headers=self.headers, json=body)

    async def campaign(self, **more: Any) -> str:
        """The id of a new campaign that pays points."""
        body = {
            "title": "Which sentence follows?",
            "type": "rating",
            "brief": BRIEF,
            "terms": "Answer honestly.",
            "policy": {"name": "piece_rate", "amount": "5"},
            "budget": "5000",
        }
        reply = await self.post("/v1/campaigns", body | more)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    async def contribution(self, campaign: str, **more: Any) -> dict[str, Any]:
        """The reply to a new contribution."""
        body = {"campaign": campaign, "contributor": "ann", "content": {"answer": "yes"}}
        reply = await self.post("/v1/contributions", body | more)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    async def decision(self, contribution: str, **more: Any) -> dict[str, Any]:
        """The reply to a new decision; what is not accepted is told why."""
        why = {} if more.get("verdict", "accepted") == "accepted" else {"feedback": "The example shows why."}
        body = {"contribution": contribution, "verdict": "accepted"} | why | more
        reply = await self.post("/v1/decisions", body)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())


@dataclass
class Api:
    """The running application."""

    app: FastAPI
    http: httpx.AsyncClient

    @property
    def service(self) -> Service:
        found: Service = self.app.state.main
        return found

    async def platform(self, name: str = "Answers Ltd") -> Platform:
        reply = await self.http.post(
            "/v1/platforms", json={"name": name}, headers={"Authorization": f"Bearer {ADMIN_KEY}"}
        )
        assert reply.status_code == 201, reply.text
        return Platform(self, reply.json()["id"], reply.json()["key"])


@contextmanager
def statements_of(api: Api) -> Iterator[list[tuple[str, Any]]]:
    """The statements that reach the database during the block, with their values."""
    statements: list[tuple[str, Any]] = []
    engine = api.service.reads.database.engine.sync_engine

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, _many: bool) -> None:
        statements.append((sql, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)


def settings(folder: Path, database_url: str, log_signer: LogSigner, **more: Any) -> Config:
    """A configuration with its secrets in ``folder``."""
    (folder / "log.pem").write_bytes(log_signer.to_pem())
    (folder / "admin.key").write_text(ADMIN_KEY + "\n")
    (folder / "secrets.key").write_bytes(SECRETS_KEY)
    return Config(
        **{
            "database_url": database_url,
            "origin": ORIGIN,
            "log_key_file": folder / "log.pem",
            "admin_key_file": folder / "admin.key",
            "secrets_key_file": folder / "secrets.key",
            "public_url": "http://crowd.test",
            "blob_folder": folder / "blobs",
            **more,
        }
    )


_routes: list[BaseRoute] = []


def application(config: Config) -> FastAPI:
    """The application of a configuration. What FastAPI works out of every route at its first request (0.2 s) is the
    same whatever the configuration: applications of a test process share it."""
    app = create_app(config)
    if not _routes:
        _routes.extend(app.router.routes)
    app.router.routes[:] = _routes
    return app


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Api]:
    """The application of a configuration, started and stopped as a server does."""
    app = application(config)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    lifespan: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
    async with lifespan, httpx.AsyncClient(transport=transport, base_url="http://crowd.test") as http:
        await asyncio.sleep(0)  # what is done after a start has begun
        yield Api(app, http)
