"""Settlements: what each account has earned so far, computed from the book alone at a given log size.

The service proposes what ``compute`` gives; the fold recomputes it for every ``rewards.settled`` it meets, so that only
the right one counts. An award goes once and for ever to the wallet in force at the log size of the settlement that
first publishes it; the awards of people without a wallet are part of the campaigns' totals and wait.

A settlement says what it changes of the last activated one, so that computing it costs what is new since then, and the
tree of all accounts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from ledger.book.awards import Paid, pay
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
_UNPAID: Final = Paid()


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign's line in a settlement: all that its contributors have earned so far, in base units."""

    campaign: str
    onchain_id: str
    total: int
    final: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement of one pool. ``campaigns`` are in order of their on-chain ids; amounts are base units."""

    chain_id: int
    pool: str
    number: int
    parent: int
    size: int
    root: str
    total: int
    """Sum of the tree's cumulative amounts."""
    campaigns: tuple[CampaignLine, ...]
    accounts: Mapping[str, int]
    """By address: the new cumulative amounts of those that change."""
    waiting: Mapping[str, int]
    """By contributor: what waits for a wallet now, of those where that changes."""
    paid: Mapping[str, Paid]
    """By campaign: how far its queue is paid now, of those that were looked at."""
    postponed: frozenset[str]
    """Campaigns that change and found no place among the lines."""

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
    """A pool's campaigns (with their on-chain ids), its recorded settlements and how their numbers ended.

    ``accounts``, ``waiting``, ``paid`` and ``postponed`` are as of the last activated settlement.
    """

    chain_id: int
    pool: str
    campaigns: dict[str, str] = field(default_factory=dict)
    recorded: dict[str, Settlement] = field(default_factory=dict)
    """By proposal hash; only those that equal the book's own computation."""
    ended: list[Ended] = field(default_factory=list)
    halted: bool = False
    """A settlement was activated that the book does not know: nothing can be settled on top of it."""
    active: Settlement | None = None
    """The last activated settlement."""
    accounts: dict[str, int] = field(default_factory=dict)
    """By address: every wallet that was ever published, with its cumulative base units."""
    waiting: dict[str, int] = field(default_factory=dict)
    """By contributor: base units that are reserved until a wallet is linked."""
    paid: dict[str, Paid] = field(default_factory=dict)
    postponed: frozenset[str] = frozenset()
    touched: dict[str, int] = field(default_factory=dict)
    """By campaign, the last one at the end: the last entry that changed what a settlement depends on."""
    _computed: tuple[int, int, Settlement | None] | None = field(default=None, compare=False, repr=False)
    """Number, size and result of the last computation, which recording it asks for again."""

    @property
    def next_number(self) -> int:
        """The contract's next number, as far as the log knows."""
        return len(self.ended) + 1

    def next_number_at(self, size: int) -> int:
        """The contract's next number, as far as a log of ``size`` entries knows."""
        return 1 + bisect_left(self.ended, size, key=lambda end: end.entry)

    def pending(self) -> Settlement | None:
        """The latest recorded settlement of the next number."""
        last = next(reversed(self.recorded.values()), None)
        return last if last is not None and last.number == self.next_number else None

    def touch(self, campaign: str, index: int) -> None:
        """Entry ``index`` changed something of the campaign."""
        self.touched.pop(campaign, None)
        self.touched[campaign] = index

    def tree(self, settlement: Settlement) -> RewardTree:
        """The reward tree of the active settlement, or of one on top of it. Raises ValueError for others."""
        if settlement is self.active or settlement.parent == (self.active.number if self.active else 0):
            return RewardTree((self.accounts | dict(settlement.accounts)).items())
        raise ValueError(f"Settlement {settlement.number} is neither active nor next.")

    def record(
        self, book: Book, statement: RewardsSettled | SettlementActivated | SettlementVetoed, index: int
    ) -> None:
        """Take a statement about a settlement; raises RuleError if it does not follow from the log."""
        if isinstance(statement, RewardsSettled):
            self._settle(book, statement)
            return
        if statement.number != self.next_number:
            raise RuleError(
                f"Settlement {statement.number} cannot end here; the next is {self.next_number}.",
                rule="settlement-order",
            )
        known = self.recorded.get(statement.proposal)
        if known is not None and known.number != statement.number:
            known = None
        activated = isinstance(statement, SettlementActivated)
        self.ended.append(Ended(index, statement.number, "activated" if activated else "vetoed", known))
        if known is None:
            self.halted = self.halted or activated
            raise RuleError(f"No settlement with proposal {statement.proposal} is recorded.", rule="settlement-known")
        if activated:
            self._activate(known)

    def _activate(self, settlement: Settlement) -> None:
        self.active = settlement
        self.accounts.update(settlement.accounts)
        for contributor, units in settlement.waiting.items():
            if units:
                self.waiting[contributor] = units
            else:
                self.waiting.pop(contributor, None)
        self.paid.update(settlement.paid)
        self.postponed = settlement.postponed

    def _settle(self, book: Book, statement: RewardsSettled) -> None:
        if statement.size > book.size:
            raise RuleError("It was computed on entries that follow it.", rule="settlement-size")
        if self.next_number_at(statement.size) != self.next_number:
            raise RuleError(
                "The log it was computed on does not say how the number before ended.", rule="settlement-order"
            )
        settlement = compute(book, self, statement.size)
        if settlement is None or settlement.statement(statement.at) != statement:
            raise RuleError(difference(statement, settlement), rule="settlement-computed")
        self.recorded[settlement.proposal] = settlement


def compute(book: Book, pool: PoolBook, size: int) -> Settlement | None:
    """The settlement that follows from the first ``size`` entries.

    None if it would change nothing, if those entries do not say how every number ended that ended since, or if the pool
    is halted. Raises RuleError where the book has not folded all of them yet.
    """
    if size > book.size:
        raise RuleError(f"The book has {book.size} entries, not the first {size}.", rule="settlement-size")
    if pool.halted or pool.next_number_at(size) != pool.next_number:
        return None
    if pool._computed is None or pool._computed[:2] != (pool.next_number, size):
        pool._computed = (pool.next_number, size, _compute(book, pool, size))
    return pool._computed[2]


def _compute(book: Book, pool: PoolBook, size: int) -> Settlement | None:
    number = pool.next_number
    lines, paid, gains, postponed = _lines(book, pool, size)
    accounts, waiting = _assign(book, pool, gains, size)
    if not lines and not accounts:
        return None
    tree = RewardTree((pool.accounts | accounts).items())
    return Settlement(
        chain_id=pool.chain_id,
        pool=pool.pool,
        number=number,
        parent=pool.active.number if pool.active else 0,
        size=size,
        root=tree.root,
        total=sum(units for _, units in tree.accounts),
        campaigns=tuple(sorted(lines, key=lambda line: line.onchain_id)),
        accounts=accounts,
        waiting=waiting,
        paid=paid | {line.campaign: replace(paid[line.campaign], listed=number) for line in lines},
        postponed=postponed,
    )


def _changed_since(pool: PoolBook) -> list[str]:
    """Campaigns that may have changed since the active settlement, in the order of their ids."""
    since = pool.active.size if pool.active else 0
    changed = set(pool.postponed)
    for campaign, entry in reversed(pool.touched.items()):
        if entry < since:
            break
        changed.add(campaign)
    return sorted(changed)


def _lines(
    book: Book, pool: PoolBook, size: int
) -> tuple[list[CampaignLine], dict[str, Paid], list[tuple[str, int]], frozenset[str]]:
    """Lines of the campaigns whose pay changes, how far each queue is paid, who gains what, and who must wait.

    Where more campaigns change than one settlement lists, those that have waited longest come first.
    """
    changed: list[tuple[int, str, Paid, dict[str, int]]] = []
    paid: dict[str, Paid] = {}
    for campaign in _changed_since(pool):
        before = pool.paid.get(campaign, _UNPAID)
        after, gains = _campaign_at(book, campaign, size, before)
        if after.total != before.total or after.final != before.final:
            changed.append((before.listed, campaign, after, gains))
        elif after != before:
            paid[campaign] = after
    changed.sort(key=lambda each: each[:2])
    listed = changed[:MAX_CAMPAIGNS]
    lines = [
        CampaignLine(campaign, pool.campaigns[campaign], after.total, after.final) for _, campaign, after, _ in listed
    ]
    paid |= {campaign: after for _, campaign, after, _ in listed}
    gained = [gain for *_, gains in listed for gain in gains.items()]
    return lines, paid, gained, frozenset(campaign for _, campaign, *_ in changed[MAX_CAMPAIGNS:])


def _campaign_at(book: Book, campaign: str, size: int, before: Paid) -> tuple[Paid, dict[str, int]]:
    """How far the campaign is paid in a log of ``size``, and who newly gets what.

    It is final once nothing more can be earned and the budget leaves nothing unpaid. Without a record of its funds the
    campaign may not be open in the pool at all, and once closed there its pay is fixed: the contract would refuse it.
    """
    state = book.campaigns[campaign]
    record = state.funds_at(size)
    if record is None or record.closed or before.final:
        return before, {}
    budget = state.campaign.budget_at(size)
    funds = amount(record.funded) - amount(record.returned) if record.goal_reached else 0
    after, gains, whole = pay(before, state.awards, state.voids, size, min(budget, funds))
    over = state.final_entry is not None and state.final_entry < size
    if over and (whole or after.total >= budget):
        after = replace(after, final=True)
    return after, gains


def _assign(
    book: Book, pool: PoolBook, gains: list[tuple[str, int]], size: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Give what is newly paid, or was waiting, to the wallets in force in a log of ``size``.

    Returns the accounts, and the contributors without a wallet, whose amounts change.
    """
    since = pool.active.size if pool.active else 0
    owed: dict[str, int] = {}
    for contributor, units in gains:
        owed[contributor] = owed.get(contributor, 0) + units
    first = bisect_left(book.wallet_changes, since, key=lambda change: change[0])
    for entry, contributor in book.wallet_changes[first:]:
        if entry < size and contributor in pool.waiting:
            owed.setdefault(contributor, 0)
    accounts: dict[str, int] = {}
    waiting: dict[str, int] = {}
    for contributor, units in owed.items():
        wallet = book.wallet_at(contributor, size)
        all_units = units + pool.waiting.get(contributor, 0)
        if wallet is None:
            waiting[contributor] = all_units
            continue
        accounts[wallet] = accounts.get(wallet, pool.accounts.get(wallet, 0)) + all_units
        if contributor in pool.waiting:
            waiting[contributor] = 0
    return accounts, waiting


def difference(statement: RewardsSettled, settlement: Settlement | None) -> str:
    """In words, the first thing in which a recorded settlement is not what follows from the log."""
    if settlement is None:
        return "Nothing follows from the log at that size that could be settled."
    expected = settlement.statement(statement.at)
    wanted = {line.campaign: line for line in expected.campaigns}
    for line in statement.campaigns:
        mine = wanted.pop(line.campaign, None)
        if mine is None:
            return f"It lists campaign {line.campaign}, whose pay does not change."
        if line.total != mine.total:
            return f"It gives the contributors of campaign {line.campaign} {line.total}; the log awards {mine.total}."
        if line.final != mine.final:
            return f"Campaign {line.campaign} is {'' if mine.final else 'not '}final by the log."
    if wanted:
        return f"It leaves out campaign {min(wanted)}, whose pay changes."
    if statement.total != expected.total:
        return f"Its accounts sum up to {statement.total}; those that follow from the log to {expected.total}."
    if statement.root != expected.root:
        return "Its totals are right and its tree is not: it gives some account another amount than the log awards."
    return "It is not what follows from the log at that size."
