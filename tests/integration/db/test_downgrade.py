"""Every migration back and forward again with rows in every table: what is not named as lost is what it was."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import rlp
from alembic.script import Script
from sqlalchemy import Connection, inspect, text

from ledger.db import migrate, schemas
from ledger.db.changing import Changes, changing, reading
from ledger.db.downgrade import downgrade
from ledger.errors import ConfigError, DatabaseError
from tests.integration.db.newer import HEAD, SINCE, Newer
from tests.integration.db.test_revisions import to
from tests.integration.log.whole_log import write_whole_log

RAW = b"\x02" + rlp.encode([1, 1, 2, 7, 100_000, b"\x22" * 20, 0, b"", [], 0, 1, 1])
SENT = {"raw": RAW, "recipient": "0x" + "22" * 20, "data": b"", "gas": 100_000, "max_fee": "7", "priority_fee": "2"}
BY_THE_WORKER = "settlement_shares"
"""It fills that table again."""
Rows = dict[str, dict[str, list[Any]]]


def rows(connection: Connection) -> Rows:
    """By table and column: the values in the order of the rows' keys."""
    found = inspect(connection)
    read: Rows = {}
    for table in found.get_table_names():
        if table == "alembic_version":
            continue
        key = ", ".join(f'"{each}"' for each in found.get_pk_constraint(table)["constrained_columns"])
        result = connection.execute(text(f"SELECT * FROM {table} ORDER BY {key}"))
        names, values = list(result.keys()), [[plain(each) for each in row] for row in result]
        read[table] = {name: [row[place] for row in values] for place, name in enumerate(names)}
    return read


def plain(value: Any) -> Any:
    """Flags are numbers on SQLite."""
    return bytes(value) if isinstance(value, memoryview) else int(value) if isinstance(value, bool) else value


def write(url: str) -> None:
    """Something in every table; the transaction is one that can be read."""
    asyncio.run(write_whole_log(url, "main", 5, 100))

    def readable(connection: Connection) -> None:
        names = ", ".join(f"{name} = :{name}" for name in SENT)
        connection.execute(text(f"UPDATE transactions SET {names}"), SENT)

    change(url, readable)


def change(url: str, what: Any) -> None:
    async def work(changes: Changes) -> None:
        await changes.make(what)

    changing(url, work)


def lost_below(url: str, schema: str) -> set[str]:
    """What keeps the database from going back to a schema; where nothing does, it is there then."""
    before = reading(url, rows)
    try:
        downgrade(url, schema)
    except ConfigError as error:
        assert reading(url, rows) == before
        return set(re.findall(r"([\w.]+) \(\d+\)", error.detail))
    return set()


def without(read: Rows, lost: set[str]) -> Rows:
    return {
        table: {name: values for name, values in columns.items() if f"{table}.{name}" not in lost}
        for table, columns in read.items()
        if table not in lost
    }


def check_step(url: str, script: Script) -> None:
    """Down by one migration, up again, and down for good; what is said to be lost is all that is."""
    below = str(script.down_revision)
    above = reading(url, rows)
    lost = lost_below(url, below)
    downgrade(url, below, accept_loss=True)
    lower = reading(url, rows)
    for table, columns in lower.items():
        kept = {name: values for name, values in columns.items() if name in above[table]}
        assert kept == {name: above[table][name] for name in kept}, (below, table)
    change(url, to(script.revision))
    again = reading(url, rows)
    assert set(again) == set(above)
    exempt = lost | ({BY_THE_WORKER} - set(lower))
    assert without(again, exempt) == without(above, exempt), script.revision
    downgrade(url, below, accept_loss=True)


@pytest.mark.long
def test_all_the_way(empty_database_url: str) -> None:
    url = empty_database_url
    migrate(url)
    write(url)
    assert [table for table, columns in reading(url, rows).items() if not any(columns.values())] == []
    for script in schemas.migrations().walk_revisions():
        if script.down_revision is not None:
            check_step(url, script)
    change(url, to("head"))
    assert reading(url, schemas.declared) == (HEAD, SINCE)


@pytest.mark.long
def test_what_would_be_lost_is_named_and_counted(tmp_path: Path, migrated_url: str) -> None:
    url = migrated_url
    newer = Newer(tmp_path)
    newer.add(
        """op.create_table("added", sa.Column("id", sa.Text, primary_key=True))
op.add_column("costs", sa.Column("x", sa.Text, nullable=False, server_default="none"))
op.add_column("costs", sa.Column("y", sa.Text, nullable=True))
op.add_column("costs", sa.Column("again", sa.Text, nullable=True))""",
        """op.drop_table("added")
op.drop_column("costs", "again")
op.drop_column("costs", "y")
op.drop_column("costs", "x")""",
        more='made_again = ("costs.again",)',
    )
    cost = 'INSERT INTO costs (log, chain_id, "transaction", campaign, intent, gas, wei, x, y, again) VALUES '
    with newer.version():
        migrate(url)
        assert lost_below(url, HEAD) == set()
        migrate(url)
        change(url, lambda connection: connection.execute(text("INSERT INTO added VALUES ('a'), ('b')")))
        values = "('main', 1, 'a', '', '', 1, '1', 'none', NULL, 'a'), ('main', 1, 'b', '', '', 1, '1', 'b', 'b', 'b')"
        change(url, lambda connection: connection.execute(text(cost + values)))
        with pytest.raises(ConfigError, match=r"no place for these rows: added \(2\), costs.x \(1\), costs.y \(1\)\."):
            downgrade(url, HEAD)
        assert reading(url, rows)["added"] == {"id": ["a", "b"]}
        assert downgrade(url, HEAD, accept_loss=True).now.schema == HEAD
    read = reading(url, rows)
    assert (read["costs"]["transaction"], "added" in read) == (["a", "b"], False)


@pytest.mark.long
def test_where_it_cannot_go(tmp_path: Path, migrated_url: str) -> None:
    url = migrated_url
    with pytest.raises(ConfigError, match=f"no schema '12'.*0001 to {HEAD}"):
        downgrade(url, "12")
    assert downgrade(url, HEAD).before == HEAD, "there already"
    assert downgrade(url, "0013").before == HEAD
    with pytest.raises(ConfigError, match=f"schema 0013, which is older than {HEAD}"):
        downgrade(url, HEAD)
    newer = Newer(tmp_path)
    added = newer.add("pass", oldest=HEAD)
    with newer.version():
        migrate(url)
    with pytest.raises(ConfigError, match=f"schema {added}, which this version does not know"):
        downgrade(url, HEAD)


def test_a_downgrade_that_fails_changes_nothing(tmp_path: Path, migrated_url: str) -> None:
    newer = Newer(tmp_path)
    added = newer.add("pass", 'op.drop_table("costs")\nop.drop_table("nowhere")')
    with newer.version():
        migrate(migrated_url)
        before = reading(migrated_url, rows)
        with pytest.raises(DatabaseError, match="nowhere"):
            downgrade(migrated_url, HEAD, accept_loss=True)
        assert reading(migrated_url, schemas.declared)[0] == added
        assert reading(migrated_url, rows) == before


def add_entry(url: str, index: int, kind: str, statement: bytes) -> None:
    names = "log, entry_index, kind, at_ms, statement, leaf_hash"
    insert = f"INSERT INTO entries ({names}) VALUES ('main', :i, :kind, 1, :s, :s)"
    values = {"i": index, "kind": kind, "s": statement}
    change(url, lambda connection: connection.execute(text(insert), values))


@pytest.mark.long
def test_a_log_that_older_code_cannot_read_is_not_brought_back_to_it(migrated_url: str) -> None:
    url = migrated_url
    add_entry(url, 0, "admin.acted", b'{"by":"0011223344556677"}')
    add_entry(url, 1, "contribution.submitted", b'{"x":"mem_0011223344556677"}')
    assert downgrade(url, "0013").before == HEAD
    migrate(url)
    add_entry(url, 2, "admin.acted", b'{"by":"mem_0011223344556677"}')
    for accepted in (False, True):
        with pytest.raises(ConfigError, match=r"schema 0013 can read the log: it has 1 entries .* 0014 \(The people"):
            downgrade(url, "0013", accept_loss=accepted)
    assert downgrade(url, "0014").now.schema == "0014"
