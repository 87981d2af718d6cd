"""What the rows of one run share, each thing made when it is first needed."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.bench import raw
from scripts.bench.http_rows import ITEMS, Sizes
from scripts.bench.load import Load
from scripts.bench.loading import LoadedLog, sqlite_log
from scripts.bench.postgres import PostgresServer, engine_url, postgres_server
from scripts.bench.service import Site

KEPT = Path(__file__).resolve().parents[2] / "build" / "bench"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. ``entries`` is the size of the log that is read and replayed."""

    rounds: int
    quick: bool
    postgres: str | None
    entries: int
    growth: tuple[int, ...]
    fresh: bool


class Bench:
    """The options, the load client, PostgreSQL, captured rows, loaded logs, and a folder for all else."""

    def __init__(self, options: Options, stack: ExitStack) -> None:
        self.options = options
        self._stack = stack
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crowdledger-bench-")))
        self.sizes = Sizes.quick() if options.quick else Sizes()
        self._logs: dict[int, LoadedLog] = {}

    @cached_property
    def load(self) -> Load:
        """The load client."""
        return self._stack.enter_context(Load())

    @cached_property
    def postgres(self) -> PostgresServer:
        """PostgreSQL."""
        return self._stack.enter_context(postgres_server(self.options.postgres))

    @cached_property
    def captured(self) -> raw.Captured:
        """The rows that groups of 100 contributions store."""
        return raw.capture(self.folder / "captured", self.sizes.batches, ITEMS)

    @cached_property
    def _plain_postgres(self) -> str:
        return self.postgres.create()

    def plain_commit(self, database: str, rows: int) -> float:
        """Seconds of one durable commit of ``rows`` plain rows by the plain driver."""
        commits = self.sizes.lone
        if database == "sqlite":
            return raw.sqlite_plain(self.folder / "plain", commits, rows)
        return raw.postgres_plain(self._plain_postgres, commits, rows)

    def log(self, size: int) -> LoadedLog:
        """The loaded log of ``size`` entries; it is only read."""
        if size not in self._logs:
            kept = self.folder if self.options.quick else KEPT
            self._logs[size] = sqlite_log(kept, size, fresh=self.options.fresh)
        return self._logs[size]

    def site(self, name: str, database: str) -> Site:
        """A new service's folder and database (``sqlite`` or ``postgresql``)."""
        folder = self.folder / name
        folder.mkdir()
        if database == "sqlite":
            return Site.make(folder, f"sqlite+aiosqlite:///{folder / 'bench.db'}")
        return Site.make(folder, engine_url(self.postgres.create()))
