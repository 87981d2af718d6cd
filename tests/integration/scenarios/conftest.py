from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.chain.devchain import DevChain
from tests.integration.scenarios.crowd import Crowd
from tests.integration.scenarios.stage import running_crowd


@pytest.fixture
def wallet_delay() -> int:
    """Seconds until a linked wallet is in force; a test may ask for others."""
    return 1


@pytest.fixture
async def crowd(chain: DevChain, sqlite_database_url: str, tmp_path: Path, wallet_delay: int) -> AsyncIterator[Crowd]:
    """Contracts, service, worker and a platform of the test's own."""
    async with running_crowd(chain, sqlite_database_url, tmp_path, wallet_delay) as made:
        yield made
