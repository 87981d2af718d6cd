"""A whole CrowdLedger with chain, contracts, service and worker, for all tests of this folder that want one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.demo.stage import Server, Stage

DELAY_SECONDS = 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests on the stage are the folder's last, so that its worker does not look for work while others run."""
    here = Path(__file__).parent
    places = [place for place, item in enumerate(items) if here in item.path.parents]
    staged = {item.path for item in items if "staged" in getattr(item, "fixturenames", ())}
    ours = sorted((items[place] for place in places), key=lambda item: item.path in staged)
    for place, item in zip(places, ours, strict=True):
        items[place] = item


@dataclass(frozen=True, slots=True)
class Staged:
    """A stage and the service on it."""

    stage: Stage
    server: Server


@pytest.fixture(scope="package")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    """One for the whole folder; every file has platforms of its own. Who moves the chain's time takes another."""
    folder = tmp_path_factory.mktemp("stage") / "service"
    with Stage(folder, settlement_delay=DELAY_SECONDS, wallet_delay=DELAY_SECONDS) as stage, stage.server() as server:
        yield Staged(stage, server)
