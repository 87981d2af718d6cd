from pathlib import Path

import pytest

from ledger.tree.keys import LogSigner
from tests.unit.audit import logs


@pytest.fixture(scope="session")
def signer() -> LogSigner:
    return logs.log_signer()


@pytest.fixture(scope="session")
def entries(signer: LogSigner) -> list[bytes]:
    """The entries of a log of some 300, so that it has a full tile and partial ones."""
    return logs.a_story(signer, 100)


@pytest.fixture
def published(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> Path:
    return logs.publish(tmp_path / "published", entries, signer)
