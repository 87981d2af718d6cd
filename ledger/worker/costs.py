"""What a permanent transaction cost each campaign: exact wei from its receipt, shared out in whole wei.

An anchor is shared by the entries it covers that concern a campaign, a settlement evenly by the campaigns it lists,
claims by where what they paid was earned. What no campaign is behind, such as a failed claim or a transfer that fills
a place, is the service's own. Shares go by largest remainder, ties by campaign id, and add up exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ledger.book.facts import Facts
from ledger.book.fold import Book
from ledger.book.policies import largest_remainders
from ledger.book.rewards import PoolBook
from ledger.chain import anchors, contracts
from ledger.chain.answers import TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.errors import FormatError
from ledger.statements import kinds
from ledger.statements.appeals import AppealResolved
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.contents import ContentErased, ContentOpened
from ledger.worker.ports import Attempt, Cost

if TYPE_CHECKING:
    from ledger.worker.context import Context

SERVICE = ""
"""In the place of a campaign: the service itself."""
_CHUNK = 2_000
_CHUNKS_A_LEASE = 10
_WORD = 32


async def costs_of(context: Context, attempt: Attempt, receipt: TransactionReceipt) -> list[Cost]:
    """What a mined transaction cost, by campaign. The book must hold the entries that the transaction is about."""
    gas = receipt.gas_used
    price = attempt.max_fee if receipt.gas_price is None else receipt.gas_price
    weights = await _weights(context, attempt, receipt)
    gases, weis = split(gas, weights), split(gas * price, weights)
    return [
        Cost(transaction=attempt.hash, campaign=campaign, intent=attempt.intent, gas=gases[campaign], wei=wei)
        for campaign, wei in weis.items()
    ]


def split(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """``total`` in proportion to the weights of campaigns, by campaign id; the service's where nothing has a weight."""
    campaigns = sorted(campaign for campaign, weight in weights.items() if weight > 0) or [SERVICE]
    shares = largest_remainders(total, [weights.get(campaign, 0) or 1 for campaign in campaigns])
    return dict(zip(campaigns, shares, strict=True))


async def _weights(context: Context, attempt: Attempt, receipt: TransactionReceipt) -> Mapping[str, int]:
    pool = context.book.pools.get(context.pool)
    match attempt.intent.partition(":")[0]:
        case "anchor":
            return await _anchored(context, receipt)
        case "propose" | "activate" if pool is not None:
            return _listed(pool, attempt.data)
        case "claim" if pool is not None:
            paid: Counter[str] = Counter()
            for event in anchors.claims_in(receipt, pool.pool):
                paid[event.account] += event.amount
            return await context.work.run(_earned, context.book, pool, paid)
        case _:
            return {}


# ---- anchors ----


async def _anchored(context: Context, receipt: TransactionReceipt) -> Counter[str]:
    """Entries by campaign that the anchors of a transaction cover; keeps the lease while it counts many."""
    covered: Counter[str] = Counter()
    for begin, end in _ranges(receipt, context.deployment.contribution_log):
        last = min(end, context.book.size)
        for number, at in enumerate(range(begin, last, _CHUNK), 1):
            some = await context.entries.statements(at, min(at + _CHUNK, last))
            covered += await context.work.run(_count, some, context.book.facts)
            if number % _CHUNKS_A_LEASE == 0:
                await context.renew()
    return covered


def _ranges(receipt: TransactionReceipt, contract: str) -> list[tuple[int, int]]:
    topic = artifact(contracts.LOG_CONTRACT).abi.events["Anchored"].topic
    found = [entry for entry in receipt.logs if entry.address == contract and entry.topics[:1] == (topic,)]
    return [(event.old_size, event.size) for event in map(anchors.decode_anchor, found)]


def _count(statements: Sequence[bytes], facts: Facts) -> Counter[str]:
    return Counter(campaign_of(data, facts) for data in statements)


def campaign_of(data: bytes, facts: Facts) -> str:
    """The campaign that an entry is about; empty for none, and for one that the book does not know."""
    try:
        statement = kinds.parse(data)
    except FormatError:
        return SERVICE
    match statement:
        case CampaignOpened():
            campaign: str | None = statement.id
        case ContentErased() | ContentOpened():
            campaign = facts.campaign_of(statement.purpose, statement.subject)
        case AppealResolved():
            campaign = facts.campaign_of("appeal", statement.appeal)
        case _:
            contribution = getattr(statement, "contribution", None)
            if contribution is not None:
                campaign = facts.campaign_of("contribution", contribution)
            else:
                campaign = getattr(statement, "campaign", None)
    return campaign if campaign in facts.campaigns else SERVICE


# ---- settlements and claims ----


def _listed(pool: PoolBook, call: bytes) -> dict[str, int]:
    """The pool's campaigns whose on-chain ids stand among the words of a call of ``propose`` or ``activate``."""
    known = {bytes.fromhex(onchain_id[2:]): campaign for campaign, onchain_id in pool.campaigns.items()}
    words = (call[at : at + _WORD] for at in range(4, len(call), _WORD))
    return {known[word]: 1 for word in words if word in known}


def _earned(book: Book, pool: PoolBook, paid: Mapping[str, int]) -> Counter[str]:
    """What accounts were ``paid``, by the pool's campaigns: each one's in proportion to what it earned in each."""
    accounts = {
        contributor: {address for _, address in history} & paid.keys() for contributor, history in book.wallets.items()
    }
    sums: dict[str, Counter[str]] = {account: Counter() for account in paid}
    for campaign in pool.campaigns:
        state = book.campaigns[campaign]
        void = {each.position for each in state.voids}
        for position, award in enumerate(state.awards):
            if position not in void:
                for account in accounts.get(award.contributor, ()):
                    sums[account][campaign] += award.units
    weights: Counter[str] = Counter()
    for account, amount in paid.items():
        weights.update(split(amount, sums[account]))
    return weights
