"""``python -m scripts.load.scale``: API processes, workers and logs on one PostgreSQL, in processor time a request.

On a machine where the load's client, the API and PostgreSQL share the cores, requests a second say little of what more
cores would do. So each figure comes with the processor time that each of them took: what a core is worth.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from ledger.client import Client
from ledger.demo.stage import server_environment
from ledger.errors import CrowdLedgerError
from scripts.bench.bodies import Contributions, requests
from scripts.bench.http_rows import CONNECTIONS, ITEMS
from scripts.bench.load import Load, Order
from scripts.bench.postgres import PostgresServer, engine_url, postgres_server
from scripts.bench.processes import cpu_seconds
from scripts.bench.service import Account, open_account
from scripts.load import pages
from scripts.load.many import ManyLogs
from scripts.soak.patience import wait_until
from scripts.soak.processes import Process
from scripts.soak.scene import Processes

LOGS: Final = 4
SERVICES: Final = 4
SINGLE, BATCH, READ = "contribution", f"batch of {ITEMS}", "receipt"
_SETTINGS: Final = {
    "key_requests_per_minute": 10**9,
    "address_requests_per_minute": 10**9,
    "anchor_interval_seconds": 60,
    "settle_automatically": False,
}
_SAMPLE: Final = 5
_TOLD_SECONDS: Final = 300.0
_CONNECTIONS_AT_MOST: Final = 400
"""Of PostgreSQL, whose own 100 are fewer than 4 processes with 4 logs may want (15 for each)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How many API processes and logs take the requests; ``workers``: of each of these logs."""

    services: int
    logs: int
    workers: int = 0


SHAPES: Final = (Shape(1, 1), Shape(2, 1), Shape(4, 1), Shape(1, 4), Shape(2, 2), Shape(4, 4))
WITH_WORKERS: Final = (Shape(2, 1, 1), Shape(2, 1, 2), Shape(4, 4, 1))


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of the rounds: contributions (or reads) a second, and microseconds of processor time for each."""

    kind: str
    services: int
    logs: int
    workers: int
    per_second: float
    api_us: float
    postgres_us: float
    worker_us: float
    client_us: float


@dataclass
class Meter:
    """The processor time of everything that takes part, between its beginning and now."""

    parts: dict[str, Callable[[], float]]
    _begun: dict[str, float] = field(default_factory=dict)

    def begin(self) -> None:
        """From now on."""
        self._begun = {name: used() for name, used in self.parts.items()}

    def used(self) -> dict[str, float]:
        """Seconds of each part."""
        return {name: used() - self._begun[name] for name, used in self.parts.items()}


class Scale:
    """All services run all the time, and a shape says which of them are asked, and about which logs."""

    def __init__(self, scene: ManyLogs, postgres: PostgresServer, load: Load, sizes: dict[str, int]) -> None:
        self._scene = scene
        self._postgres = postgres
        self._load = load
        self._sizes = sizes
        self._processes = Processes(scene, SERVICES, workers=0)
        self._workers: list[Process] = []
        self._accounts: list[Account] = []
        self._known: list[list[str]] = [[] for _ in scene.bases]

    def __enter__(self) -> Scale:
        try:
            self._processes.start()
            for base in self._scene.bases:
                self._accounts.append(open_account(f"{self._processes.url}{base}", self._scene.admin_key))
        except BaseException:
            self._processes.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.employ(Shape(SERVICES, LOGS))
        self._processes.stop()

    def employ(self, shape: Shape) -> None:
        """Start the workers of a shape, end all others, and wait until they have done what lay there."""
        for worker in self._workers:
            worker.stop()
        environment = server_environment(os.environ, self._scene.config, self._processes.url)
        names = [["--log", name] for name in ("main", *self._scene.further)][: shape.logs]
        self._workers = [
            Process(
                f"worker {number} of {name[1]}",
                ("worker", *name),
                environment,
                self._scene.folder / f"worker-{name[1]}-{number}.log",
            )
            for number in range(1, shape.workers + 1)
            for name in names
        ]
        for worker in self._workers:
            worker.start()
        if self._workers:
            self._catch_up(shape)

    def measure(self, shape: Shape) -> Iterator[Row]:
        """One round of each kind."""
        for kind, make, status, items in (
            (SINGLE, partial(self._writes, shape, 1), 201, 1),
            (BATCH, partial(self._writes, shape, ITEMS), 200, ITEMS),
            (READ, partial(self._reads, shape), 200, 1),
        ):
            asked = make()
            order = Order(self._processes.ports[: shape.services], asked, CONNECTIONS, status, _SAMPLE)
            meter = Meter(
                {
                    "api": lambda: self._api(shape),
                    "postgres": lambda: cpu_seconds(self._postgres.pid or 0, children=True),
                    "worker": lambda: sum(cpu_seconds(each.pid) for each in self._workers if each.pid),
                    "client": lambda: cpu_seconds(self._load.pid),
                }
            )
            meter.begin()
            answered = self._load.run(order)
            if shape.workers and kind != READ:
                self._catch_up(shape)
            us = {part: seconds / len(asked) / items * 1e6 for part, seconds in meter.used().items()}
            if kind != READ:
                self._learn(answered.bodies)
            yield Row(
                kind,
                shape.services,
                shape.logs,
                shape.workers,
                per_second=answered.per_second * items,
                api_us=us["api"],
                postgres_us=us["postgres"],
                worker_us=us["worker"],
                client_us=us["client"],
            )

    def _api(self, shape: Shape) -> float:
        return sum(cpu_seconds(each.pid) for each in self._processes.services[: shape.services] if each.pid)

    def _writes(self, shape: Shape, items: int) -> list[bytes]:
        """Requests to each of the logs in turn."""
        path = "/v1/contributions" if items == 1 else "/v1/contributions/batch"
        count = self._sizes[SINGLE if items == 1 else BATCH] // shape.logs
        of_logs = []
        for base, account in list(zip(self._scene.bases, self._accounts, strict=True))[: shape.logs]:
            supply = Contributions(account.campaign, secrets.token_hex(4))
            bodies = supply.bodies(count) if items == 1 else supply.batches(count, items)
            of_logs.append(requests(f"{base}{path}", account.key, bodies))
        return [request for turn in zip(*of_logs, strict=True) for request in turn]

    def _reads(self, shape: Shape) -> list[bytes]:
        """Receipts of what was written to those logs."""
        of_logs = []
        for base, account, known in list(zip(self._scene.bases, self._accounts, self._known, strict=True))[
            : shape.logs
        ]:
            of_logs.append([self._read(f"{base}/v1/contributions/{each}/receipt", account.key) for each in known])
        found = [request for turn in zip(*of_logs, strict=False) for request in turn]
        return (found * (self._sizes[READ] // max(1, len(found)) + 1))[: self._sizes[READ]]

    @staticmethod
    def _read(path: str, key: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: scale.local\r\nAuthorization: Bearer {key}\r\n\r\n".encode()

    def _learn(self, bodies: Sequence[bytes]) -> None:
        """Note which contributions there are; a receipt's key begins with the origin of the log it is of."""
        for body in bodies:
            reply = json.loads(body)
            for written in reply.get("results", [reply]):
                origin = written["receipt"]["key"].partition("+")[0]
                self._known[self._scene.origins.index(origin)].append(written["id"])

    def _catch_up(self, shape: Shape) -> None:
        """Until every entry of these logs is told of as events."""
        for base, account in list(zip(self._scene.bases, self._accounts, strict=True))[: shape.logs]:
            with Client(f"{self._processes.url}{base}", account.key) as client:
                size = client.audit_summary().size
            wait_until("the worker has told of all", partial(self._is_told, base, account, size), _TOLD_SECONDS)

    def _is_told(self, base: str, account: Account, size: int) -> bool:
        headers = {"Authorization": f"Bearer {account.key}"}
        reply = httpx.get(f"{self._processes.url}{base}/v1/events?limit=1", headers=headers, trust_env=False)
        return bool(reply.json()["published_to"] >= size)


def medians(rounds: Sequence[Row]) -> list[Row]:
    """One row for each kind and shape, in the order of the first round."""
    by_what: dict[tuple[Any, ...], list[Row]] = {}
    for row in rounds:
        by_what.setdefault((row.kind, row.services, row.logs, row.workers), []).append(row)
    names = ("per_second", "api_us", "postgres_us", "worker_us", "client_us")
    return [
        Row(*what, *(round(statistics.median(getattr(row, name) for row in some), 1) for name in names))
        for what, some in by_what.items()
    ]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.load.scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="the medians of so many interleaved rounds count (5)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it works")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--write", action="store_true", help="keep the figures, for docs/load.md and docs/capacity.md")
    arguments = parser.parse_args()
    sizes = {SINGLE: 200, BATCH: 8, READ: 200} if arguments.quick else {SINGLE: 4_000, BATCH: 80, READ: 4_000}
    rounds = 1 if arguments.quick else arguments.rounds
    try:
        rows = _measured(sizes, rounds)
    except (CrowdLedgerError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    members = {"cores": os.cpu_count(), "rounds": rounds, "rows": [asdict(row) for row in rows]}
    print(pages.scale_table(members))
    if arguments.json:
        print(json.dumps(members))
    if arguments.write:
        pages.keep("scale", members)
    return 0


def _measured(sizes: dict[str, int], rounds: int) -> list[Row]:
    found: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crowdledger-scale-")))
        postgres = stack.enter_context(postgres_server(None))
        postgres.set("max_connections", str(_CONNECTIONS_AT_MOST))
        scene = stack.enter_context(ManyLogs(folder, engine_url(postgres.create()), _SETTINGS, LOGS))
        load = stack.enter_context(Load())
        scale = stack.enter_context(Scale(scene, postgres, load, sizes))
        list(scale.measure(Shape(SERVICES, LOGS)))  # all of them have done everything once
        for _ in range(rounds):
            for shape in SHAPES:
                print(f"{time.strftime('%H:%M:%S')} {shape}", file=sys.stderr, flush=True)
                found += scale.measure(shape)
        for shape in WITH_WORKERS:
            scale.employ(shape)
            for _ in range(rounds):
                print(f"{time.strftime('%H:%M:%S')} {shape}", file=sys.stderr, flush=True)
                found += scale.measure(shape)
    return medians(found)


if __name__ == "__main__":
    sys.exit(main())
