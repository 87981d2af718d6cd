"""The worker's rows of settlements and claims, which the API shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from ledger.book.rewards import Settlement
from ledger.chain import contracts
from ledger.chain.anchors import ClaimEvent
from ledger.chain.rpc import BlockTag, Node
from ledger.db.tables import claims, settlement_accounts, settlements
from ledger.worker.context import Context

SETTLED, ACTIVATED = "settled", "activated"
CLAIMED, FINAL = "claimed", "final"
QUESTIONS = 8
"""Questions to a node at a time."""
_MOST_ACCOUNTS = 500
"""Accounts that a node is asked for before the lease is renewed."""


def _is(table: Any, context: Context, **values: object) -> Any:
    chain_id, pool = context.pool
    found = [table.c.log == context.log, table.c.chain_id == chain_id, table.c.pool == pool]
    return and_(*found, *(table.c[name] == value for name, value in values.items()))


def _key(context: Context) -> dict[str, object]:
    chain_id, pool = context.pool
    return {"log": context.log, "chain_id": chain_id, "pool": pool}


async def save_settlement(context: Context, settlement: Settlement, tree: Sequence[tuple[str, int]]) -> None:
    """Keep a settlement and the accounts of its whole tree, in tree order.

    One of the same number that was never proposed makes room.
    """
    row = _key(context) | {
        "number": settlement.number,
        "parent": settlement.parent,
        "proposal": settlement.proposal,
        "size": settlement.size,
        "root": settlement.root,
        "total": str(settlement.total),
        "state": SETTLED,
        "campaigns": json.dumps(
            [
                {
                    "campaign": line.campaign,
                    "onchain_id": line.onchain_id,
                    "total": str(line.total),
                    "final": line.final,
                }
                for line in settlement.campaigns
            ]
        ),
    }
    accounts = [
        _key(context)
        | {"number": settlement.number, "position": position, "account": account, "cumulative": str(cumulative)}
        for position, (account, cumulative) in enumerate(tree)
    ]
    async with context.database.begin() as connection:
        await context.lease.check(connection)
        for table in (settlements, settlement_accounts):
            await connection.execute(delete(table).where(_is(table, context, number=settlement.number)))
        await connection.execute(insert(settlements).values(row))
        if accounts:
            await connection.execute(insert(settlement_accounts), accounts)


async def saved_proposal(context: Context, number: int) -> str | None:
    """The proposal hash of the settlement that is kept under a number."""
    query = select(settlements.c.proposal).where(_is(settlements, context, number=number))
    async with context.database.engine.connect() as connection:
        return (await connection.execute(query)).scalar()


async def last_due_ms(context: Context) -> int | None:
    """When the newest settlement that was proposed is or was due."""
    query = (
        select(settlements.c.due_ms)
        .where(_is(settlements, context), settlements.c.due_ms.is_not(None))
        .order_by(settlements.c.number.desc())
        .limit(1)
    )
    async with context.database.engine.connect() as connection:
        return (await connection.execute(query)).scalar()


async def note_proposed(context: Context, number: int, due_ms: int, transaction: str | None) -> None:
    """Note when a settlement can be activated, and which transaction proposed it where we know."""
    values: dict[str, object] = {"due_ms": due_ms} | ({"proposed_tx": transaction} if transaction else {})
    async with context.database.begin() as connection:
        await connection.execute(update(settlements).where(_is(settlements, context, number=number)).values(values))


async def end_settlement(context: Context, proposal: str, state: str, transaction: str | None) -> None:
    """Note that a settlement was activated or vetoed; nothing where it is not one that we keep."""
    values = {"state": state} | ({"ended_tx": transaction} if transaction else {})
    ours = _is(settlements, context, proposal=proposal)
    async with context.database.begin() as connection:
        await connection.execute(update(settlements).where(ours).values(values))


async def settled_proposal(context: Context, number: int, root: str) -> str | None:
    """The proposal hash of a kept settlement whose end is not noted yet."""
    query = select(settlements.c.proposal).where(_is(settlements, context, number=number, root=root, state=SETTLED))
    async with context.database.engine.connect() as connection:
        return (await connection.execute(query)).scalar()


async def tree_accounts(context: Context, number: int) -> list[tuple[str, int]]:
    """A settlement's accounts and cumulative amounts in tree order."""
    query = (
        select(settlement_accounts.c.account, settlement_accounts.c.cumulative)
        .where(_is(settlement_accounts, context, number=number))
        .order_by(settlement_accounts.c.position)
    )
    async with context.database.engine.connect() as connection:
        return [(row.account, int(row.cumulative)) for row in await connection.execute(query)]


async def note_claims(context: Context, node: Node, events: Sequence[ClaimEvent], block: int, *, final: bool) -> None:
    """Keep what the accounts of ``events`` have claimed in all by ``block``, which may be ``final``. It never falls."""
    newest = {event.account: event for event in events}
    sums = await read_claimed(context, node, list(newest), block)
    async with context.database.begin() as connection:
        known = {
            row.account: int(row.cumulative)
            for row in await connection.execute(
                select(claims.c.account, claims.c.cumulative).where(_is(claims, context))
            )
        }
        for account, event in newest.items():
            if known.get(account, -1) > sums[account]:
                continue
            values = {
                "cumulative": str(sums[account]),
                "state": FINAL if final else CLAIMED,
                "transaction": event.place.transaction,
                "block": event.place.block,
            }
            if account in known:
                await connection.execute(update(claims).where(_is(claims, context, account=account)).values(values))
            else:
                await connection.execute(insert(claims).values(_key(context) | {"account": account} | values))


async def read_claimed(context: Context, node: Node, accounts: Sequence[str], block: BlockTag) -> dict[str, int]:
    """What each account has claimed in all, by the pool's state at ``block``; keeps the lease while it asks."""
    sums: dict[str, int] = {}
    for begin in range(0, len(accounts), _MOST_ACCOUNTS):
        some = accounts[begin : begin + _MOST_ACCOUNTS]
        sums |= await asyncio.to_thread(_cumulative, node, context.deployment.pool, some, block)
        await context.renew()
    return sums


def _cumulative(node: Node, pool: str, accounts: Sequence[str], block: BlockTag) -> dict[str, int]:
    """The same, a few questions at a time."""

    def ask(account: str) -> tuple[str, int]:
        return account, contracts.read_claimed(node, pool, account, block)

    with ThreadPoolExecutor(QUESTIONS) as threads:
        return dict(threads.map(ask, accounts))
