"""Settlements: what each account has earned so far, computed from the book alone at a given log size.

The service proposes what ``compute`` gives; the fold recomputes it for every ``rewards.settled`` it meets, so that only
the right one counts. An award goes once and for ever to the wallet in force at the log size of the settlement that
first publishes it; the awards of people without a wallet are part of the campaigns' totals and wait.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ledger.book.awards import pay
from ledger.book.reward_tree import RewardTree
from ledger.errors import RuleError
from ledger.statements import onchain
from ledger.statements.settlements import (
    MAX_CAMPAIGNS,
    CampaignTotal,
    RewardsSettled,
    SettlementActivated,
    SettlementVetoed,
)
from ledger.statements.values import amount

if TYPE_CHECKING:
    from ledger.book.fold import Book

PoolKey = tuple[int, str]
"""Chain id and the pool's address."""


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign's line in a settlement: all that its contributors have earned so far, in base units."""

    campaign: str
    onchain_id: str
    total: int
    final: bool


@dataclass(frozen=True, slots=True)
class Published:
    """What stands once a settlement is active. Amounts are cumulative base units."""

    accounts: dict[str, int] = field(default_factory=dict)
    """By address: every wallet that was ever published."""
    paid: dict[str, dict[str, int]] = field(default_factory=dict)
    """By campaign and contributor: within the campaign's limit, with or without a wallet."""
    assigned: dict[tuple[str, str], int] = field(default_factory=dict)
    """By campaign and contributor: what has gone to a wallet."""
    finals: frozenset[str] = frozenset()
    listed: dict[str, int] = field(default_factory=dict)
    """By campaign: the last settlement that had a line for it."""

    def total(self, campaign: str) -> int:
        """All that a campaign's contributors have been paid or promised."""
        return sum(self.paid.get(campaign, {}).values())


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement of one pool. ``accounts`` are in tree order, ``campaigns`` in order of their on-chain ids."""

    chain_id: int
    pool: str
    number: int
    parent: int
    size: int
    root: str
    accounts: tuple[tuple[str, int], ...]
    campaigns: tuple[CampaignLine, ...]
    published: Published

    @property
    def total(self) -> int:
        """Sum of the tree's cumulative amounts."""
        return sum(units for _, units in self.accounts)

    @property
    def proposal(self) -> str:
        """The hash under which the contract keeps the proposal."""
        return onchain.proposal_hash(
            self.number,
            self.parent,
            self.root,
            self.size,
            [line.onchain_id for line in self.campaigns],
            [line.total for line in self.campaigns],
            [line.final for line in self.campaigns],
        )

    def tree(self) -> RewardTree:
        """The reward tree, for proofs."""
        return RewardTree(self.accounts)

    def statement(self, at: str) -> RewardsSettled:
        """The statement that records it."""
        return RewardsSettled(
            v=1,
            at=at,
            chain_id=self.chain_id,
            pool=self.pool,
            number=self.number,
            parent=self.parent,
            proposal=self.proposal,
            size=self.size,
            root=self.root,
            total=str(self.total),
            campaigns=[
                CampaignTotal(campaign=line.campaign, total=str(line.total), final=line.final)
                for line in self.campaigns
            ],
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """How a settlement number ended, and the entry that says so. ``settlement`` is None if the book knows no such."""

    entry: int
    number: int
    verdict: Literal["activated", "vetoed"]
    settlement: Settlement | None


@dataclass(slots=True)
class PoolBook:
    """A pool's campaigns (with their on-chain ids), its recorded settlements and how their numbers ended."""

    chain_id: int
    pool: str
    campaigns: dict[str, str] = field(default_factory=dict)
    recorded: dict[str, Settlement] = field(default_factory=dict)
    """By proposal hash; only those that equal the book's own computation."""
    ended: list[Ended] = field(default_factory=list)

    @property
    def halted(self) -> bool:
        """Whether a settlement was activated that the book does not know: nothing can be settled on top of it."""
        return any(end.verdict == "activated" and end.settlement is None for end in self.ended)

    @property
    def active(self) -> Settlement | None:
        """The last activated settlement."""
        return self.active_at(None)

    def active_at(self, size: int | None) -> Settlement | None:
        """The last settlement whose activation a log of ``size`` entries records."""
        for end in reversed(self.ended):
            if end.verdict == "activated" and (size is None or end.entry < size):
                return end.settlement
        return None

    def next_number_at(self, size: int | None) -> int:
        """The contract's next number, as far as a log of ``size`` entries knows."""
        return 1 + sum(1 for end in self.ended if size is None or end.entry < size)

    def pending(self) -> Settlement | None:
        """The latest recorded settlement of the next number."""
        number = self.next_number_at(None)
        return next((each for each in reversed(self.recorded.values()) if each.number == number), None)

    def record(
        self, book: Book, statement: RewardsSettled | SettlementActivated | SettlementVetoed, index: int
    ) -> None:
        """Take a statement about a settlement; raises RuleError if it does not follow from the log."""
        if isinstance(statement, RewardsSettled):
            self._settle(book, statement)
            return
        if statement.number != self.next_number_at(None):
            raise RuleError(
                f"Settlement {statement.number} cannot end here; the next is {self.next_number_at(None)}.",
                rule="settlement-order",
            )
        verdict: Literal["activated", "vetoed"] = (
            "activated" if isinstance(statement, SettlementActivated) else "vetoed"
        )
        known = self.recorded.get(statement.proposal)
        if known is not None and known.number != statement.number:
            known = None
        self.ended.append(Ended(index, statement.number, verdict, known))
        if known is None:
            raise RuleError(f"No settlement with proposal {statement.proposal} is recorded.", rule="settlement-known")

    def _settle(self, book: Book, statement: RewardsSettled) -> None:
        if statement.size > book.size:
            raise RuleError("It was computed on entries that follow it.", rule="settlement-size")
        if self.next_number_at(statement.size) != self.next_number_at(None):
            raise RuleError(
                "The log it was computed on does not say how the number before ended.", rule="settlement-order"
            )
        settlement = compute(book, self, statement.size)
        if settlement is None or settlement.statement(statement.at) != statement:
            raise RuleError("It is not what follows from the log at that size.", rule="settlement-computed")
        self.recorded[settlement.proposal] = settlement


def compute(book: Book, pool: PoolBook, size: int) -> Settlement | None:
    """The settlement that follows from the first ``size`` entries; None if it would change nothing."""
    parent = pool.active_at(size)
    before = parent.published if parent else Published()
    number = pool.next_number_at(size)
    paid, lines = _lines(book, pool, size, before)
    accounts, assigned = _assign(book, paid, size, before)
    if not lines and accounts == before.accounts:
        return None
    tree = RewardTree(accounts.items())
    finals = before.finals | {line.campaign for line in lines if line.final}
    return Settlement(
        chain_id=pool.chain_id,
        pool=pool.pool,
        number=number,
        parent=parent.number if parent else 0,
        size=size,
        root=tree.root,
        accounts=tree.accounts,
        campaigns=tuple(sorted(lines, key=lambda line: line.onchain_id)),
        published=Published(
            accounts, paid, assigned, finals, before.listed | dict.fromkeys((line.campaign for line in lines), number)
        ),
    )


def _lines(
    book: Book, pool: PoolBook, size: int, before: Published
) -> tuple[dict[str, dict[str, int]], list[CampaignLine]]:
    """What each campaign's contributors are paid after this settlement, and the lines of those where that changes.

    Where more campaigns change than one settlement lists, those that have waited longest come first.
    """
    changed: list[tuple[int, CampaignLine, dict[str, int]]] = []
    for campaign, onchain_id in pool.campaigns.items():
        paid, final = _campaign_at(book, campaign, size, before)
        total = sum(paid.values())
        if total != before.total(campaign) or final != (campaign in before.finals):
            changed.append((before.listed.get(campaign, 0), CampaignLine(campaign, onchain_id, total, final), paid))
    changed.sort(key=lambda each: each[0])  # stable: then in the order of their opening
    listed = changed[:MAX_CAMPAIGNS]
    return before.paid | {line.campaign: paid for _, line, paid in listed}, [line for _, line, _ in listed]


def _campaign_at(book: Book, campaign: str, size: int, before: Published) -> tuple[dict[str, int], bool]:
    """What the campaign's contributors are paid in a log of ``size``, and whether that is its last word.

    It is once nothing more can be earned and the budget leaves nothing unpaid. Without a record of its funds the
    campaign may not be open in the pool at all, and once closed there its pay is fixed: the contract would refuse it.
    """
    paid = before.paid.get(campaign, {})
    state = book.campaigns[campaign]
    record = state.funds_at(size)
    if record is None or record.closed or campaign in before.finals:
        return paid, campaign in before.finals
    budget = amount(book.facts.campaigns[campaign].opened.budget)
    funds = amount(record.funded) - amount(record.returned) if record.goal_reached else 0
    queue = state.awards[: bisect_left(state.awards, size, key=lambda award: award.entry)]
    paid = pay(queue, min(budget, funds), paid)
    if state.final_entry is None or state.final_entry >= size:
        return paid, False
    return paid, sum(paid.values()) >= min(budget, sum(award.units for award in queue))


def _assign(
    book: Book, paid: dict[str, dict[str, int]], size: int, before: Published
) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """Give what is newly paid, or was waiting, to the wallets in force in a log of ``size``."""
    accounts = dict(before.accounts)
    assigned = dict(before.assigned)
    for campaign, contributors in paid.items():
        for contributor, units in contributors.items():
            owed = units - assigned.get((campaign, contributor), 0)
            wallet = book.wallet_at(contributor, size) if owed else None
            if wallet is not None:
                accounts[wallet] = accounts.get(wallet, 0) + owed
                assigned[campaign, contributor] = units
    return accounts, assigned
