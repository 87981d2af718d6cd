"""A service in a process of its own, and platforms that use it with either client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.client import Client
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, ORIGIN
from tests.integration.api.serving import Server, serving
from tests.services.databases import copy_sqlite


@pytest.fixture(scope="session")
def log_signer() -> LogSigner:
    return LogSigner.generate(ORIGIN)


@pytest.fixture(scope="session")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, log_signer: LogSigner) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("client-server")
    with serving(folder, copy_sqlite(migrated_sqlite, folder / "crowdledger.sqlite"), log_signer) as started:
        yield started


@pytest.fixture
def key(server: Server) -> str:
    """The first key of a new platform."""
    with Client(server.url, ADMIN_KEY) as operator:
        made = operator.register_platform("Answers Ltd").key
    assert made is not None
    return made
