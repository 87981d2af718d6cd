"""What is damaged beyond a bit: rows that are gone or too much, texts put back, heads of another key."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from ledger.chain.signers import LocalSigner, Transaction
from ledger.db import tables
from ledger.log.checking import Finding, check_database
from ledger.log.rotating import rotate_key
from ledger.log.writer import Writer
from ledger.statements.commitments import Opening
from ledger.statements.onchain import keccak256
from ledger.tree.checkpoints import LogSigner
from tests.integration.log.conftest import LOG, OpenLog
from tests.unit.log.samples import ORIGIN


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """Both databases are read by the same queries: one is enough here."""
    return sqlite_database_url


async def found(log: OpenLog) -> list[Finding]:
    return (await check_database(log.database, LOG)).findings


async def places(log: OpenLog) -> set[tuple[str | None, int | None, str | None]]:
    """Table, entry and column of every error."""
    return {(each.table, each.entry, each.column) for each in await found(log)}


async def change(log: OpenLog, statement: Any) -> None:
    async with log.database.begin() as connection:
        assert (await connection.execute(statement)).rowcount == 1


@pytest.fixture
async def work(log: OpenLog) -> str:
    """Entries 3 and 4: a contribution of Ann's, and the decision on it."""
    submitted = await log.writer.write(log.maker.submit("ann", external_id="w"))
    decided = await log.writer.write(log.maker.decide(submitted.id, verdict="rejected", reviewer="rev"))
    assert (submitted.index, decided.index) == (3, 4)
    return submitted.id


async def test_rows_that_are_gone(log: OpenLog, work: str) -> None:
    t = tables
    assert await found(log) == []
    await change(log, delete(t.decisions).where(t.decisions.c.entry_index == 4))
    await change(log, delete(t.contents).where(t.contents.c.subject == work))
    await change(log, delete(t.contributors).where(t.contributors.c.external_id == "rev"))
    await change(log, delete(t.checkpoints).where(t.checkpoints.c.size == 5))
    await change(log, delete(t.entries).where(t.entries.c.entry_index == 3))
    assert await places(log) == {("entries", 3, None), ("checkpoints", 4, None)}  # what rests on entries waits


async def test_rows_of_views_and_beside_that_are_gone(log: OpenLog, work: str) -> None:
    t = tables
    await change(log, delete(t.decisions).where(t.decisions.c.entry_index == 4))
    await change(log, delete(t.contents).where(t.contents.c.subject == work))
    await change(log, delete(t.contributors).where(t.contributors.c.external_id == "rev"))
    await change(log, delete(t.api_keys))
    assert await places(log) == {
        ("decisions", 4, None),
        ("contents", 3, None),
        ("contributors", 4, None),
        ("api_keys", 1, None),
    }


async def test_rows_that_are_too_much(log: OpenLog, work: str) -> None:
    for table, changes in {
        tables.contributions: {"id": "another", "entry_index": 4},
        tables.tiles: {"level": 0, "n": 0, "hashes": b"1" * 8192, "root": b"1" * 32},
        tables.contents: {"kind": "task"},
        tables.contributors: {"id": "nobody", "external_id": "other"},
        tables.api_keys: {"id": "none"},
        tables.checkpoints: {"size": 9},
    }.items():
        async with log.database.begin() as connection:
            row = (await connection.execute(select(table).limit(1))).mappings().first() or {"log": LOG}
            await connection.execute(insert(table).values(dict(row) | changes))
    named = {table for table, _, _ in await places(log)}
    assert named == {"contributions", "tiles", "contents", "contributors", "api_keys", "checkpoints"}


async def test_what_was_erased_stays_erased(log: OpenLog, work: str) -> None:
    kept = await log.reader.opening("contribution", work)
    await log.writer.write(log.maker.erase("contribution", work))
    assert await found(log) == []
    assert kept is not None
    row = {"log": LOG, "kind": "contribution", "subject": work, "platform": log.maker.platform}
    async with log.database.begin() as connection:
        await connection.execute(insert(tables.contents).values(row | {"salt": kept.salt, "preimage": kept.preimage}))
    (error,) = await found(log)
    assert (error.entry, error.detail) == (
        3,
        f"The opening (contribution) of {work} is still there, though entry 5 says that it was erased.",
    )


async def test_another_opening_than_the_committed_one(log: OpenLog, work: str) -> None:
    other = Opening(b"1" * 32, b'{"v":1}')
    values = {"salt": other.salt, "preimage": other.preimage}
    await change(log, update(tables.contents).where(tables.contents.c.subject == work).values(values))
    assert await places(log) == {("contents", 3, "preimage")}


async def test_a_request_with_another_fingerprint(log: OpenLog, work: str) -> None:
    table = tables.externals
    mine = table.c.external_id == "w"
    await change(log, update(table).where(mine).values(fingerprint=b"1" * 32))
    assert await places(log) == {("externals", 3, "fingerprint"), ("externals", 3, "checksum")}


async def test_heads_of_every_key(log: OpenLog, work: str) -> None:
    second, third = LogSigner.generate(ORIGIN), LogSigner.generate(ORIGIN)
    await rotate_key(log.database, LOG, log.signer, second)
    async with Writer(log.database, LOG, second) as writer:
        writer.allow_writes()
        await writer.write(log.maker.submit("bob"))
    await rotate_key(log.database, LOG, second, third)
    assert await found(log) == []
    old = (await log.reader.receipt(5)).decode()
    assert log.signer.verifier_key.vkey not in old
    await change(log, update(tables.logs).values(vkey=second.verifier_key.vkey))
    assert await places(log) == {("logs", 7, "vkey")}


@pytest.mark.parametrize("tip", [3, None])
async def test_a_transaction_that_says_something_else_than_its_bytes(log: OpenLog, tip: int | None) -> None:
    t = tables.transactions
    signer, asked = LocalSigner.from_key(b"\1" * 32), {"nonce": 4, "gas": 50_000, "max_fee": 9, "priority_fee": tip}
    signed = signer.sign_transaction(Transaction(chain_id=5, to="0x" + "1c" * 20, data=b"call", **asked))
    row = {
        "log": LOG, "chain_id": 5, "sender": signer.address, "nonce": 4, "hash": signed.hash, "raw": signed.raw,
        "intent": "anchor:1", "recipient": "0x" + "1c" * 20, "data": b"call", "gas": 50_000, "max_fee": "9",
        "priority_fee": None if tip is None else "3", "state": "sent", "at_ms": 1, "detail": "",
    }  # fmt: skip
    await change(log, insert(t).values(row))
    assert await found(log) == []
    other = signer.sign_transaction(Transaction(chain_id=5, to="0x" + "ee" * 20, data=b"call", **asked))
    for changed, columns in (
        ({"recipient": "0x" + "ee" * 20, "data": b"evil"}, {"recipient", "data"}),
        ({"chain_id": 6, "sender": "0x" + "ee" * 20, "nonce": 5}, {"chain_id", "sender", "nonce"}),
        ({"gas": 1, "max_fee": "10", "priority_fee": "4"}, {"gas", "max_fee", "priority_fee"}),
        ({"raw": b"evil"}, {"raw"}),
        ({"raw": b"evil", "hash": "0x" + keccak256(b"evil").hex()}, {"raw"}),
        ({"raw": other.raw, "hash": other.hash}, {"recipient"}),
    ):
        await change(log, update(t).values(row | changed))
        assert await places(log) == {("transactions", None, column) for column in columns}
