"""One service in a process of its own for all tests here that want one; every test has its own platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.client import Client
from ledger.tree.keys import LogSigner
from tests.acceptance.cli.served import Site
from tests.integration.api.running import ADMIN_KEY, ORIGIN
from tests.integration.api.serving import serving
from tests.services.databases import copy_sqlite


@pytest.fixture(scope="package")
def server_url(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    database_url = copy_sqlite(migrated_sqlite, folder / "crowdledger.sqlite")
    with serving(folder, database_url, LogSigner.generate(ORIGIN)) as server:
        yield server.url


@pytest.fixture
def site(
    server_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """A platform of the test's own."""
    with Client(server_url, ADMIN_KEY) as operator:
        key = operator.register_platform("Answers Ltd").key
    assert key is not None
    key_file = tmp_path / "platform.key"
    key_file.write_text(key + "\n")
    monkeypatch.chdir(tmp_path)
    with Client(server_url, key) as client:
        yield Site(server_url, client, key_file, tmp_path, capsys, monkeypatch)
