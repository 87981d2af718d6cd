"""Writes over HTTP: one contribution a request, 100 a request, and one lone request after the other."""

from __future__ import annotations

import secrets
import statistics
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scripts.bench import naive
from scripts.bench.bodies import Contributions, requests
from scripts.bench.load import Answered, Load, Order
from scripts.bench.measured import Reach, Row, interleaved
from scripts.bench.processes import ServerProcess, asgi_server
from scripts.bench.service import Account, Site, check_reply, open_account

CONNECTIONS = 64
ITEMS = 100
_PATH = "/v1/contributions"
_BATCH_PATH = "/v1/contributions/batch"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many requests a round has."""

    echo: int = 10_000
    single: int = 4_000
    naive: int = 1_500
    batches: int = 150
    lone: int = 400
    imported: int = 50_000

    @classmethod
    def quick(cls) -> Sizes:
        """For a look whether all of it works."""
        return cls(echo=300, single=200, naive=100, batches=5, lone=20, imported=1_000)


class Target:
    """A server under load; counts its processor time beside the clock's."""

    def __init__(self, load: Load, server: ServerProcess, status: int) -> None:
        self._load = load
        self._server = server
        self._status = status
        self.cpu_us: list[float] = []
        """Processor time of the server a request, one figure a round."""

    def run(self, sent: Sequence[bytes], connections: int = CONNECTIONS) -> Answered:
        """Send all, keep-alive; raises RuntimeError for a reply that is not as expected."""
        before = self._server.cpu_seconds()
        answered = self._load.run(Order([self._server.port], sent, connections, self._status))
        self.cpu_us.append((self._server.cpu_seconds() - before) / len(sent) * 1e6)
        return answered


class Ours(Target):
    """Our server; verifies the receipts in a sample of its replies."""

    def __init__(self, load: Load, server: ServerProcess, site: Site, account: Account, status: int) -> None:
        super().__init__(load, server, status)
        self._key = site.signer.verifier_key
        self.account = account
        self.supply = Contributions(account.campaign, secrets.token_hex(4))

    def singles(self, count: int, connections: int = CONNECTIONS) -> Answered:
        """Write ``count`` contributions, one a request."""
        return self._verified(self.run(requests(_PATH, self.account.key, self.supply.bodies(count)), connections))

    def batches(self, count: int) -> Answered:
        """Write ``count`` batches."""
        bodies = self.supply.batches(count, ITEMS)
        return self._verified(self.run(requests(_BATCH_PATH, self.account.key, bodies)))

    def _verified(self, answered: Answered) -> Answered:
        for body in answered.bodies:
            check_reply(body, self._key)
        return answered


def single_rows(
    stack: ExitStack, load: Load, site: Site, name: str, rounds: int, sizes: Sizes, reach: float
) -> list[Row]:
    """One durable contribution a request, receipt in the reply, against the bare echo of the same bodies."""
    server = stack.enter_context(site.server())
    ours = Ours(load, server, site, open_account(server.url, site.admin_key), 201)
    echo = Target(load, stack.enter_context(asgi_server("scripts.bench.echo:app", site.folder)), 201)
    supply = Contributions(ours.account.campaign, "echo")
    echoed = requests(_PATH, ours.account.key, supply.bodies(sizes.echo))
    echo.run(echoed[: sizes.echo // 4])
    ours.singles(sizes.single // 4)
    pairs = interleaved(rounds, lambda: echo.run(echoed).per_second, lambda: ours.singles(sizes.single).per_second)
    return [
        pairs.row(
            f"http-{name}",
            f"a contribution a request, {name}",
            "bare ASGI echo",
            "req/s",
            Reach("at least", reach),
            connections=CONNECTIONS,
            body_bytes=round(statistics.mean(map(len, supply.bodies(1000)))),
            server_cpu_us=round(statistics.median(ours.cpu_us)),
            echo_cpu_us=round(statistics.median(echo.cpu_us)),
        )
    ]


def naive_rows(stack: ExitStack, load: Load, site: Site, rounds: int, sizes: Sizes) -> list[Row]:
    """The same against a naive endpoint that commits once a request."""
    server = stack.enter_context(site.server())
    ours = Ours(load, server, site, open_account(server.url, site.admin_key), 201)
    key, campaign = f"cl_{secrets.token_hex(8)}_{secrets.token_hex(32)}", str(uuid.uuid4())
    settings = {naive.DATABASE: str(site.folder / "naive.db"), naive.KEY: key, naive.CAMPAIGN: campaign}
    other = Target(load, stack.enter_context(asgi_server("scripts.bench.naive:app", site.folder, settings)), 201)
    supply = Contributions(campaign, "naive")

    def write_naive() -> float:
        return other.run(requests(_PATH, key, supply.bodies(sizes.naive))).per_second

    write_naive()
    ours.singles(sizes.single // 4)
    pairs = interleaved(rounds, write_naive, lambda: ours.singles(sizes.single).per_second)
    return [
        pairs.row(
            "http-naive",
            "a contribution a request, sqlite",
            "naive FastAPI endpoint",
            "req/s",
            Reach("at least", 4),
            server_cpu_us=round(statistics.median(ours.cpu_us)),
            naive_cpu_us=round(statistics.median(other.cpu_us)),
        )
    ]


def batch_rows(
    stack: ExitStack, load: Load, site: Site, name: str, rounds: int, sizes: Sizes, bulk: Callable[[], float]
) -> list[Row]:
    """100 contributions a request against ``bulk``, which gives contributions a second of the plain driver."""
    server = stack.enter_context(site.server())
    ours = Ours(load, server, site, open_account(server.url, site.admin_key), 200)
    ours.batches(max(1, sizes.batches // 4))
    pairs = interleaved(rounds, bulk, lambda: ours.batches(sizes.batches).per_second * ITEMS)
    return [
        pairs.row(
            f"batch-{name}",
            f"{ITEMS} contributions a request, {name}",
            "raw bulk insert of the same rows",
            "items/s",
            Reach("at least", 0.4),
            server_cpu_us_an_item=round(statistics.median(ours.cpu_us) / ITEMS, 1),
        )
    ]


def lone_rows(
    stack: ExitStack, load: Load, site: Site, name: str, rounds: int, sizes: Sizes, commit: Callable[[], float]
) -> list[Row]:
    """One request after the other on one connection against ``commit``, which gives seconds of one durable commit."""
    server = stack.enter_context(site.server())
    ours = Ours(load, server, site, open_account(server.url, site.admin_key), 201)
    ours.singles(sizes.lone, 1)
    pairs = interleaved(
        rounds, lambda: commit() * 1e3, lambda: statistics.median(ours.singles(sizes.lone, 1).latencies) * 1e3
    )
    return [
        pairs.row(
            f"lone-{name}",
            f"latency of a lone request, {name}",
            "one durable commit",
            "ms",
            Reach("at most", 5),
        )
    ]


def folder_of(base: Path, name: str) -> Path:
    """A new folder for a row's files."""
    folder = base / name
    folder.mkdir(parents=True)
    return folder
