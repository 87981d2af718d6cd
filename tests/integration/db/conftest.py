"""A database for tests whose SQL is the same on both."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite_database_url", pytest.param("postgres_url", marks=pytest.mark.long)])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own; on PostgreSQL only in the long run."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture(params=["empty_sqlite_url", pytest.param("empty_postgres_url", marks=pytest.mark.long)])
def unmade_url(request: pytest.FixtureRequest) -> str:
    """The same without tables."""
    return str(request.getfixturevalue(request.param))
