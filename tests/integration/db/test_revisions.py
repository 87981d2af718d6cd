"""Revisions up and down with rows in the tables, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from ledger.db import engines
from ledger.db import migrate as to_head
from ledger.db.checksums import checksum
from ledger.db.urls import parse_url
from ledger.errors import DatabaseError

SCRIPTS = Path(engines.__file__).parent / "migrations"
ROWS: dict[str, list[dict[str, Any]]] = {
    "platforms": [{"id": "p", "name": "Stars", "entry_index": 1, "at_ms": 1}],
    "campaigns": [
        {"id": "c", "platform": "p", "entry_index": 2, "at_ms": 1, "title": "t", "brief": "1", "terms": "1"}
        | {"statement": b"{}", "closed": 9}
    ],
    "tasks": [{"id": "t", "campaign": "c", "entry_index": 2, "at_ms": 1}],
    "contributions": [
        {"id": f"v{number}", "platform": "p", "campaign": "c", "contributor": "ann", "task": None, "at_ms": 1}
        | {"replaces": f"v{number - 1}" if number > 1 else None, "entry_index": 2 + number}
        for number in (1, 2, 3)
    ],
    "decisions": [
        {"id": "d", "contribution": "v3", "verdict": "accepted", "score": 1, "reviewer": None, "supersedes": None}
        | {"entry_index": 6, "at_ms": 1}
    ],
    "contributors": [{"platform": "p", "external_id": "Zoë", "id": "ann"}],
    "api_keys": [{"id": "k", "platform": "p", "digest": b"\x00\xff", "scopes": "admin", "revoked": None}],
    "externals": [
        {"platform": "p", "kind": "contribution", "external_id": str(number), "subject": f"v{number}"}
        | {"entry_index": 2 + number, "salt": b"s", "fingerprint": b"f"}
        for number in (1, 2)
    ],
    "wallet_links": [{"contributor": "ann", "entry_index": 7, "at_ms": 1, "address": "0x1"}],
    "entries": [
        {"entry_index": index, "kind": kind, "at_ms": 1, "leaf_hash": b"h"}
        | {"statement": json.dumps({"method": {"type": "gold"}}).encode()}
        for index, kind in enumerate(
            [
                *("log.opened", "platform.registered", "campaign.opened"),
                *(["contribution.submitted"] * 3),
                *("decision.made", "wallet.linked", "clock.tick", "campaign.closed"),
            ]
        )
    ],
}
SUBJECTS = [None, None, "c", "v1", "v1", "v1", "v1", "ann", None, "c"]


def to(revision: str, *, up: bool = True) -> Callable[[Connection], None]:
    """The migration to a revision, up or down."""

    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        (command.upgrade if up else command.downgrade)(config, revision)

    return run


def fill(connection: Connection) -> None:
    for table, rows in ROWS.items():
        for row in rows:
            names = ["log", *row]
            marks = ", ".join(f":{name}" for name in names)
            insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            connection.execute(text(insert), row | {"log": "main"})


def index_names(connection: Connection) -> list[str]:
    """All indexes; SQLAlchemy does not see those of expressions on SQLite."""
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    return sorted(row[0] for row in connection.execute(text(query)))


def look(connection: Connection) -> None:
    def column(table: str, name: str, order: str = "entry_index") -> list[Any]:
        return [row[0] for row in connection.execute(text(f"SELECT {name} FROM {table} ORDER BY {order}"))]

    assert column("entries", "subject") == SUBJECTS
    assert column("contributions", "first") == ["v1"] * 3
    assert column("decisions", "method") == ["gold"]
    assert [bool(each) for each in column("wallet_links", "consent")] == [False]
    assert column("campaigns", "paused") == [None]
    assert column("campaigns", "checksum") == [checksum("c", "t")]
    assert column("contributors", "checksum", "id") == [checksum("p", "Zoë", "ann")]
    assert column("api_keys", "checksum", "id") == [checksum("k", b"\x00\xff")]
    made_of = [("p", "contribution", str(number), f"v{number}", 2 + number, b"s", b"f") for number in (1, 2)]
    assert column("externals", "checksum") == [checksum(*each) for each in made_of]


async def test_rows_survive_up_down_and_up_again(empty_database_url: str) -> None:
    url = parse_url(empty_database_url)
    engine = engines.migrating_engine(url)
    try:
        before: list[list[str]] = []

        def shape(connection: Connection) -> None:
            found = inspect(connection)
            columns = sorted(f"{t}.{c['name']}" for t in found.get_table_names() for c in found.get_columns(t))
            before.append(columns + index_names(connection))

        down = [to("0002", up=False), shape, to("0001", up=False), shape]
        steps = [
            to("0001"),
            shape,
            fill,
            to("0002"),
            shape,
            to("head"),
            look,
            *down,
            to("head"),
            look,
            to("0003", up=False),
        ]
        for step in steps:
            async with engines.writing(engine).begin() as connection:
                await connection.run_sync(step)
        assert (before[0], before[1]) == (before[3], before[2])
        to_head(empty_database_url)
        async with engine.connect() as connection:
            await connection.run_sync(look)
    finally:
        await engine.dispose()


async def test_a_migration_that_leaves_rows_without_what_they_refer_to_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'log.sqlite'}"
    engine = engines.migrating_engine(parse_url(url))
    try:
        for step in (to("0001"), fill, to("0003")):
            async with engines.writing(engine).begin() as connection:
                await connection.run_sync(step)
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM campaigns"))
        with pytest.raises(DatabaseError, match="refer to others"):
            to_head(url)
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "0003"
    finally:
        await engine.dispose()
