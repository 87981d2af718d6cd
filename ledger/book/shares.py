"""Which awards a settlement publishes, and to which wallet each of them goes: its accounts, taken apart.

Pure reading of the book. What an account gets newly in a settlement is the sum of its shares there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ledger.book.awards import Award, Paid, Source, pay
from ledger.book.fold import Book
from ledger.book.rewards import PoolBook, Settlement

Rule = Source | Literal["waited"]
"""``waited``: shares of earlier settlements that waited until there was a wallet."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one award gives in one settlement, in base units. An empty ``account`` waits for a wallet."""

    account: str
    contributor: str
    rule: Rule
    units: int
    entry: int | None = None
    """The contribution."""
    final: int | None = None
    """The entry that made the award final."""


def shares(book: Book, pool: PoolBook, settlement: Settlement) -> Iterator[Share]:
    """The shares of a settlement that the book knows, recorded or ended: awards by campaign, as they were queued, then
    what waited. They sum up to what it adds to accounts and to what waits."""
    earlier = [
        each.settlement
        for each in pool.ended
        if each.settlement is not None and each.verdict == "activated" and each.number < settlement.number
    ]
    for campaign in sorted(settlement.paid):
        before = next((each.paid[campaign] for each in reversed(earlier) if campaign in each.paid), Paid())
        for award, units in _granted(book, campaign, settlement, before):
            account = book.wallet_at(award.contributor, settlement.size) or ""
            entry = book.facts.contributions[award.contribution].index
            yield Share(account, award.contributor, award.source, units, entry, award.entry)
    for contributor, left in settlement.waiting.items():
        waited = next((each.waiting[contributor] for each in reversed(earlier) if contributor in each.waiting), 0)
        wallet = book.wallet_at(contributor, settlement.size)
        if not left and waited and wallet is not None:
            yield Share(wallet, contributor, "waited", waited)


def _granted(book: Book, campaign: str, settlement: Settlement, before: Paid) -> list[tuple[Award, int]]:
    """What each award of a campaign newly gets. The limit is what was paid in all, whatever kept it there."""
    state = book.campaigns[campaign]
    granted: list[tuple[Award, int]] = []
    limit = settlement.paid[campaign].total
    pay(before, state.awards, state.voids, settlement.size, limit, lambda award, units: granted.append((award, units)))
    return granted
