"""A backup of the past and the published entries make the same log again, with all its views, on both databases."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace
from sqlalchemy import delete, insert, select

from ledger.db import Database, migrate, open_database, tables
from ledger.db.backup import SavedLog, back_up, check_backup
from ledger.db.checksums import CHECKED, checksum
from ledger.db.downgrade import downgrade
from ledger.db.unfinished import UNFINISHED
from ledger.errors import ConfigError, DatabaseError, ProofError
from ledger.log.checking import Report, check_database
from ledger.log.checking.views import VIEWS
from ledger.log.items import Item, NoteAct, RevokeKey, Written
from ledger.log.reader import Reader
from ledger.log.restoring import Lost, bring_back, check_continues, check_within
from ledger.log.writer import Writer
from ledger.statements.campaigns import Sealed
from ledger.statements.values import format_time
from tests.integration.log.whole_log import SIGNER, Teller
from tests.services.postgres import PostgresDatabases, programs_folder
from tests.services.restoring import loaded, published, restored
from tests.unit.log.samples import PLACE, Maker

LOG = "main"
SECOND_MS = 1_000
PRIVATE = {"campaigns": ("title", "brief", "terms", "checksum"), "amendments": ("brief", "terms"), "notices": ("text",)}
PRIVATE |= {"results": ("public", "checksum"), "mandates": ("digest", "checksum")}
PRIVATE |= {"api_keys": ("digest", "checksum")}
"""What of views only the database knew."""


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs of the server's own version."""
    if "postgres" in request.fixturenames or "postgresql" in request.node.name:
        monkeypatch.setenv("PATH", f"{programs_folder()}{os.pathsep}{os.environ['PATH']}")


async def rows(database: Database, table: str) -> list[dict[str, Any]]:
    """All rows of a table, ordered."""
    async with database.engine.connect() as connection:
        found = (await connection.execute(select(tables.metadata.tables[table]))).mappings()
        return sorted((dict(row) for row in found), key=repr)


async def without_private(database: Database, table: str) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in PRIVATE.get(table, ())}
        for row in await rows(database, table)
    ]


def passed(report: Report) -> Report:
    assert report.findings == [], report.findings
    return report


class Drill:
    """A log of which a backup was made; ``old`` is its database, ``new`` where it is restored to."""

    def __init__(self, old: str, new: str, folder: Path, seed: int) -> None:
        self.old, self.new = old, new
        self.file = folder / "crowd.backup"
        self.random = Random(seed)
        self.saved: SavedLog

    async def write(self, before: int, after: int) -> None:
        """Write groups, make the backup, write more."""
        async with open_database(self.old) as database:
            teller = Teller(database, LOG, self.random)
            await teller.open()
            async with Writer(database, LOG, SIGNER, clock=teller.clock, own_clock=True) as writer:
                writer.allow_writes()
                await teller.draw(writer, before)
                finish = await self._begin(teller, writer)
                (self.saved,) = await asyncio.to_thread(back_up, self.old, self.file)
                for _ in range(after):
                    teller.now_ms += 500
                    await teller.tell(writer, *(teller.script.draw() for _ in range(self.random.randint(1, 12))))
                teller.now_ms += SECOND_MS
                for group in finish:
                    said = await teller.tell(writer, *group)
                    assert [each for each in said if not isinstance(each, Written)] == []

    async def _begin(self, teller: Teller, writer: Writer) -> list[list[Item]]:
        """What is begun before the backup and finished after it; and what is new then."""
        old, new, at = Maker("old", teller.now_ms), Maker("new", teller.now_ms), teller.now_ms
        times = Sealed(deadline=format_time(at + SECOND_MS - 1), reveal_until=format_time(at + 100 * SECOND_MS))
        sealed = old.id()
        (entry, opening), (kept, kept_opening) = (old.sealed(who, sealed) for who in ("ann", "bob"))
        first, second = old.add_key(), old.add_key()
        begun: list[Item] = [
            *(old.register(), first, second, old.open_campaign(place=PLACE)),
            *(old.open_campaign(id=sealed, sealed=times), entry, kept, old.pause(), old.funded(old.campaign, 7)),
        ]
        said = await teller.tell(writer, *begun)
        assert [each for each in said if not isinstance(each, Written)] == []
        rotated = replace(old.add_key(), rotates=first.key.id, overlap_ms=5)
        work = new.submit("zoe")
        return [
            [old.resume(), old.reveal(entry.id, opening), old.funded(old.campaign, 8), old.close_campaign()],
            [old.reveal(kept.id, kept_opening)],
            [rotated, RevokeKey(platform=old.platform, key_id=second.key.id)],
            [new.register(), new.open_campaign(), new.add_key(), work, new.notice(), new.amend(brief={"x": 2})],
            [new.submit("yan"), new.erase("contribution", work.id), old.erase("contribution", entry.id)],
        ]

    async def restore(self) -> Lost:
        """Load the backup and bring back the rest."""
        return await restored(self.old, self.new, self.file)


@pytest.fixture
def new_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite+aiosqlite:///{tmp_path / 'new.sqlite'}"
        return
    postgres: PostgresDatabases = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield url


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
async def test_the_same_log_again(database_url: str, new_url: str, tmp_path: Path, seed: int) -> None:
    drill = Drill(database_url, new_url, tmp_path, seed)
    await drill.write(12, 12)
    lost = await drill.restore()
    async with open_database(database_url) as old, open_database(new_url) as new:
        for table in ("logs", "entries", "tiles", "api_keys", *VIEWS, "campaign_funds"):
            assert await without_private(new, table) == await without_private(old, table), table
        report = passed(await check_database(new, LOG))
        assert (report.entries, report.root) == (lost.last + 1, passed(await check_database(old, LOG)).root)
        (check,) = (each for each in report.checks if each.name == "restored")
        assert f"entries {lost.first} to {lost.last}" in check.evidence
        assert f"openings lost: {lost.openings}," in check.evidence
        assert lost.first == drill.saved.size
        old_people = {row["id"] for row in await rows(old, "contributors")}
        new_people = {row["id"]: row["external_id"] for row in await rows(new, "contributors")}
        assert new_people.keys() == old_people
        assert sum(own.startswith("lost-") for own in new_people.values()) == lost.people > 0
        keys = {row["id"]: row for row in await rows(new, "api_keys")}
        assert keys.keys() == {row["id"] for row in await rows(old, "api_keys")}
        assert {key for key, row in keys.items() if row["digest"] == bytes(32)} == set(lost.keys)
        contents = {(row["kind"], row["subject"]) for row in await rows(new, "contents")}
        assert contents <= {(row["kind"], row["subject"]) for row in await rows(old, "contents")}


class StaffDrill(Drill):
    """A platform has members; after the backup one is changed and one removed, of whom the log tells."""

    async def _begin(self, teller: Teller, writer: Writer) -> list[list[Item]]:
        maker = Maker("staff", teller.now_ms)
        await teller.tell(writer, maker.register())
        rows: list[dict[str, Any]] = [
            {"log": LOG, "id": f"mem_{n:016x}", "platform": maker.platform, "name": "Ada", "role": "owner"}
            | {"wallet": f"0x{n:040x}", "at_ms": 1}
            for n in range(3)
        ]
        async with teller.database.begin() as connection:
            for row in rows:
                sum_ = checksum(*(row[name] for name in CHECKED["members"]))
                await connection.execute(insert(tables.members).values(row | {"checksum": sum_}))
        act = NoteAct(platform=maker.platform, by="0" * 16, act="member.changed", subject=f"mem_{1:016x}")
        return [
            [act, replace(act, subject=f"mem_{2:016x}"), replace(act, subject=f"mem_{2:016x}", act="member.removed")]
        ]


async def test_members_who_were_removed_do_not_come_back(sqlite_database_url: str, tmp_path: Path) -> None:
    """Nor does who was changed sign in as they were before, until an owner has looked."""
    new_url = f"sqlite+aiosqlite:///{tmp_path / 'new.sqlite'}"
    drill = StaffDrill(sqlite_database_url, new_url, tmp_path, 3)
    await drill.write(1, 0)
    await drill.restore()
    async with open_database(new_url) as database:
        found = [(row["id"], row["wallet"], row["role"]) for row in await rows(database, "members")]
        assert sorted(found) == [(f"mem_{0:016x}", f"0x{0:040x}", "owner"), (f"mem_{1:016x}", "", "owner")]
        passed(await check_database(database, LOG))


async def test_the_log_goes_on(database_url: str, new_url: str, tmp_path: Path) -> None:
    drill = Drill(database_url, new_url, tmp_path, 4)
    await drill.write(3, 2)
    lost = await drill.restore()
    async with open_database(new_url) as database:
        clock = (await Reader(database, LOG).head()).at_ms + 1
        async with Writer(database, LOG, SIGNER, clock=lambda: clock, own_clock=True) as writer:
            writer.allow_writes()
            maker = Maker("new", clock)
            assert (await writer.write(maker.register())).index == lost.last + 1
            await writer.write(maker.open_campaign())
            await writer.write(maker.submit("ann"))
        passed(await check_database(database, LOG))


async def test_a_head_of_other_entries_is_refused_and_nothing_is_left(
    database_url: str, new_url: str, tmp_path: Path
) -> None:
    drill = Drill(database_url, new_url, tmp_path, 5)
    await drill.write(2, 2)
    async with open_database(database_url) as old:
        head = await published(old)
        entries = await Reader(old, LOG).statements(drill.saved.size, head.checkpoint.size)
        wrong = [*entries[:-1], entries[-1].replace(b'"v":1', b'"v":2')]
        for some in (wrong, entries[:-1], entries[1:]):
            with pytest.raises(ProofError, match="does not continue the backup"):
                check_continues(drill.saved.tree, head, some)
        with pytest.raises(ProofError, match="lead to its checkpoint"):
            async with loaded(new_url, drill.file) as url, open_database(url, unfinished=True) as database:
                await bring_back(database, LOG, head, entries[:-1], 1)
        await check_within(old, LOG, head)
    await drill.restore()  # the database was empty again
    with pytest.raises(ConfigError, match="not empty"):
        await drill.restore()


async def test_nobody_opens_what_is_not_whole(database_url: str, new_url: str, tmp_path: Path) -> None:
    drill = Drill(database_url, new_url, tmp_path, 6)
    await drill.write(1, 1)
    async with loaded(new_url, drill.file):
        with pytest.raises(ConfigError, match=r"not ended|no database"):
            async with open_database(new_url):
                pass
        with pytest.raises(ConfigError, match=r"not ended|no database"):
            await asyncio.to_thread(back_up, new_url, tmp_path / "second.backup")
    async with open_database(new_url) as database:
        assert (await Reader(database, LOG).head()).size == drill.saved.size


async def test_what_cannot_be_written_or_read(database_url: str, new_url: str, tmp_path: Path) -> None:
    drill = Drill(database_url, new_url, tmp_path, 7)
    await drill.write(1, 0)
    assert drill.file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="exists already"):
        await asyncio.to_thread(back_up, database_url, drill.file)
    torn = tmp_path / "torn.backup"
    torn.write_bytes(drill.file.read_bytes()[:-5000])
    with pytest.raises((DatabaseError, ProofError)):
        await asyncio.to_thread(check_backup, database_url, torn)
    (tmp_path / "letter").write_text("Dear reader")
    with pytest.raises(ConfigError, match="no backup"):
        await asyncio.to_thread(check_backup, database_url, tmp_path / "letter")
    other = "sqlite:///x.db" if new_url.startswith("postgres") else "postgresql://u@/x"
    with pytest.raises(ConfigError, match="is a backup of"):
        await asyncio.to_thread(check_backup, other, drill.file)
    assert [name for name in os.listdir(tmp_path) if "part" in name] == []


async def test_what_a_killed_restore_left_on_postgresql_is_cleared(
    postgres_url: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    drill = Drill(postgres_url, empty_postgres_url, tmp_path, 8)
    await drill.write(1, 1)
    driver = await asyncpg.connect(empty_postgres_url.replace("+asyncpg", ""))
    try:
        await driver.execute(f"CREATE TABLE {UNFINISHED} (since timestamptz); CREATE TABLE logs (name text)")
        async with loaded(empty_postgres_url, drill.file):
            with pytest.raises(ConfigError, match="Somebody is restoring"):
                await drill.restore()
        assert await driver.fetchval("SELECT to_regclass($1)", UNFINISHED) is None
        assert await driver.fetchval("SELECT size FROM logs") == drill.saved.size
    finally:
        await driver.close()


async def test_without_the_programs_the_command_is_said(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="no pg_dump") as refused:
        await asyncio.to_thread(back_up, postgres_url, tmp_path / "crowd.backup")
    assert "pg_dump --format=custom" in refused.value.remedy
    assert f"--file={tmp_path / 'crowd.backup'} 'postgresql://" in refused.value.remedy
    assert os.listdir(tmp_path) == []


async def test_an_old_backup_gets_the_newest_schema_and_a_newer_one_is_refused(
    database_url: str, new_url: str, tmp_path: Path
) -> None:
    drill = Drill(database_url, new_url, tmp_path, 9)
    await drill.write(1, 0)
    older, newer = tmp_path / "older.backup", tmp_path / "newer.backup"
    await asyncio.to_thread(downgrade, database_url, "0011")
    await asyncio.to_thread(back_up, database_url, older)
    await asyncio.to_thread(migrate, database_url)
    async with open_database(database_url) as database, database.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999', oldest = '9999'")
    await asyncio.to_thread(back_up, database_url, newer)
    with pytest.raises(ConfigError, match="versions from schema 9999 on may run"):
        async with loaded(new_url, newer) as url:
            await asyncio.to_thread(migrate, url)
    async with loaded(new_url, older) as url:
        await asyncio.to_thread(migrate, url)
    async with open_database(new_url) as database:
        passed(await check_database(database, LOG))


async def test_a_database_that_is_not_whole_gives_no_backup(database_url: str, new_url: str, tmp_path: Path) -> None:
    drill = Drill(database_url, new_url, tmp_path, 10)
    await drill.write(1, 0)
    second = tmp_path / "second.backup"
    async with open_database(database_url) as database, database.begin() as connection:
        await connection.execute(delete(tables.entries).where(tables.entries.c.entry_index == 1))
    with pytest.raises(DatabaseError, match="audit --database"):
        await asyncio.to_thread(back_up, database_url, second)
    assert [name for name in os.listdir(tmp_path) if name.startswith("second")] == []
