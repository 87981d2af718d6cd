"""The row about importing: ``crowdledger import`` of a file against the log's own batches on the same service."""

from __future__ import annotations

import csv
import itertools
import json
import os
import secrets
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.http_rows import ITEMS, Ours
from scripts.bench.measured import Reach, Row, interleaved
from scripts.bench.processes import ServerProcess
from scripts.bench.service import Account, open_account
from scripts.bench.shared import Bench

_ROOT = Path(__file__).resolve().parents[2]
_MAPPING = """
name = "bench{name}"
[contribution]
id = ["id"]
contributor = "worker"
json = ["answer"]
"""


@dataclass(slots=True)
class Imports:
    """Imports of ever new files of ``rows`` contributions, like those that the batches hold."""

    folder: Path
    url: str
    account: Account
    ours: Ours
    server: ServerProcess
    rows: int
    peak_bytes: int = 0
    cpu_seconds: float = 0.0
    server_cpu_seconds: float = 0.0

    def per_second(self) -> float:
        """Write a file, import it, and give rows a second from the first one that is read to the last answer."""
        name = secrets.token_hex(4)
        file, mapping, key = (self.folder / f"{name}.{end}" for end in ("csv", "toml", "key"))
        mapping.write_text(_MAPPING.format(name=name))
        key.write_text(self.account.key)
        with file.open("w", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(("id", "worker", "answer"))
            for new in itertools.islice(iter(self.ours.supply.next, None), self.rows):
                writer.writerow((new["external_id"], new["contributor"], json.dumps(new["content"])))
        words = ["import", str(file), "--campaign", self.account.campaign, "--mapping", str(mapping)]
        command = [sys.executable, "-m", "ledger.cli", *words, "--api-key-file", str(key), "--url", self.url, "--json"]
        before = self.server.cpu_seconds()
        process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        found = json.loads(said) if process.returncode == 0 else {}
        if found.get("written") != {"contribution": self.rows}:
            raise RuntimeError(f"The import ended with {process.returncode}: {said.decode()}")
        self.peak_bytes = max(self.peak_bytes, used.ru_maxrss * 1024)
        self.server_cpu_seconds += self.server.cpu_seconds() - before
        self.cpu_seconds += used.ru_utime + used.ru_stime
        file.unlink()
        return self.rows / float(found["seconds"])


def rows(bench: Bench, stack: ExitStack) -> list[Row]:
    """A file's rows a second against items a second in batches of 100 over 64 connections, on one service in turn."""
    site = bench.site("importing", "sqlite")
    server = stack.enter_context(site.server())
    ours = Ours(bench.load, server, site, open_account(server.url, site.admin_key), 200)
    sizes, rounds = bench.sizes, bench.options.rounds
    imports = Imports(site.folder, f"http://127.0.0.1:{server.port}", ours.account, ours, server, sizes.imported)
    ours.batches(max(1, sizes.batches // 4))
    pairs = interleaved(rounds, lambda: ours.batches(sizes.batches).per_second * ITEMS, imports.per_second)
    return [
        pairs.row(
            "importing",
            f"crowdledger import, {sizes.imported} rows of CSV with JSON",
            f"{ITEMS} contributions a request, same service",
            "rows/s",
            Reach("at least", 0.8),
            client_cpu_us_a_row=round(imports.cpu_seconds / rounds / sizes.imported * 1e6, 1),
            server_cpu_us_a_row=round(imports.server_cpu_seconds / rounds / sizes.imported * 1e6, 1),
            server_cpu_us_an_item=round(statistics.median(ours.cpu_us) / ITEMS, 1),
            client_peak_mib=round(imports.peak_bytes / 1024**2),
        )
    ]
