"""At the end log, chain, database and balances must agree; each check names what does not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ledger.book.fold import Book
from ledger.chain import contracts
from ledger.db import Database, open_database, tables
from ledger.demo.outside import Auditor
from ledger.log.checking import check_database
from ledger.log.reader import Reader
from scripts.soak.load import AMOUNT, Load
from scripts.soak.scene import Processes, Scene

_PART = 2_000


@dataclass(frozen=True, slots=True)
class Stored:
    """What the worker's rows hold."""

    attempts: list[Any]
    """sender, nonce, intent, state, hash, block_hash, detail."""
    asked: Counter[str]
    """Claim requests by their state."""
    paid_in: dict[str, str]
    """Transactions that answered claims as paid, by request."""
    open_requests: int
    claimed: dict[str, int]
    """By account."""
    log_size: int


def check_all(scene: Scene, processes: Processes, load: Load) -> dict[str, list[str]]:
    """What does not agree, by check; an empty list where all does."""
    auditor = Auditor(scene.folder, scene.chain.url)
    mirror = auditor.mirror(processes.url)
    report = auditor.audit(str(mirror), "--contract", scene.deployment.contribution_log)
    book, stored, found = asyncio.run(_read(scene))
    return {
        "audit of the mirror, with the chain": of_report(report),
        "audit of the database": found,
        "findings of the book": [f"entry {each.index}: {each}" for each in book.findings],
        "balances": list(_balances(scene, load, book)),
        "books of the pool": list(_pool(scene, load, stored)),
        "funds": list(_funds(scene, book)),
        "transactions": list(_transactions(scene, stored)),
        "requests": list(_requests(scene, stored)),
        "what the processes said": list(stack_traces(processes)),
    }


def of_report(report: dict[str, Any]) -> list[str]:
    """An audit's findings but notes: a restarted node keeps no old states, and the audit says what it left out."""
    findings = [str(each) for each in report.get("findings", []) if each.get("severity") != "note"]
    return findings or ([] if report["verdict"] == "pass" else [f"the verdict is {report['verdict']}"])


# ---- reading ----


async def _read(scene: Scene) -> tuple[Book, Stored, list[str]]:
    async with open_database(scene.database_url) as database:
        report = await check_database(database, "main")
        found = [str(each) for each in report.findings]
        reader, book = Reader(database, "main"), Book()
        size = (await reader.head()).size
        for begin in range(0, size, _PART):
            for data in await reader.statements(begin, min(size, begin + _PART)):
                book.fold_bytes(data, book.size)
        return book, await _stored(database, size), found


async def _stored(database: Database, size: int) -> Stored:
    attempts, claims = tables.transactions.c, tables.claim_requests.c
    columns = (
        attempts.sender, attempts.nonce, attempts.intent, attempts.state, attempts.hash, attempts.block_hash,
        attempts.detail,
    )  # fmt: skip
    async with database.engine.connect() as connection:
        sent = list(await connection.execute(select(*columns).order_by(attempts.sender, attempts.nonce)))
        asked = list(await connection.execute(select(claims.id, claims.state, claims.transaction)))
        requests = list(await connection.execute(select(tables.requests.c.state)))
        claimed = await connection.execute(select(tables.claims.c.account, tables.claims.c.cumulative))
        return Stored(
            attempts=sent,
            asked=Counter(state for _, state, _ in asked),
            paid_in={name: transaction for name, state, transaction in asked if state == "paid" and transaction},
            open_requests=sum(state == "asked" for (state,) in requests),
            claimed={account: int(cumulative) for account, cumulative in claimed},
            log_size=size,
        )


# ---- comparing ----


def _balances(scene: Scene, load: Load, book: Book) -> Iterator[str]:
    """The wallet holds what the clients were told to be accepted, and what the book says it earned."""
    pool = book.pools[scene.chain.chain_id, scene.deployment.pool]
    settlement = pool.active
    shares = {} if settlement is None else dict(pool.tree(settlement).accounts)
    for person in load.people:
        expected = load.done.accepted[person.name] * AMOUNT
        held = person.balance(scene.node, scene.deployment.token)
        share = shares.get(person.address, 0)
        if not held == expected == share:
            yield f"{person.name}: accepted {expected}, by the book {share}, in the wallet {held}"


def _pool(scene: Scene, load: Load, stored: Stored) -> Iterator[str]:
    node, pool, token = scene.node, scene.deployment.pool, scene.deployment.token
    books = contracts.read_books(node, pool)
    earned = sum(load.done.accepted.values()) * AMOUNT
    if not books.paid == books.awarded == earned:
        yield f"accepted for {earned}, awarded {books.awarded}, paid {books.paid}"
    held = contracts.read_balance(node, token, pool)
    if held != books.funded - books.returned - books.paid:
        yield f"the pool holds {held}, its books say {books.funded} - {books.returned} - {books.paid}"
    for person in load.people:
        claimed = contracts.read_claimed(node, pool, person.address)
        if stored.claimed.get(person.address, 0) != claimed:
            yield f"{person.name}: claimed {claimed}, in the rows {stored.claimed.get(person.address, 0)}"
    head = contracts.read_head(node, scene.deployment.contribution_log, scene.deployment.log_id)
    if head.size != stored.log_size:
        yield f"the log has {stored.log_size} entries, {head.size} are anchored"


def _funds(scene: Scene, book: Book) -> Iterator[str]:
    """What the log says last of each campaign's money is what the chain says of it."""
    pool = book.pools[scene.chain.chain_id, scene.deployment.pool]
    for campaign, onchain_id in pool.campaigns.items():
        record = contracts.read_campaign(scene.node, scene.deployment.pool, onchain_id)
        funds = book.campaigns[campaign].funds
        stated = int(funds[-1][1].funded) if funds else 0
        if stated != record.funded:
            yield f"campaign {campaign} has {record.funded}, the log says {stated}"


def _transactions(scene: Scene, stored: Stored) -> Iterator[str]:
    """Each nonce belongs to one intent and ended in one permanent transaction, and there are no others."""
    by_nonce: dict[tuple[str, int], list[Any]] = {}
    for each in stored.attempts:
        by_nonce.setdefault((each.sender, each.nonce), []).append(each)
    for (sender, nonce), attempts in by_nonce.items():
        where = f"nonce {nonce} of {sender}"
        intents, states = {each.intent for each in attempts} - {"fill"}, Counter(each.state for each in attempts)
        if len(intents) > 1:
            yield f"{where} was used for {sorted(intents)}"
        if states["final"] != 1 or set(states) - {"final", "replaced"}:
            yield f"{where} ended as {dict(states)}"
        for each in attempts:
            receipt = scene.node.receipt(each.hash)
            if (receipt is not None) != (each.state == "final"):
                yield f"{where}: {each.hash} is {each.state}, the chain has {'one' if receipt else 'none'}"
            elif receipt is not None and receipt.block_hash != each.block_hash:
                yield f"{where}: {each.hash} is in another block"
            elif receipt is not None and receipt.succeeded == bool(each.detail):
                yield f"{where}: {each.hash} {'succeeded' if receipt.succeeded else 'failed'}, not so in the row"
    for role in ("reporter", "relayer"):  # the operator deployed the contracts beforehand
        address = scene.signers[role].address
        saved = {nonce for sender, nonce in by_nonce if sender == address}
        if saved != set(range(scene.node.nonce(address, "latest"))):
            yield f"{role}: {len(saved)} nonces are saved, the chain counts {scene.node.nonce(address, 'latest')}"


def _requests(scene: Scene, stored: Stored) -> Iterator[str]:
    if stored.open_requests:
        yield f"{stored.open_requests} requests were never answered"
    if set(stored.asked) - {"paid"}:
        yield f"claims ended as {dict(stored.asked)}"
    for name, transaction in stored.paid_in.items():
        receipt = scene.node.receipt(transaction)
        if receipt is None or not receipt.succeeded:
            yield f"claim {name} is called paid in {transaction}, which the chain does not have or which failed"


def stack_traces(processes: Processes) -> Iterator[str]:
    """The processes whose output has stack traces: what fails is said in a line."""
    for each in processes.every:
        count = each.words().count("Traceback (most recent call last)")
        if count:
            yield f"{each.log} has {count} stack traces"
