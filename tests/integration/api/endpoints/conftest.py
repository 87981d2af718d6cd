"""A sender on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.tree.keys import LogSigner
from tests.integration.api.endpoints.sender import Sender
from tests.integration.api.running import running, settings
from tests.services.receiver import Receiver, receiving


@pytest.fixture
async def sender(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Sender]:
    """On SQLite; requests to this machine are allowed."""
    async with running(settings(tmp_path, sqlite_database_url, log_signer, private_addresses=True)) as api:
        yield await Sender.make(api)


@pytest.fixture
async def both(database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Sender]:
    """On each database in turn."""
    async with running(settings(tmp_path, database_url, log_signer, private_addresses=True)) as api:
        yield await Sender.make(api)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found
