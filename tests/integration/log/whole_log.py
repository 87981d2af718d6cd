"""A database with something in every table: what the script draws, a settlement, and the rows beside the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import cast

from sqlalchemy import insert

from ledger.book import rewards
from ledger.book.fold import Book
from ledger.book.rewards import Settlement
from ledger.chain.signers import LocalSigner, Transaction
from ledger.db import Database, open_database, tables
from ledger.db.checksums import CHECKED, checksum
from ledger.errors import CrowdLedgerError
from ledger.log.items import Item, Record, Written
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.kinds import parse
from ledger.statements.log import ClockTick, LogOpened
from ledger.statements.settlements import SettlementActivated
from ledger.statements.values import format_time
from ledger.tree.checkpoints import LogSigner
from tests.unit.log.memory import MemoryLog
from tests.unit.log.samples import HASH, ORIGIN, PLACE, START_MS, Maker
from tests.unit.log.script import Script
from tests.unit.log.wallets import Wallet

WALLET_DELAY = 60
SIGNER = LogSigner.generate(ORIGIN)
STEPS_MS = (0, 1, 500, 3_001, 61_000)


class Teller:
    """Writes groups to a log through the real writer and keeps a memory of them, from which the script draws."""

    def __init__(self, database: Database, log: str, random: Random) -> None:
        self.database = database
        self.log = log
        self.random = random
        self.now_ms = START_MS
        self.script = Script(random)
        self.memory = MemoryLog()
        self.script.facts = self.memory.loaded.facts

    def clock(self) -> int:
        """The time of the next group."""
        return self.now_ms

    async def open(self) -> None:
        """Entry 0."""
        await open_log(self.database, self.log, ORIGIN, SIGNER, WALLET_DELAY, clock=lambda: START_MS)
        key = SIGNER.verifier_key.vkey
        opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key=key, wallet_delay=WALLET_DELAY)
        self.memory.write(Record(statement=opened))

    async def tell(self, writer: Writer, *items: Item) -> list[Written | CrowdLedgerError]:
        """Write a group."""
        self.memory.write(*items, now_ms=self.now_ms, confirmed_ms=self.now_ms)
        return await writer.write_many(list(items))

    async def draw(self, writer: Writer, groups: int, most: int = 12) -> None:
        """Write groups of what the script draws, after what it begins with."""
        await self.tell(writer, *self.script.begin())
        for _ in range(groups):
            self.now_ms += self.random.choice(STEPS_MS)
            await self.tell(writer, *(self.script.draw() for _ in range(self.random.randint(1, most))))


async def write_whole_log(url: str, log: str, seed: int, groups: int) -> None:
    """Make the log and the rows beside it."""
    async with open_database(url) as database:
        teller = Teller(database, log, Random(seed))
        await teller.open()
        async with Writer(database, log, SIGNER, clock=teller.clock, own_clock=True) as writer:
            writer.allow_writes()
            await teller.draw(writer, groups)
            await _own_ids(teller, writer)
            settlement, accounts = await _settle(teller, writer)
        await _rows_beside(database, log, settlement, accounts, teller.script.makers[0])


async def _own_ids(teller: Teller, writer: Writer) -> None:
    """Things of every kind with a platform's own id, referred to by it."""
    maker = Maker("own", START_MS)
    await teller.tell(writer, maker.register(external_id="stars"), maker.open_campaign(external_id="c"))
    task, notice = maker.add_task(external_id="t"), maker.notice(external_id="n")
    work = maker.submit("ann", task_external_id="t", external_id="w", terms=None)
    await teller.tell(writer, task, notice, work)
    named = maker.submit("ann", contributor_id=work.fresh_id, external_id="w 2")
    decision = maker.decide(None, contribution_external_id="w", reviewer="rev", verdict="rejected", external_id="d")
    await teller.tell(writer, named, decision)
    inputs = {"inputs": {"answers": 3}, "inputs_salt": maker.bytes()}
    second = maker.decide(named.id, reviewer="rev", reviewer_id=decision.fresh_id, external_id="d 2", **inputs)
    appeal = maker.appeal(work.id, decision.id, external_id="a")
    result = maker.result(named.id, work.id, external_id="r")
    said = await teller.tell(writer, second, appeal, result, maker.resolve(appeal.id, decision.id, "other"))
    assert all(isinstance(each, Written) for each in said), said


async def _settle(teller: Teller, writer: Writer) -> tuple[Settlement, Sequence[tuple[str, int]]]:
    """A paid campaign whose two contributors are settled to their wallets, and the settlement's end."""
    maker = Maker("paid", START_MS)
    await teller.tell(writer, maker.register(), maker.open_campaign(place=PLACE, appeal_window=3))
    works = [maker.submit("ann"), maker.submit("bob")]
    funded = CampaignFunded(
        v=1, at=format_time(0), campaign=maker.campaign, block=7, block_hash=HASH, funded="900", returned="0",
        goal_reached=True, closed=False,
    )  # fmt: skip
    await teller.tell(writer, *works, Record(statement=funded))
    links = []
    for number, work in enumerate(works, 1):
        wallet = Wallet(10 + number)
        message = wallet.message(work.fresh_id, None)
        links.append(maker.link(work.fresh_id, wallet.address, message, wallet.sign(message)))
    await teller.tell(writer, *(maker.decide(work.id) for work in works), *links)
    for _ in range(2):
        teller.now_ms += 2 * WALLET_DELAY * 1000
        await teller.tell(writer, Record(statement=ClockTick(v=1, at=format_time(0))))
    book = Book()
    for index, data in enumerate(await Reader(teller.database, teller.log).statements(0, 10_000)):
        book.fold(parse(data), index)
    assert book.findings == []
    pool = book.pools[PLACE.chain_id, PLACE.pool]
    settlement = rewards.compute(book, pool, book.size)
    assert settlement is not None
    assert settlement.accounts
    at = format_time(teller.now_ms)
    ended = SettlementActivated(
        v=1, at=at, chain_id=PLACE.chain_id, pool=PLACE.pool, number=settlement.number, proposal=settlement.proposal,
        block=9, block_hash=HASH, transaction=HASH, log_index=0,
    )  # fmt: skip
    await writer.write_many([Record(statement=settlement.statement(at)), Record(statement=ended)])
    return settlement, pool.tree(settlement).accounts


async def _rows_beside(
    database: Database, log: str, settlement: Settlement, accounts: Sequence[tuple[str, int]], maker: Maker
) -> None:
    """What the worker and the API keep."""
    reader = Reader(database, log)
    pool = {"log": log, "chain_id": PLACE.chain_id, "pool": PLACE.pool}
    place = pool | {"number": settlement.number}
    lines = [
        {"campaign": line.campaign, "onchain_id": line.onchain_id, "total": str(line.total), "final": line.final}
        for line in settlement.campaigns
    ]
    settled = {
        "parent": settlement.parent, "proposal": settlement.proposal, "size": settlement.size, "root": settlement.root,
        "total": str(settlement.total), "state": "activated", "campaigns": json.dumps(lines), "ended_tx": HASH,
    }  # fmt: skip
    listed = [
        place | {"position": position, "account": account, "cumulative": str(units)}
        for position, (account, units) in enumerate(accounts)
    ]
    chain = {"log": log, "chain_id": PLACE.chain_id}
    anchors = [
        chain | {"size": size, "root": await reader.root_at(size), "tx": HASH, "block": size, "contract": PLACE.pool,
                 "log_id": HASH, "finalized": True}
        for size in (3, settlement.size)
    ]  # fmt: skip
    signer = LocalSigner.from_key(b"\1" * 32)
    signed = signer.sign_transaction(
        Transaction(
            chain_id=PLACE.chain_id, nonce=1, to=PLACE.pool, data=b"call", gas=100_000, max_fee=7, priority_fee=3
        )
    )  # fmt: skip
    sent = chain | {
        "sender": signer.address, "nonce": 1, "hash": signed.hash, "raw": signed.raw, "intent": "anchor:3",
        "recipient": PLACE.pool, "data": b"call", "gas": 100_000, "max_fee": "7", "priority_fee": "3", "state": "sent",
        "at_ms": START_MS, "detail": "",
    }  # fmt: skip
    person = (await reader.contributions(limit=1)).items[0]
    signed_in = {"log": log, "platform": person.platform, "contributor": person.contributor, "expires_ms": START_MS}
    file = {"log": log, "platform": maker.platform, "sha256": 64 * "1", "bytes": 3, "type": "text/plain", "at_ms": 1}
    member = {
        "log": log, "id": "mem_00112233445566aa", "platform": maker.platform, "name": "Ada", "role": "owner",
        "wallet": PLACE.opener, "at_ms": START_MS,
    }  # fmt: skip
    seated = {"log": log, "platform": maker.platform, "contributor": member["id"], "expires_ms": START_MS}
    claim = pool | {"account": PLACE.opener, "cumulative": "1", "final_cumulative": "1", "state": "final", "block": 1}
    asked = {"log": log, "id": maker.id(), "state": "open", "at_ms": 1}
    shares = place | {
        "size": settlement.size, "position": 0, "account": PLACE.opener, "contributor": person.contributor,
        "rule": "piece_rate", "units": "1", "entry": 1, "final": 2,
    }  # fmt: skip
    imported = {
        "log": log, "id": maker.id(), "platform": maker.platform, "campaign": maker.campaign, "connector": "mturk",
        "form": "batch-results", "file": "answers.csv", "state": "running", "rows": 1, "used": 1, "refused": 0,
        "skipped": 0, "written": "{}", "known": "{}", "began_ms": START_MS, "seen_ms": START_MS,
    }  # fmt: skip
    hook = {
        "log": log, "id": maker.id(), "platform": maker.platform, "campaign": maker.campaign, "connector": "forms",
        "secrets": "sealed", "at_ms": START_MS, "holder": "", "held_until_ms": 0, "worked_ms": 0,
    }  # fmt: skip
    delivery = {
        "log": log, "id": maker.id(), "hook": hook["id"], "event": "sha256:1", "digest": b"d" * 32, "size": 2,
        "body": b"{}", "received_ms": START_MS, "state": "waiting", "tries": 0, "next_ms": START_MS,
    }  # fmt: skip
    event = {
        "log": log, "number": 1, "type": "decision.made", "platform": maker.platform, "at_ms": START_MS, "data": "{}",
        "told_ms": START_MS,
    }  # fmt: skip
    payment = pool | {"block": 1, "log_index": 0, "account": PLACE.opener, "amount": "1", "transaction": HASH}
    endpoint = {
        "log": log, "id": maker.id(), "platform": maker.platform, "url": "https://stars.example/told", "types": "",
        "description": "", "secret": "sealed", "state": "enabled", "cursor": 1, "at_ms": START_MS, "holder": "",
        "held_until_ms": 0, "at_once": 1, "failures": 0, "pause_ms": 0,
    }  # fmt: skip
    sending = {"log": log, "endpoint": endpoint["id"], "event": 1, "state": "waiting", "tries": 0, "at_ms": START_MS}
    rows: dict[str, list[dict[str, object]]] = {
        "settlements": [place | settled],
        "settlement_accounts": listed,
        "anchors": anchors,
        "transactions": [sent],
        "sessions": [signed_in | {"digest": b"1" * 32}, seated | {"digest": b"3" * 32}],
        "sign_in_links": [signed_in | {"digest": b"2" * 32}, seated | {"digest": b"4" * 32}],
        "files": [file],
        "members": [member],
        "claims": [claim],
        "claim_requests": [pool | asked | {"account": PLACE.opener}],
        "requests": [asked | {"kind": "settle"}],
        "leases": [{"log": log, "name": "worker", "holder": "a", "token": 1, "expires_at": 1}],
        "chain_cursor": [chain | {"block": 9, "block_ms": START_MS, "block_hash": HASH}],
        "nonces": [chain | {"sender": signer.address, "nonce": 1, "intent": "anchor:3"}],
        "costs": [chain | {"transaction": HASH, "campaign": maker.campaign, "intent": "claim", "gas": 7, "wei": "70"}],
        "worker_reports": [{"log": log, "report": "{}", "at_ms": START_MS}],
        "audits": [{"log": log, "id": maker.id(), "state": "asked", "by_operator": False, "at_ms": START_MS}],
        "settlement_shares": [shares],
        "imports": [imported],
        "hooks": [hook],
        "deliveries": [delivery],
        "refusals": [{"log": log, "hook": "", "reason": "unknown", "count": 1, "last_ms": START_MS}],
        "events": [event],
        "event_cursors": [{"log": log, "number": 1, "entries": 1, "done": 0, "anchored": 0}],
        "payments": [payment | {"told": True}],
        "endpoints": [endpoint],
        "sendings": [sending],
        "key_uses": [{"log": log, "key": "00", "used_ms": START_MS}],
        "restored": [{"log": log, "first_index": 0, "last_index": 0, "at_ms": START_MS, "source": "./mirror"}],
        "repeats": [{"log": log, "id": "a", "request": "b", "at_ms": START_MS}],
    }
    async with database.begin() as connection:
        for table, some in rows.items():
            for row in some if table in CHECKED else ():
                row["checksum"] = checksum(*(cast(str | int | bytes, row[name]) for name in CHECKED[table]))
            await connection.execute(insert(tables.metadata.tables[table]), some)
