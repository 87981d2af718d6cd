"""The migrations make exactly the tables that the code uses, on both databases."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url, text
from sqlalchemy.schema import CreateIndex

from ledger.db import Database, migrate, open_database
from ledger.db.tables import metadata
from ledger.errors import ConfigError, DatabaseError


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def primary_keys(connection: Connection) -> dict[str, list[str]]:
    found = inspect(connection)
    return {name: found.get_pk_constraint(name)["constrained_columns"] for name in metadata.tables}


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # SQLAlchemy cannot read those of SQLite
async def test_metadata_and_migrations_agree(database_url: str) -> None:
    async with open_database(database_url) as database, database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        declared = {name: table.primary_key.columns.keys() for name, table in metadata.tables.items()}
        assert await connection.run_sync(primary_keys) == declared


async def test_the_index_of_leaf_hashes_is_the_declared_one(sqlite_database_url: str) -> None:
    (declared,) = (index for index in metadata.tables["entries"].indexes if index.name == "ix_entries_leaf")
    async with open_database(sqlite_database_url) as database, database.engine.connect() as connection:
        made = await connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'ix_entries_leaf'")
        assert made.scalar() == str(CreateIndex(declared).compile(database.engine.sync_engine))


@pytest.mark.long
async def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url)  # with a loop running, as in a test or a notebook
    migrate(empty_database_url)
    async with open_database(empty_database_url):
        pass


def test_two_migrations_at_once_wait_for_each_other(unmade_url: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate, [unmade_url] * 3))


async def test_an_old_schema_is_named(database_url: str) -> None:
    async with open_database(database_url) as database, database.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(ConfigError, match="db upgrade"):
        async with open_database(database_url):
            pass


async def test_a_database_without_tables_is_named(empty_postgres_url: str, empty_sqlite_url: str) -> None:
    for url in (empty_postgres_url, empty_sqlite_url):
        with pytest.raises(ConfigError, match="db upgrade"):
            async with open_database(url):
                pass


async def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="folder"):
        migrate(f"sqlite:///{tmp_path / 'no' / 'log.sqlite'}")
    with pytest.raises(DatabaseError):
        await asyncio.to_thread(migrate, f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(DatabaseError):
        async with open_database(f"postgresql://nobody@/none?host={tmp_path}"):
            pass


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"This is a letter, not a database. " * 100)
    with pytest.raises(DatabaseError):
        migrate(f"sqlite:///{path}")
    with pytest.raises(DatabaseError):
        async with open_database(f"sqlite:///{path}"):
            pass


async def pragma(database: Database, name: str) -> object:
    async with database.engine.connect() as connection:
        return (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()


async def test_sqlite_is_durable(sqlite_database_url: str) -> None:
    async with open_database(sqlite_database_url) as database:
        settings = {name: await pragma(database, name) for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_postgresql_that_answers_before_its_disk_is_refused(postgres_url: str) -> None:
    name = make_url(postgres_url).database
    async with open_database(postgres_url) as database, database.begin() as connection:
        await connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    with pytest.raises(ConfigError, match="synchronous_commit"):
        async with open_database(postgres_url):
            pass
