"""Fixtures that every test may ask for. Servers start when first asked for, one of each kind a test process (an xdist
worker): tests never share a database, and each starts from a fresh copy or a reverted chain."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from ledger.chain.devchain import DevChain
from tests.services.databases import copy_sqlite, make_sqlite_template, postgres_template, sqlite_url
from tests.services.postgres import PostgresDatabases, running_postgres

# A run that a shell put into the background ignores Ctrl-C, and so would the commands that are stopped by it here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")  # before anything imports eth_hash, which would pick a slower one

# Machines that run tests are shared and slow at times; how long an example takes says nothing.
settings.register_profile("crowdledger", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("crowdledger")

# py_ecc, which eth_account brings, raises the recursion limit so far that deeply nested JSON would end the process
# instead of raising RecursionError. The service puts the limit back (ledger.chain.signers); so do the tests.
_limit = sys.getrecursionlimit()
importlib.import_module("eth_account")
sys.setrecursionlimit(_limit)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """``--dist loadscope`` as tests.services.scheduling has it; any other way as xdist has it."""
    if config.getoption("dist") != "loadscope":
        return None
    from tests.services.scheduling import InOrder  # only where there is xdist

    return InOrder(config, log)


@pytest.fixture(scope="session")
def dev_chain() -> Iterator[DevChain]:
    """The process's anvil. Ask for ``chain`` instead, unless a whole module shares one deployment."""
    with DevChain() as chain:
        yield chain


@pytest.fixture
def chain(dev_chain: DevChain) -> Iterator[DevChain]:
    """A dev chain as it was before the test; whatever the test does to it is reverted."""
    snapshot = dev_chain.snapshot()
    yield dev_chain
    dev_chain.revert(snapshot)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    """The process's PostgreSQL server."""
    with running_postgres() as databases:
        yield databases


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresDatabases) -> Iterator[str]:
    """The name of the migrated template database."""
    with postgres_template(postgres) as name:
        yield name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrated template file."""
    return make_sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def empty_postgres_url(postgres: PostgresDatabases) -> Iterator[str]:
    """A PostgreSQL database without tables, for tests of the migrations."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: PostgresDatabases, migrated_postgres: str) -> Iterator[str]:
    """A migrated PostgreSQL database of the test's own (SQLAlchemy async URL)."""
    with postgres.database(template=migrated_postgres) as url:
        yield url


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, for tests of the migrations."""
    return sqlite_url(tmp_path / "empty.sqlite")


@pytest.fixture
def sqlite_database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of the test's own (SQLAlchemy async URL)."""
    return copy_sqlite(migrated_sqlite, tmp_path / "crowdledger.sqlite")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own; the test runs once on SQLite and once on PostgreSQL."""
    fixture = "sqlite_database_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """The same without tables."""
    fixture = "empty_sqlite_url" if request.param == "sqlite" else "empty_postgres_url"
    return str(request.getfixturevalue(fixture))
