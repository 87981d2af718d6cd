"""Revisions up and down with rows in the tables, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rlp
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from ledger.db import engines
from ledger.db import migrate as to_head
from ledger.db.checksums import checksum
from ledger.db.urls import parse_url
from ledger.errors import DatabaseError

SCRIPTS = Path(engines.__file__).parent / "migrations"
LEGACY = rlp.encode([4, 7, 21_000, b"\x11" * 20, 0, b"\xaa\xbb", 27, 1, 1])
DYNAMIC = b"\x02" + rlp.encode([1, 4, 2, 10**20, 90_000, b"\x22" * 20, 0, b"", [], 0, 1, 1])
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
    "transactions": [
        {"chain_id": 1, "sender": "0xa", "nonce": nonce, "hash": hash_, "raw": raw, "purpose": purpose, "state": state}
        | {"at_ms": at_ms, "detail": None, "block": None}
        for nonce, hash_, raw, purpose, state, at_ms in [
            (4, "0x1", LEGACY, "anchor:5", "lost", 3),
            (4, "0x2", DYNAMIC, "anchor:6", "final", 2),
            (5, "0x3", DYNAMIC, "anchor:7", "lost", 1),
            (5, "0x4", DYNAMIC, "anchor:8", "sent", 2),
            (6, "0x5", DYNAMIC, "anchor:9", "lost", 2),
        ]
    ],
    "claims": [
        {"chain_id": 1, "pool": "0xb", "account": state, "cumulative": "5", "state": state}
        for state in ("claimed", "final")
    ],
    "chain_cursor": [{"chain_id": 1, "block": 7, "block_ms": 1}],
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
    assert column("claims", "final_cumulative", "account") == ["0", "5"]
    assert column("chain_cursor", "block_hash", "block") == [None]
    assert column("nonces", "intent", "nonce") == ["anchor:6", "anchor:8", "anchor:9"]
    assert column("transactions", "recipient", "hash") == ["0x" + "11" * 20] + ["0x" + "22" * 20] * 4
    assert column("transactions", "max_fee", "hash") == ["7"] + [str(10**20)] * 4
    assert column("transactions", "priority_fee", "hash") == [None] + ["2"] * 4
    assert column("transactions", "gas", "hash") == [21_000] + [90_000] * 4
    assert [bytes(each) for each in column("transactions", "data", "hash")] == [b"\xaa\xbb"] + [b""] * 4
    assert column("transactions", "state", "hash") == ["lost", "final", "sent", "sent", "sent"]
    assert column("transactions", "detail", "hash") == [""] * 5
    assert column("externals", "checksum") == [checksum(*each) for each in made_of]


def replace(connection: Connection) -> None:
    """What only this version knows; the one before calls it lost."""
    connection.execute(text("UPDATE transactions SET state = 'replaced' WHERE hash = '0x1'"))


@pytest.mark.long
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
            replace,
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


@pytest.mark.long
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


@pytest.mark.long
async def test_signed_bytes_that_are_damaged_are_named(empty_sqlite_url: str) -> None:
    engine = engines.migrating_engine(parse_url(empty_sqlite_url))
    try:
        for step in (to("0001"), fill, to("0004")):
            async with engines.writing(engine).begin() as connection:
                await connection.run_sync(step)
        for raw in ("x'02'", "x''", "x'c0'", "x'02c901020304050607c0c0'"):
            async with engine.begin() as connection:
                await connection.execute(text(f"UPDATE transactions SET raw = {raw} WHERE hash = '0x2'"))
            with pytest.raises(DatabaseError, match="0x2 are damaged"):
                to_head(empty_sqlite_url)
    finally:
        await engine.dispose()
