"""A database is held against the log in it: what is sound passes, one flipped bit is found and its entry named."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, select, update
from sqlalchemy.exc import IntegrityError

from ledger.db import open_database, tables
from ledger.errors import ConfigError, DatabaseError
from ledger.log.checking import Report, check_database, log_names
from ledger.log.checking.unbound import UNBOUND
from ledger.log.writer import Writer
from tests.integration.log.damage import OF_NO_ENTRY, Sound, flip
from tests.integration.log.whole_log import SIGNER, Teller, write_whole_log
from tests.services.databases import copy_sqlite, sqlite_url
from tests.services.postgres import PostgresDatabases

LOG = "main"
SEED, GROUPS = 5, 100


def check(url: str, log: str = LOG) -> Report:
    async def run() -> Report:
        async with open_database(url) as database:
            return await check_database(database, log)

    return asyncio.run(run())


def whole_file(url: str) -> None:
    """Put everything into the one file, which then can be copied."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")


@pytest.fixture(scope="module")
def sound(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    """A database that is as it should be, with rows in every table."""
    file = tmp_path_factory.mktemp("sound") / "log.sqlite"
    url = copy_sqlite(migrated_sqlite, file)
    asyncio.run(write_whole_log(url, LOG, SEED, GROUPS))
    whole_file(url)
    return Sound.read(file, LOG)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def names(table: Table) -> list[str]:
    """A table's columns."""
    return [column.name for column in table.c]


# ---- what is sound ----


def test_a_sound_database_passes_and_has_something_in_every_table(sound: Sound) -> None:
    report = check(sqlite_url(sound.file))
    assert report.findings == []
    assert report.entries == len(sound.entries) > 256  # a full tile and a partial one
    assert {name for name, rows in sound.rows.items() if not rows} == set()
    assert {check.name for check in report.checks if check.verdict == "skipped"} == {"files"}
    remade = next(check.evidence for check in report.checks if check.name == "externals")
    assert remade.startswith(f"own ids: {len(sound.rows['externals'])}, requests made again: ")
    assert int(remade.split()[-1]) > 0.8 * len(sound.rows["externals"])
    assert report.members()["verdict"] == "pass"


async def test_logs_are_checked_each_by_itself_while_they_grow(database_url: str) -> None:
    async with open_database(database_url) as database:
        tellers = [Teller(database, name, Random(seed)) for seed, name in enumerate(["main", "survey"])]
        for teller in tellers:
            await teller.open()
        assert await log_names(database) == ["main", "survey"]
        for teller in tellers:
            async with Writer(database, teller.log, SIGNER, clock=teller.clock, own_clock=True) as writer:
                writer.allow_writes()
                growing = asyncio.create_task(teller.draw(writer, 8))
                while not growing.done():
                    assert (await check_database(database, teller.log)).findings == []
                await growing
        for teller in tellers:
            report = await check_database(database, teller.log)
            assert (report.verdict, report.entries) == ("pass", len(teller.memory.entries))
        with pytest.raises(ConfigError, match="no log 'other'"):
            await check_database(database, "other")


# ---- what is damaged ----


def expect_found(sound: Sound, folder: Path, table: str, number: int, column: str, bit: int) -> None:
    try:
        target, entry = sound.flipped(folder / "x.sqlite", table, number, column, bit)
    except sqlite3.IntegrityError:
        return  # it became the key of another row
    if (table, column) == ("logs", "name"):
        with pytest.raises(ConfigError):
            check(sqlite_url(target))
        return
    found = check(sqlite_url(target)).findings
    assert table in {finding.table for finding in found}
    assert entry is None or entry in {finding.entry for finding in found}


@st.composite
def places(draw: st.DrawFn, sound: Sound) -> tuple[str, int, str]:
    """Any table is as likely as any other, and so is each of its columns."""
    every: dict[str, dict[str, list[int]]] = {}
    for table, number, column in sound.places():
        every.setdefault(table, {}).setdefault(column, []).append(number)
    table = draw(st.sampled_from(sorted(every)))
    column = draw(st.sampled_from(sorted(every[table])))
    return table, draw(st.sampled_from(every[table][column])), column


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_flipped_bit_is_found_and_its_entry_named(sound: Sound, folder: Path, data: st.DataObject) -> None:
    expect_found(sound, folder, *data.draw(places(sound)), data.draw(st.integers(0, 100_000)))


@pytest.mark.long
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_flipped_bits_are_found_everywhere(sound: Sound, folder: Path, data: st.DataObject) -> None:
    expect_found(sound, folder, *data.draw(places(sound)), data.draw(st.integers(0, 100_000)))


@pytest.mark.long
def test_every_column_is_found_or_is_said_to_be_unseen(sound: Sound, folder: Path) -> None:
    random = Random(1)
    by_column: dict[tuple[str, str], list[int]] = {}
    for table, number, column in sound.places():
        by_column.setdefault((table, column), []).append(number)
    for (table, column), numbers in by_column.items():
        expect_found(sound, folder, table, random.choice(numbers), column, random.randrange(100_000))


def test_what_is_not_seen_is_in_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
    for table, (columns, _) in UNBOUND.items():
        assert columns, table
        assert set(columns) <= set(names(tables.metadata.tables[table]))
        assert f"| `{table}` | {', '.join(f'`{column}`' for column in columns)} |" in page


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (None, "UPDATE entries SET entry_index = 'x' WHERE entry_index = 5"),
        ("logs", "UPDATE logs SET size = 1 << 60; UPDATE entries SET entry_index = 1 << 61 WHERE entry_index = 5"),
        ("feedbacks", "UPDATE feedbacks SET entry_index = 9223372036854775807 WHERE rowid = 1"),
        ("anchors", "UPDATE anchors SET size = 'x' WHERE rowid = 1"),
        ("anchors", "UPDATE anchors SET size = x'7b7d' WHERE rowid = 1"),
        ("anchors", "UPDATE anchors SET size = 1e30 WHERE rowid = 1"),
        ("amendments", "UPDATE amendments SET terms = x'00' WHERE terms IS NULL"),
    ],
)
def test_values_of_another_type_or_beyond_all_numbers(
    sound: Sound, folder: Path, monkeypatch: pytest.MonkeyPatch, table: str | None, change: str
) -> None:
    """SQLite keeps anything in any column; the report can be written all the same, and soon."""
    monkeypatch.setattr("ledger.log.checking.log_rows._MOST_MISSING", 1000)
    target = folder / "typed.sqlite"
    shutil.copy(sound.file, target)
    with contextlib.closing(sqlite3.connect(target)) as connection:
        connection.executescript(change)
    report = check(sqlite_url(target))
    assert report.encode()
    assert table in {finding.table for finding in report.findings}


# ---- damage to the file itself ----


def logical(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that the tables say, without what cannot be seen."""
    found = {}
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        for name, table in tables.metadata.tables.items():
            columns = [f'"{each}"' for each in names(table) if each not in UNBOUND.get(name, ((), ""))[0]]
            found[name] = sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)
    return found


def expect_harmless_or_found(sound: Sound, folder: Path, bit: int) -> None:
    target = folder / "raw.sqlite"
    shutil.copy(sound.file, target)
    data = bytearray(target.read_bytes())
    byte, place = divmod(bit % (8 * len(data)), 8)
    data[byte] ^= 1 << place
    target.write_bytes(data)
    try:
        report = check(sqlite_url(target))
    except (DatabaseError, ConfigError):
        return  # it cannot even be opened, or has no such log any more
    if report.verdict == "pass":
        assert logical(target) == logical(sound.file), f"bit {place} of byte {byte}"


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_a_flipped_bit_in_the_file_is_found_or_changes_nothing(sound: Sound, folder: Path, bit: int) -> None:
    expect_harmless_or_found(sound, folder, bit)


@pytest.mark.long
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_flipped_bits_in_the_file_are_found_or_change_nothing(sound: Sound, folder: Path, bit: int) -> None:
    expect_harmless_or_found(sound, folder, bit)


# ---- PostgreSQL ----


@pytest.fixture(scope="module")
def postgres_log(postgres: PostgresDatabases, migrated_postgres: str) -> Iterator[str]:
    """The same log in PostgreSQL."""
    with postgres.database(template=migrated_postgres) as url:
        asyncio.run(write_whole_log(url, LOG, SEED, 15))
        yield url


def test_a_sound_log_in_postgresql_passes(postgres_log: str) -> None:
    report = check(postgres_log)
    assert report.findings == []
    assert next(each.verdict for each in report.checks if each.name == "file") == "skipped"


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_a_flipped_bit_in_postgresql_is_found(postgres_log: str, random: Random) -> None:
    asyncio.run(flip_in_postgresql(postgres_log, random))


async def flip_in_postgresql(url: str, random: Random) -> None:
    """Turn a bit over, check, and turn it back."""
    table = random.choice([each for each in tables.metadata.sorted_tables if each.name in _BOUND])
    column = random.choice([each for each in table.c if each.name in _BOUND[table.name]])
    async with open_database(url) as database:
        async with database.begin() as connection:
            rows = (await connection.execute(select(table).where(column.is_not(None)))).all()
        assume(rows)
        row = random.choice(rows)
        here = [each == row._mapping[each.name] for each in table.primary_key]
        damaged = _flipped(row._mapping[column.name], random)
        there = [each == (damaged if each is column else row._mapping[each.name]) for each in table.primary_key]
        try:
            async with database.begin() as connection:
                await connection.execute(update(table).where(*here).values({column.name: damaged}))
        except IntegrityError:  # another row refers to it
            assume(False)
        try:
            found = (await check_database(database, LOG)).findings
        finally:
            async with database.begin() as connection:
                await connection.execute(update(table).where(*there).values({column.name: row._mapping[column.name]}))
    assert table.name in {finding.table for finding in found}
    if "entry_index" in table.c:
        assert row._mapping["entry_index"] in {finding.entry for finding in found}


def _flipped(value: Any, random: Random) -> Any:
    """One bit turned over; a text stays one that PostgreSQL takes."""
    match value:
        case bool():
            return not value
        case int():
            return value ^ (1 << random.randrange(20))
        case bytes():
            return flip(value, random.randrange(100_000))[0]
        case _:
            places = [place for place, letter in enumerate(value) if letter.isascii() and letter.isprintable()]
            place = random.choice(places)
            return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


_BOUND = {
    name: [each for each in names(table) if each not in UNBOUND.get(name, ((), ""))[0] and each != "log"]
    for name, table in tables.metadata.tables.items()
    if name not in OF_NO_ENTRY and name not in ("logs",)
}
