"""What a power cut leaves of SQLite's files: the write-ahead log may end anywhere, and its end may be garbage.

A copy of both files taken while nobody writes is what a disk may hold. Of the write-ahead log, any part of its end may
be missing or wrong: the log that is read from it is the one after the last commit that is whole, to the entry.
"""

from __future__ import annotations

import contextlib
import sqlite3
from bisect import bisect_right
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.db import open_database
from ledger.log.checking import check_database
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree.keys import LogSigner
from tests.services.databases import copy_sqlite, sqlite_url
from tests.simulation.crash.serving import ORIGIN
from tests.simulation.crash.stage import sqlite_file
from tests.simulation.crash.witness import Answer, Witness
from tests.unit.log.samples import Maker

OLDER = 240
GROUPS = 24
_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24


@dataclass
class Torn:
    """The two files at their fullest, and how long the write-ahead log was after each answered commit."""

    folder: Path
    signer: LogSigner
    ends: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    main: bytes = b""
    wal: bytes = b""

    def size_after(self, end: int) -> int:
        """The size of the log whose last whole commit ends at or before this byte."""
        return self.sizes[bisect_right(self.ends, end) - 1]

    async def check(self, wal: bytes, size: int) -> None:
        """With this write-ahead log the database opens to the log of ``size``, takes writes and keeps every promise."""
        copy = self.folder / "copy.sqlite"
        put(copy, self.main, wal)
        witness = Witness(self.signer.verifier_key)
        async with open_database(sqlite_url(copy)) as database:
            reader = Reader(database, "main")
            head = await reader.head()
            assert head.size == size
            for answer in self.answers:
                if answer.index < size:
                    witness.remember(answer)
            witness.hold_against(head.checkpoint, await reader.statements(0, size))
            async with Writer(database, "main", self.signer) as writer:
                writer.allow_writes()
                written = await writer.write(Maker("after").register())
            assert written.index == size
            report = await check_database(database, "main")
            assert report.verdict == "pass", report.findings


@pytest.fixture(params=["TRUNCATE", "RESTART"])
async def torn(request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Torn]:
    """Groups of different sizes, which fill a tile; in a new write-ahead log, or over the frames of an older one."""
    url = copy_sqlite(migrated_sqlite, tmp_path / "log.sqlite")
    file = sqlite_file(url)
    torn = Torn(tmp_path, LogSigner.generate(ORIGIN))
    maker = Maker(start_ms=system_clock_ms())
    async with open_database(url) as database:
        await open_log(database, "main", ORIGIN, torn.signer, 3)
        async with Writer(database, "main", torn.signer) as writer:
            writer.allow_writes()
            await writer.write(maker.register())
            await writer.write(maker.open_campaign())
            await writer.write_many([maker.submit("ann") for _ in range(OLDER)])
            checkpoint(file, request.param)
            torn.main = file.read_bytes()
            torn.ends, torn.sizes = [0], [3 + OLDER]
            for number in range(GROUPS):
                items = [maker.submit("bob") for _ in range(1 + number % 5)]
                written = await writer.write_many(items)
                torn.answers += [Answer(each.id, each.index, each.receipt) for each in written]
                torn.ends.append(end_of_wal(wal_of(file)))
                torn.sizes.append(torn.sizes[-1] + len(items))
            assert file.read_bytes() == torn.main, "a checkpoint came between"
            torn.wal = wal_of(file)
            yield torn


def checkpoint(file: Path, mode: str) -> None:
    """Move everything into the main file; the next write begins the write-ahead log anew.

    After ``RESTART`` the older frames still lie behind the new ones, after ``TRUNCATE`` there are none.
    """
    with contextlib.closing(sqlite3.connect(file)) as connection:
        busy, _, _ = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    assert not busy


def wal_of(file: Path) -> bytes:
    return Path(f"{file}-wal").read_bytes()


def put(file: Path, main: bytes, wal: bytes) -> None:
    """The files as a disk has them after a power cut: what is in shared memory is gone."""
    Path(f"{file}-shm").unlink(missing_ok=True)
    file.write_bytes(main)
    Path(f"{file}-wal").write_bytes(wal)


def end_of_wal(wal: bytes) -> int:
    """Where the frames of this generation end: those of an older one may lie behind (sqlite.org/fileformat2, 4.1)."""
    page, salts = int.from_bytes(wal[8:12], "big"), wal[16:24]
    end = _WAL_HEADER_BYTES
    while wal[end + 8 : end + 16] == salts:
        end += _FRAME_HEADER_BYTES + page
    return end


def damaged(torn: Torn, data: st.DataObject) -> tuple[bytes, int]:
    """A write-ahead log that ends too early, or wrongly, and the first byte that is not as it was."""
    near = st.sampled_from(torn.ends).flatmap(lambda end: st.integers(max(end - 2, 0), end + 2))
    at = min(data.draw(near | st.integers(0, torn.ends[-1] + 1)), len(torn.wal) - 1)
    kind = data.draw(st.sampled_from(["cut", "flip", "garbage", "zeros"]))
    if kind == "cut":
        return torn.wal[:at], at
    if kind == "flip":
        wrong = torn.wal[at] ^ data.draw(st.integers(1, 255))
        return torn.wal[:at] + bytes([wrong]) + torn.wal[at + 1 :], at
    tail = bytes(len(torn.wal) - at) if kind == "zeros" else Random(at).randbytes(len(torn.wal) - at)
    same = next((n for n, (one, two) in enumerate(zip(tail, torn.wal[at:], strict=True)) if one != two), len(tail))
    return torn.wal[:at] + tail, at + same


async def check_damage(torn: Torn, data: st.DataObject) -> None:
    wal, whole = damaged(torn, data)
    await torn.check(wal, torn.size_after(whole))


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(st.data())
async def test_a_torn_log_is_the_one_after_its_last_whole_commit(torn: Torn, data: st.DataObject) -> None:
    await check_damage(torn, data)


@pytest.mark.long
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.data())
async def test_any_torn_log_is_the_one_after_its_last_whole_commit(torn: Torn, data: st.DataObject) -> None:
    await check_damage(torn, data)
