"""Appending to a log: one transaction, the same steps on both databases.

``append`` does no I/O: it yields steps and is sent their rows. A store runs the steps between BEGIN and COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, NamedTuple, Protocol, TypeVar

from sqlalchemy import Table

from ledger.db import tables
from ledger.db.loading import Answers, Asking, DbRow, Loaded, Named, Queries, Query, load
from ledger.db.rows import TABLES, Changing, Row, Rows, TileRow
from ledger.errors import ConfigError, ProofError
from ledger.tree.growth import CompactRange, NewNodes
from ledger.tree.tiles import FULL_WIDTH, HEIGHT, Tile, completed, encode_tile

Result_co = TypeVar("Result_co", covariant=True)
ResultT = TypeVar("ResultT")


class Head(NamedTuple):
    """The log's locked head row, and the block time that confirms the clock, if the worker has stored one."""

    origin: str
    vkey: str
    at_ms: int
    tree: CompactRange
    confirmed_ms: int | None
    note: str
    """The signed checkpoint that is stored beside the tree; nobody has verified it yet."""


@dataclass(frozen=True, slots=True)
class Change(Generic[Result_co]):
    """What a group makes of the log: the head after it, the tree's new nodes, the rows; and the caller's result.

    ``tree`` is None where nothing was appended: then nothing is stored.
    """

    result: Result_co
    tree: CompactRange | None = None
    at_ms: int = 0
    note: str = ""
    nodes: Sequence[NewNodes] = ()
    rows: Rows | None = None
    vkey: str | None = None
    """The log's key from now on, where this group changed it."""


Work = Callable[[Head, Loaded], Change[ResultT]]
"""Pure: called under the head's lock."""


class Store(Protocol):
    """Appends to one log."""

    async def append(self, named: Named, work: Work[ResultT]) -> ResultT:
        """Lock the head, load what ``named`` names, call ``work``, store its change, commit, return its result.

        Raises what ``work`` raises, and DatabaseError where the database fails; nothing is stored then.
        """
        ...

    async def close(self) -> None:
        """Give up connections and threads."""
        ...


class Insert(NamedTuple):
    """Rows for a table, without the log's name."""

    table: Table
    rows: Sequence[Row]


class Execute(NamedTuple):
    """SQL with placeholders as in ``Query`` that returns nothing, to run once a row of values."""

    sql: str
    rows: Sequence[tuple[str | int | bytes, ...]]


class Append(NamedTuple):
    """All new rows of a group, table by table, those that others refer to first; and the head after it."""

    tables: Sequence[Insert]
    head: Execute


Step = Queries | Append | Insert | Execute
Steps = Generator[Step, Answers, ResultT]

HEAD_SQL = """
SELECT origin, vkey, size, at_ms, compact, (SELECT MAX(block_ms) FROM chain_cursor WHERE log = {log}), note
FROM logs WHERE name = {log}"""
"""The store has locked the row."""
_LEAF_HASHES_SQL = """
SELECT leaf_hash FROM entries
WHERE log = {log} AND entry_index >= {0} AND entry_index < {1} ORDER BY entry_index"""
_TILE_ROOTS_SQL = """
SELECT root FROM tiles WHERE log = {log} AND n >= {0} AND n < {1} AND level = {2} ORDER BY n"""
_NEW_HEAD_SQL = "UPDATE logs SET size = {0}, at_ms = {1}, compact = {2}, note = {3} WHERE name = {log}"
_NEW_KEY_SQL = "UPDATE logs SET vkey = {0} WHERE name = {log}"
_CHANGES: dict[Changing, str] = {
    "close": "UPDATE campaigns SET closed = {1} WHERE log = {log} AND id = {0}",
    "pause": "UPDATE campaigns SET paused = {1} WHERE log = {log} AND id = {0}",
    "resume": "UPDATE campaigns SET paused = NULL, resumed = {1} WHERE log = {log} AND id = {0}",
    "revoke": "UPDATE api_keys SET revoked = {1} WHERE log = {log} AND id = {0}",
    "expire": "UPDATE api_keys SET expires_ms = {1} WHERE log = {log} AND id = {0}",
    "reveal": "UPDATE contributions SET revealed = {1} WHERE log = {log} AND id = {0}",
    "withdraw": "UPDATE contributions SET withdrawn = {1} WHERE log = {log} AND id = {0}",
    "resolve": "UPDATE appeals SET resolved = {1}, resolved_ms = {2}, outcome = {3}, reviewer = {4} "
    "WHERE log = {log} AND id = {0}",
    "object": "UPDATE wallet_links SET objected = {2} WHERE log = {log} AND contributor = {0} AND entry_index = {1}",
    "erase": "DELETE FROM contents WHERE log = {log} AND kind = {0} AND subject = {1}",
}
_FORGET_FUNDS_SQL = "DELETE FROM campaign_funds WHERE log = {log} AND campaign = {0}"


def append(named: Named, work: Work[ResultT]) -> Steps[tuple[int, ResultT]]:
    """The steps of one transaction; returns how many new entries there are to commit, and the result."""
    heads: list[DbRow] = []
    loaded = yield from load(named, _read(Query(HEAD_SQL), heads))
    head = _head(heads)
    change = work(head, loaded)
    if change.tree is None or change.rows is None:
        return 0, change.result
    for tile in (yield from _full_tiles(head.tree.size, change)):
        change.rows.add(tile)
    new = change.rows.new
    yield Append(
        [Insert(tables.metadata.tables[table], new[kind]) for kind, table in TABLES.items() if kind in new],
        Execute(_NEW_HEAD_SQL, [(change.tree.size, change.at_ms, change.tree.encode(), change.note)]),
    )
    yield from _changed_rows(change.rows)
    if change.vkey is not None:
        yield Execute(_NEW_KEY_SQL, [(change.vkey,)])
    return change.tree.size - head.tree.size, change.result


def _read(query: Query, rows: list[DbRow]) -> Asking:
    rows += yield query


def _head(rows: Sequence[DbRow]) -> Head:
    if not rows:
        raise ConfigError("This log is not opened.", remedy="Start the service once: it opens its log.")
    origin, vkey, size, at_ms, compact, confirmed_ms, note = rows[0]
    return Head(origin, vkey, at_ms, CompactRange.decode(size, bytes(compact)), confirmed_ms, note)


def _changed_rows(rows: Rows) -> Steps[None]:
    for how, changes in groupby(rows.changed, key=lambda change: change.how):
        yield Execute(_CHANGES[how], [change.values for change in changes])
    for funds in rows.funds:  # one by one: the later of two holds
        yield Execute(_FORGET_FUNDS_SQL, [(funds.campaign,)])
        yield Insert(tables.campaign_funds, [funds])


def _full_tiles(old_size: int, change: Change[ResultT]) -> Steps[list[TileRow]]:
    """The tiles that became full, their left part from what is stored and their right part from the new nodes."""
    new = {nodes.level: nodes for nodes in change.nodes}
    rows = []
    for tile in completed(old_size, change.tree.size if change.tree else old_size):
        begin, end = tile.index * FULL_WIDTH, (tile.index + 1) * FULL_WIDTH
        added = new[tile.level * HEIGHT]
        old = yield from _stored_hashes(tile, begin, min(added.first, end))
        hashes = old + added.hashes[max(begin - added.first, 0) : end - added.first]
        above = new[(tile.level + 1) * HEIGHT]
        rows.append(TileRow(tile.level, tile.index, encode_tile(hashes), above.hashes[tile.index - above.first]))
    return rows


def _stored_hashes(tile: Tile, begin: int, end: int) -> Steps[list[bytes]]:
    if begin >= end:
        return []
    if tile.level == 0:
        query = Query(_LEAF_HASHES_SQL, (begin, end))
    else:
        query = Query(_TILE_ROOTS_SQL, (begin, end, tile.level - 1))
    (rows,) = yield Queries([query])
    if len(rows) != end - begin:
        raise ProofError(f"The database lacks nodes of tile {tile.path}.", remedy="Operator: restore the database.")
    return [bytes(value) for (value,) in rows]
