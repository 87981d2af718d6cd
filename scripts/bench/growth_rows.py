"""The same figures on logs of different sizes: nothing may get slower as the log grows.

The yardstick is the smallest log, measured in turn with the others; and the server's peak memory and restart.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

from scripts.bench import proof_rows
from scripts.bench.bodies import Contributions, requests
from scripts.bench.http_rows import Ours
from scripts.bench.load import Order
from scripts.bench.loading import LoadedLog, copy_of
from scripts.bench.measured import Pairs, Reach, Row
from scripts.bench.shared import Bench

_FLAT = Reach("at least", 0.8)
_FLAT_PROOFS = Reach("at least", 0.5)
"""A proof at a million entries has 20 hashes from three levels of tiles, at ten thousand 14 from two."""
_MEMORY_BYTES = 300 * 2**20
_RESTART_SECONDS = 2.0
_PATH = "/v1/contributions"


def rows(bench: Bench, stack: ExitStack) -> list[Row]:
    """Writes and proofs at every size, memory and restart at the largest."""
    logs = [bench.log(size) for size in sorted(bench.options.growth)]
    copies = [copy_of(log, bench.folder / f"growth-{log.size}") for log in logs]
    return [*_writes(bench, stack, copies), *_proofs(bench, stack, logs)]


def _writes(bench: Bench, stack: ExitStack, logs: list[LoadedLog]) -> list[Row]:
    servers = [stack.enter_context(log.site.server()) for log in logs]
    singles = [Ours(bench.load, server, log.site, log.account, 201) for server, log in zip(servers, logs, strict=True)]
    batches = [Ours(bench.load, server, log.site, log.account, 200) for server, log in zip(servers, logs, strict=True)]
    sizes = bench.sizes
    for single, batch in zip(singles, batches, strict=True):
        single.singles(sizes.single // 4)
        batch.batches(max(1, sizes.batches // 4))
    rates = [[each.singles(sizes.single).per_second for each in singles] for _ in range(bench.options.rounds)]
    bulk = [[each.batches(sizes.batches).per_second * 100 for each in batches] for _ in range(bench.options.rounds)]
    found = _flat_rows("single", "a contribution a request", "req/s", logs, rates)
    found += _flat_rows("batch", "100 contributions a request", "items/s", logs, bulk)
    peak = servers[-1].peak_memory()
    limit = float(_MEMORY_BYTES)
    notes: dict[str, float | int | str] = {
        f"at_{log.size}": s.peak_memory() for s, log in zip(servers, logs, strict=True)
    }
    measure = f"peak memory of the server, {logs[-1].size:,} entries"
    reach = Reach("at most", 1)
    return [*found, Row("memory", measure, "300 MiB", "bytes", peak, limit, peak / limit, (), reach, notes)]


def _proofs(bench: Bench, stack: ExitStack, logs: list[LoadedLog]) -> list[Row]:
    found = []
    for kind in ("inclusion", "consistency"):
        asked = [stack.enter_context(proof_rows.ours_cold(log, kind, bench.options.quick)) for log in logs]
        rates = [[1e6 / each() for each in asked] for _ in range(bench.options.rounds)]
        found += _flat_rows(f"{kind}", f"{kind} proofs, cold", "proofs/s", logs, rates, _FLAT_PROOFS)
    return found


def _flat_rows(
    key: str, measure: str, unit: str, logs: list[LoadedLog], rates: list[list[float]], reach: Reach = _FLAT
) -> list[Row]:
    """One row a larger log: its rate against that of the smallest in the same rounds."""
    smallest = tuple(each[0] for each in rates)
    return [
        Pairs(tuple(each[at] for each in rates), smallest).row(
            f"growth-{key}-{log.size}", f"{measure}, {log.size:,} entries", f"{logs[0].size:,} entries", unit, reach
        )
        for at, log in enumerate(logs)
        if at > 0
    ]


def restart_rows(bench: Bench, stack: ExitStack) -> list[Row]:
    """Seconds from the start of the process until its first write is answered."""
    log = copy_of(bench.log(max(bench.options.growth)), bench.folder / "restart")
    supply = Contributions(log.account.campaign, "restart")
    seconds, cpu = [], []
    for _ in range(bench.options.rounds):
        sent = requests(_PATH, log.account.key, supply.bodies(1))
        started = time.perf_counter()
        with log.site.server() as server:
            while True:
                try:
                    bench.load.run(Order([server.port], sent, 1, 201))
                    break
                except RuntimeError:  # it listens, but has not compared its log yet
                    time.sleep(0.01)
            seconds.append(time.perf_counter() - started)
            cpu.append(server.cpu_seconds())
    median = statistics.median(seconds)
    measure = f"restart to the first answered write, {log.size:,} entries"
    ratios = tuple(each / _RESTART_SECONDS for each in seconds)
    reach = Reach("at most", 1)
    ratio = median / _RESTART_SECONDS
    notes: dict[str, float | int | str] = {"server_cpu_seconds": round(statistics.median(cpu), 2)}
    return [Row("restart", measure, "2 s", "s", median, _RESTART_SECONDS, ratio, ratios, reach, notes)]
