"""The application on both databases, and a platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.tree.keys import LogSigner
from tests.integration.api.beside_chain import beside, place
from tests.integration.api.running import ORIGIN, Api, Platform, running, settings

__all__ = ["beside", "place"]


@pytest.fixture(scope="session")
def log_signer() -> LogSigner:
    return LogSigner.generate(ORIGIN)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own. PostgreSQL's turn is long, but where ``ON_BOTH`` marks the test: that
    every route works there is shown by test_both_databases.py, and that its SQL does, by the tests of the log."""
    fixture = "sqlite_database_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
async def api(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    """The application on SQLite."""
    async with running(settings(tmp_path, sqlite_database_url, log_signer)) as found:
        yield found


@pytest.fixture
async def both(database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    """The application; the test runs once on SQLite and once on PostgreSQL."""
    async with running(settings(tmp_path, database_url, log_signer)) as found:
        yield found


@pytest.fixture
async def platform(api: Api) -> Platform:
    return await api.platform()
