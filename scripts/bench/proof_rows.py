"""Proofs from the database against pymerkle's SQLite tree over the same leaves.

Cold: nothing is in memory but what the operating system keeps of the files, before each proof. From a start: some
hundred random proofs, one after the other, of a tree that was just opened. Warm: after some hundred more; either keeps
what it likes (pymerkle up to 1 GiB, ours 32 MiB), so less and less comes from the database.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pymerkle import SqliteTree

from ledger.db import Database, open_database
from ledger.log.reader import Reader
from ledger.tree import merkle
from scripts.bench.loading import LOG, LoadedLog
from scripts.bench.measured import Reach, Row, interleaved
from scripts.bench.shared import Bench

AskedT = TypeVar("AskedT")
_SEED = 5
_REACH = Reach("at least", 10)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Proofs a round, and before the rounds of the warm ones."""

    cold: int
    cold_theirs: int
    start: int
    warm: int
    before: int


_FULL = _Counts(cold=50, cold_theirs=1, start=100, warm=200, before=500)
_QUICK = _Counts(cold=5, cold_theirs=2, start=10, warm=20, before=20)


class _Proofs:
    """Both trees, and random questions that both are asked."""

    def __init__(self, tree: SqliteTree, database: Database, runner: asyncio.Runner, size: int) -> None:
        self.tree = tree
        self._database = database
        self._runner = runner
        self._size = size
        self.fresh()

    def fresh(self) -> None:
        """Forget all that ours keeps."""
        self._reader = Reader(self._database, LOG)

    def ours(self, kind: str, asked: list[tuple[int, int]]) -> list[list[bytes]]:
        """Our proofs."""
        make = self._reader.inclusion if kind == "inclusion" else self._reader.consistency

        async def all_of_them() -> list[list[bytes]]:
            return [await make(one, two) for one, two in asked]

        return self._runner.run(all_of_them())

    def theirs(self, kind: str, asked: list[tuple[int, int]]) -> list[object]:
        """pymerkle's proofs, which counts leaves from 1."""
        if kind == "inclusion":
            return [self.tree.prove_inclusion(index + 1, size) for index, size in asked]
        return [self.tree.prove_consistency(old, new) for old, new in asked]

    def questions(self, kind: str, rng: random.Random, count: int) -> list[tuple[int, int]]:
        """Random entries in the tree as it is now, or random pairs of sizes."""
        if kind == "inclusion":
            return [(rng.randrange(self._size), self._size) for _ in range(count)]
        return [(old + 1, new + 1) for old, new in (sorted(rng.sample(range(self._size), 2)) for _ in range(count))]


def rows(bench: Bench, stack: ExitStack) -> list[Row]:
    """Inclusion and consistency proofs, cold and warm."""
    counts = _QUICK if bench.options.quick else _FULL
    loaded = bench.log(bench.options.entries)
    proofs = stack.enter_context(_opened(loaded))
    found = []
    for kind in ("inclusion", "consistency"):
        rng = random.Random(_SEED)
        _verify(proofs, kind, rng)
        found.append(_cold(proofs, kind, rng, bench.options.rounds, counts, loaded.size))
        found.append(_start(proofs, kind, rng, bench.options.rounds, counts, loaded.size))
        found.append(_warm(proofs, kind, rng, bench.options.rounds, counts, loaded.size))
    return found


def _cold(proofs: _Proofs, kind: str, rng: random.Random, rounds: int, counts: _Counts, size: int) -> Row:
    def yardstick() -> float:
        def one(asked: tuple[int, int]) -> None:
            proofs.tree.cache_clear()
            proofs.theirs(kind, [asked])

        return _mean_us(one, proofs.questions(kind, rng, counts.cold_theirs))

    def ours() -> float:
        return cold_us(proofs, kind, proofs.questions(kind, rng, counts.cold))

    return interleaved(rounds, yardstick, ours).row(
        f"proof-{kind}-cold",
        f"{kind} proof, {size:,} entries, cold",
        "pymerkle 7 on SQLite",
        "us",
        _REACH,
        times_quicker=True,
    )


def _start(proofs: _Proofs, kind: str, rng: random.Random, rounds: int, counts: _Counts, size: int) -> Row:
    def fresh() -> list[list[tuple[int, int]]]:
        proofs.fresh()
        proofs.tree.cache_clear()
        return [proofs.questions(kind, rng, counts.start)]

    return interleaved(
        rounds,
        lambda: _mean_us(lambda asked: proofs.theirs(kind, asked), fresh()) / counts.start,
        lambda: _mean_us(lambda asked: proofs.ours(kind, asked), fresh()) / counts.start,
    ).row(
        f"proof-{kind}-start",
        f"{kind} proof, {size:,} entries, the first {counts.start}",
        "pymerkle 7 on SQLite",
        "us",
        _REACH,
        times_quicker=True,
    )


def _warm(proofs: _Proofs, kind: str, rng: random.Random, rounds: int, counts: _Counts, size: int) -> Row:
    before = proofs.questions(kind, rng, counts.before)
    proofs.ours(kind, before)
    proofs.theirs(kind, before)

    def asked() -> list[list[tuple[int, int]]]:
        return [proofs.questions(kind, rng, counts.warm)]

    return interleaved(
        rounds,
        lambda: _mean_us(lambda asked: proofs.theirs(kind, asked), asked()) / counts.warm,
        lambda: _mean_us(lambda asked: proofs.ours(kind, asked), asked()) / counts.warm,
    ).row(
        f"proof-{kind}-warm",
        f"{kind} proof, {size:,} entries, after {counts.before:,}",
        "pymerkle 7 on SQLite",
        "us",
        None,
        times_quicker=True,
    )


def _verify(proofs: _Proofs, kind: str, rng: random.Random) -> None:
    """Our proofs lead to pymerkle's roots. Raises ProofError otherwise."""
    asked = proofs.questions(kind, rng, 3)
    root = proofs.tree.get_root
    for proof, (one, two) in zip(proofs.ours(kind, asked), asked, strict=True):
        if kind == "inclusion":
            merkle.verify_inclusion(proofs.tree.get_leaf(one + 1), one, two, proof, root(two))
        else:
            merkle.verify_consistency(one, two, root(one), root(two), proof)


def _mean_us(work: Callable[[AskedT], object], asked: Sequence[AskedT]) -> float:
    started = time.process_time()
    for each in asked:
        work(each)
    return (time.process_time() - started) / len(asked) * 1e6


@contextmanager
def _opened(loaded: LoadedLog) -> Iterator[_Proofs]:
    place = pymerkle_tree(loaded)
    with asyncio.Runner() as runner, SqliteTree(str(place)) as tree:
        opened = open_database(loaded.site.database_url)
        database = runner.run(opened.__aenter__())
        try:
            yield _Proofs(tree, database, runner, loaded.size)
        finally:
            runner.run(opened.__aexit__(None, None, None))


@contextmanager
def ours_cold(loaded: LoadedLog, kind: str, quick: bool) -> Iterator[Callable[[], float]]:
    """Gives what a proof of ours costs with nothing kept, in microseconds of the processor: the mean of some."""
    counts = _QUICK if quick else _FULL
    rng = random.Random(_SEED)
    with _opened(loaded) as proofs:
        yield lambda: cold_us(proofs, kind, proofs.questions(kind, rng, counts.cold))


def cold_us(proofs: _Proofs, kind: str, asked: list[tuple[int, int]]) -> float:
    """What each of our proofs costs with nothing kept from those before."""

    def one(question: tuple[int, int]) -> None:
        proofs.fresh()
        proofs.ours(kind, [question])

    return _mean_us(one, asked)


def pymerkle_tree(loaded: LoadedLog) -> Path:
    """pymerkle's database of the same leaves, beside ours; made if it is not there."""
    place = loaded.site.folder / "pymerkle.db"
    if not place.exists():
        part = place.with_suffix(".part")
        part.unlink(missing_ok=True)
        with SqliteTree(str(part)) as tree:
            tree.append_entries(statements(loaded))
        part.rename(place)
    return place


def statements(loaded: LoadedLog) -> Iterator[bytes]:
    """The log's entries in their order."""
    with closing(sqlite3.connect(loaded.site.folder / "bench.db")) as connection:
        query = "SELECT statement FROM entries WHERE log = ? ORDER BY entry_index"
        for (statement,) in connection.execute(query, (LOG,)):
            yield statement
