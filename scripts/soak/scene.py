"""The scene: a chain that mines at intervals, contracts, a database, the service and two workers beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ledger.chain.devchain import DevChain
from ledger.demo.stage import Stage, free_port, server_environment
from ledger.errors import UnavailableError
from scripts.soak.patience import wait_until
from scripts.soak.processes import Process

FINALITY_BLOCKS = 8
"""How far ``finalized`` is behind the newest block (two epochs)."""
MINING = ("--block-time", "1", "--slots-in-an-epoch", str(FINALITY_BLOCKS // 2))
WORKERS = 2
LEASE_SECONDS = 4
_START_SECONDS = 300.0
REPLACE_AFTER_SECONDS = 8
SETTLEMENT_DELAY_SECONDS = 3
WALLET_DELAY_SECONDS = 1
_SETTINGS = {
    "lease_seconds": LEASE_SECONDS,
    "replace_after_seconds": REPLACE_AFTER_SECONDS,
    "node_timeout_seconds": 5,
    "anchor_interval_seconds": 5,
    "settle_interval_seconds": 20,
    "relay_claims_per_day": 1_000_000,
    "relay_batch": 7,
    "worker_interval_seconds": 0.5,
}
"""Short times, so that much happens in a run; small batches, so that there are many transactions."""


class Scene(Stage):
    """A stage on a chain that keeps its state between its lives, on SQLite where no database is named."""

    def __init__(self, folder: Path, database_url: str | None, settings: Mapping[str, Any] | None = None) -> None:
        """``settings`` come over the scene's own."""
        super().__init__(
            folder,
            settlement_delay=SETTLEMENT_DELAY_SECONDS,
            wallet_delay=WALLET_DELAY_SECONDS,
            settle_automatically=True,
        )
        # Written when it ends, and not each second meanwhile: it grows.
        state = ("--state", str(folder / "chain.json"))
        self.chain = DevChain(log=folder / "chain.log", mining=MINING, arguments=state)
        self._database_url = database_url
        self._settings = {**_SETTINGS, **(settings or {})}

    @property
    def database_url(self) -> str:
        """The database that was named, else SQLite in the folder."""
        return self._database_url or super().database_url

    def _write_config(self) -> None:
        super()._write_config()
        kept = [line for line in self.config.read_text().splitlines() if line.partition(" =")[0] not in self._settings]
        kept += [f"{name} = {json.dumps(value)}" for name, value in self._settings.items()]
        self.config.write_text("\n".join(kept) + "\n")


class Processes:
    """The services of a scene, each on a port of its own, and its workers."""

    def __init__(self, scene: Stage, services: int = 1, workers: int = WORKERS) -> None:
        ports = [free_port() for _ in range(services)]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.ports = ports
        environment = server_environment(os.environ, scene.config, self.url)
        self.services = [
            Process(
                _named("service", number, services),
                ("serve", "--port", str(port), "--no-worker"),
                environment,
                scene.folder / f"service-{number}.log",
            )
            for number, port in enumerate(ports, 1)
        ]
        self.workers = [
            Process(_named("worker", number, workers), ("worker",), environment, scene.folder / f"worker-{number}.log")
            for number in range(1, workers + 1)
        ]

    @property
    def url(self) -> str:
        """Of the first service, which all give as their public one."""
        return self.urls[0]

    @property
    def every(self) -> list[Process]:
        """All of them."""
        return [*self.services, *self.workers]

    def start(self) -> None:
        """Start what does not run, continue what is paused, and wait until writes are taken."""
        from ledger.client import Client

        for each in self.every:
            each.resume()
            each.start()
        for url in self.urls:
            with Client(url) as client:
                wait_until("the service takes writes", client.ready, _START_SECONDS)

    def stop(self) -> None:
        """End all of them."""
        for each in self.every:
            each.stop()

    def require_running(self) -> None:
        """Raise UnavailableError where one ended that nobody ended."""
        for each in self.every:
            code = each.ended_by_itself
            if code is not None:
                end = "\n".join(each.words().splitlines()[-5:])
                raise UnavailableError(f"The {each.name} ended by itself with code {code}. It said:\n{end}")


def _named(what: str, number: int, of: int) -> str:
    return what if of == 1 else f"{what} {number}"
