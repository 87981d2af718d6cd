"""What people were paid, transaction by transaction: the chain's own events, looked up for their accounts.

The service keeps of each account only how much it has claimed in all, and where the last claim stands. The chain has
the rest: it is read backwards until the payments add up to that sum, in a bounded number of questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from api.reads import Reads
from ledger.chain import contracts
from ledger.chain.anchors import claims_in
from ledger.chain.artifacts import artifact
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import Node, connect
from ledger.db.tables import claims, wallet_links

MAX_ACCOUNTS: Final = 20
_MOST_PAYMENTS: Final = 100
_MOST_RANGES: Final = 20
"""Ranges of blocks that are asked for at most: some nodes answer for a few thousand blocks at a time."""


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment of a pool; ``at_ms`` is its block's time, ``units`` are base units of the token."""

    account: str
    units: int
    transaction: str
    block: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Sum:
    """What an account has claimed in all of a pool, and the transaction of its last claim."""

    account: str
    units: int
    transaction: str | None


async def accounts_of(reads: Reads, people: Sequence[str]) -> list[str]:
    """Every wallet that was ever linked to these people (public ids), newest first: old pay stays with old wallets."""
    links = wallet_links.c
    query = select(links.address).where(links.log == reads.log, links.contributor.in_(people))
    rows = await reads.all(query.order_by(links.entry_index.desc()))
    return list(dict.fromkeys(row.address for row in rows))[:MAX_ACCOUNTS]


async def claimed_by(reads: Reads, place: tuple[int, str], accounts: Sequence[str]) -> list[Sum]:
    """What these accounts have claimed of a pool, as far as the worker has seen it; those without any are left out."""
    chain_id, pool = place
    query = select(claims).where(
        claims.c.log == reads.log,
        claims.c.chain_id == chain_id,
        claims.c.pool == pool,
        claims.c.account.in_(accounts),
    )
    rows = await reads.all(query.order_by(claims.c.account))
    return [Sum(row.account, int(row.cumulative), row.transaction) for row in rows]


def read_payments(urls: Sequence[str], deployment: Deployment, claimed: Sum) -> list[Paid]:
    """The payments to an account, the newest first, until they add up to what it ``claimed``. Raises ChainError."""
    with connect(urls, deployment.chain_id) as node:
        end = node.block("latest").number
        found: list[Paid] = []
        for _ in range(_MOST_RANGES):
            begin = max(deployment.block, end - node.log_span + 1)
            for transaction in _transactions(node, deployment.pool, claimed.account, begin, end):
                found += _paid_in(node, deployment.pool, claimed.account, transaction)
            enough = sum(each.units for each in found) >= claimed.units or len(found) >= _MOST_PAYMENTS
            if enough or begin == deployment.block:
                break
            end = begin - 1
        return found[:_MOST_PAYMENTS]


def _transactions(node: Node, pool: str, account: str, begin: int, end: int) -> list[str]:
    """The transactions in which a pool of either kind may have paid ``account``, the newest first."""
    events = artifact(contracts.TOKEN_CONTRACT).abi.events
    who = bytes(12) + bytes.fromhex(account[2:])
    # A RewardToken says so by its Transfer from nobody, and by Claimed only where the payee is somebody else.
    entries = node.logs(pool, [events["Claimed"].topic, who], begin, end)
    entries += node.logs(pool, [events["Transfer"].topic, bytes(32), who], begin, end)
    entries.sort(key=lambda entry: (entry.block, entry.log_index), reverse=True)
    return list(dict.fromkeys(entry.transaction for entry in entries))[:_MOST_PAYMENTS]


def _paid_in(node: Node, pool: str, account: str, transaction: str) -> list[Paid]:
    receipt = node.receipt(transaction)
    if receipt is None:  # a reorganisation took it back meanwhile
        return []
    units = [event.amount for event in claims_in(receipt, pool) if event.account == account]
    if not units:
        return []
    at_ms = node.block(receipt.block).timestamp * 1000
    return [Paid(account, sum(units), transaction, receipt.block, at_ms)]
