"""Checks of payments: each account within what the settlements in force published, all within what was awarded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge

from ledger.audit.awards import MAX_NAMED, Claims
from ledger.audit.chain_checks import OnChain
from ledger.audit.replay import Replay
from ledger.audit.report import Check
from ledger.book.rewards import PoolBook
from ledger.chain.anchors import ClaimEvent, PoolEvents, SettlementEvent


def check_claims(check: Check, chain: OnChain, replay: Replay, pool: PoolBook, events: PoolEvents) -> None:
    """Walk activations and payments in the chain's order.

    A settlement says what it changes, so that all that is kept is one amount an account: the tree in force.
    """
    published: dict[str, int] = {}
    paid: dict[str, int] = {}
    claims = Claims(replay.book, pool, replay.size)
    total = awarded = 0
    later = False
    for event in _in_order(events):
        if isinstance(event, SettlementEvent):
            settlement = pool.recorded.get(event.proposal)
            if settlement is not None:
                published.update(settlement.accounts)
            later = settlement is None and chain.is_beyond_copy(event.place.block)
            awarded = event.members["totalAwarded"]
            continue
        if later:
            check.add("warning", "Payments from settlements later than this copy were not looked at.")
            break
        cumulative = paid[event.account] = paid.get(event.account, 0) + event.amount
        _check_claim(check, claims, event, cumulative, published.get(event.account, 0))
        total += event.amount
        if total > awarded:
            check.error(f"Pool {pool.pool} has paid {total} by block {event.place.block}; {awarded} were awarded.")


def _in_order(events: PoolEvents) -> Iterator[SettlementEvent | ClaimEvent]:
    """Yield activations and payments as the chain has them."""
    activations: Sequence[SettlementEvent | ClaimEvent] = [
        event for event in events.settlements if event.kind == "activated"
    ]
    yield from merge(activations, events.claims, key=lambda event: (event.place.block, event.place.log_index))


def _check_claim(check: Check, claims: Claims, claim: ClaimEvent, cumulative: int, published: int) -> None:
    if cumulative <= published:
        return
    paid = f"{claim.account} was paid {cumulative} in all (block {claim.place.block})."
    awarded = claims.expected.get(claim.account, 0)
    if cumulative <= awarded:
        check.add("warning", f"{paid} The log awards as much, but no settlement that it knows had published it.")
    elif sum(finding.award is not None for finding in check.findings) < MAX_NAMED:
        check.wrong(paid, claims.account(claim.account, cumulative))
    else:  # each explanation is a search through all contributions
        check.error(f"{paid} The log awards it {awarded}.")
