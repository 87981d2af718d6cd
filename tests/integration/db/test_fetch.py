"""Quick reads on both databases: rows of several queries in order, and typed errors when something fails."""

from __future__ import annotations

import asyncio

import pytest

from ledger.db import Database
from ledger.db.loading import Lookup, Query
from ledger.errors import DatabaseError
from tests.integration.log.conftest import LOG, OpenLog, database, log, signer

__all__ = ["database", "log", "signer"]

_HASH = "SELECT entry_index, leaf_hash FROM entries WHERE log = {log} AND entry_index = {0}"
_SUBJECTS = """
SELECT t.entry_index FROM {wanted} CROSS JOIN entries AS t
WHERE t.log = {log} AND t.kind = wanted.a AND t.entry_index = CAST(wanted.b AS BIGINT)"""


async def test_answers_stand_in_the_order_of_the_queries(log: OpenLog, database: Database) -> None:
    asked = [
        Query(_HASH, (1,)),
        Lookup(_SUBJECTS, [("log.opened", "0"), ("campaign.opened", "2"), ("campaign.opened", "1")]),
        Query(_HASH, (99,)),
    ]
    one, found, none = await database.fetch(LOG, asked)
    assert [(index, len(hashed)) for index, hashed in one] == [(1, 32)]
    assert sorted(found) == [(0,), (2,)]
    assert none == []
    assert await database.fetch("another", asked) == [[], [], []]
    assert await database.fetch(LOG, []) == []
    assert await database.fetch(LOG, [Lookup(_SUBJECTS, []), Query(_HASH, (99,))]) == [[], []]


async def test_what_is_committed_is_seen_at_once(log: OpenLog, database: Database) -> None:
    for _ in range(3):
        written = await log.writer.write(log.maker.submit("ann"))
        assert len((await database.fetch(LOG, [Query(_HASH, (written.index,))]))[0]) == 1


async def test_a_failed_query_is_a_database_error_and_the_next_one_works(log: OpenLog, database: Database) -> None:
    with pytest.raises(DatabaseError):
        await database.fetch(LOG, [Query("SELECT nothing FROM nowhere WHERE log = {log}")])
    assert await database.fetch(LOG, [Query(_HASH, (0,))]) != [[]]


async def test_a_caller_that_goes_away_harms_nobody(log: OpenLog, database: Database) -> None:
    for _ in range(5):
        task = asyncio.create_task(database.fetch(LOG, [Query(_HASH, (0,))] * 50))
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len((await database.fetch(LOG, [Query(_HASH, (0,))]))[0]) == 1
