"""The book: a total, pure fold over the log's statements.

Its one clock is the ``at`` of the last entry it folded. Before an entry takes effect, the deadlines that its ``at`` has
passed fire in order of (deadline, index of the entry that set them). A statement that breaks a rule is kept as a
finding and has no effect. Whatever a settlement needs carries the index of the entry that brought it about, so that
the book can say what held at any earlier size too.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

from ledger.book import policies, rules
from ledger.book.awards import Award
from ledger.book.facts import Campaign, Contribution, Facts
from ledger.book.rewards import PoolBook, PoolKey, Settlement
from ledger.errors import FormatError, RuleError
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignClosed, CampaignFunded, CampaignOpened
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement without effect: its entry, the rule it breaks, and why."""

    index: int
    rule: str
    detail: str


@dataclass(frozen=True, slots=True, order=True)
class _Deadline:
    """Something that happens when the clock is beyond ``at_ms``. ``subject`` is an id; stale ones do nothing."""

    at_ms: int
    index: int
    kind: Literal["decision", "final", "last_submission", "wallet"]
    subject: str


@dataclass(slots=True)
class CampaignBook:
    """What became of a campaign. Histories are in order of the entries that made them."""

    awards: list[Award] = field(default_factory=list)
    awarded: int = 0
    """Sum of the awards in base units (points, where there is no pool)."""
    undecided: int = 0
    """Contributions (latest versions) whose decision is not final."""
    funds: list[tuple[int, CampaignFunded]] = field(default_factory=list)
    final_entry: int | None = None
    """The entry from which on nothing more can be submitted, decided or earned."""
    ended: bool = False

    def funds_at(self, size: int) -> CampaignFunded | None:
        """The record of the campaign's funds that holds in a log of ``size``."""
        known = bisect_left(self.funds, size, key=lambda item: item[0])
        return self.funds[known - 1][1] if known else None


@dataclass(slots=True)
class Book:
    """The state after ``size`` entries. Two books of the same prefix are equal."""

    size: int = 0
    clock_ms: int = 0
    facts: Facts = field(default_factory=Facts)
    findings: list[Finding] = field(default_factory=list)
    campaigns: dict[str, CampaignBook] = field(default_factory=dict)
    wallets: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By contributor: (entry from which on it is in force, address)."""
    pools: dict[PoolKey, PoolBook] = field(default_factory=dict)
    # Follows from the rest; left out of comparisons because stale ones are dropped whenever somebody looks.
    _deadlines: list[_Deadline] = field(default_factory=list, compare=False, repr=False)

    def fold_bytes(self, data: bytes, index: int) -> None:
        """Fold an entry's bytes; what is no statement is a finding without effect."""
        try:
            statement = kinds.parse(data)
        except FormatError as error:
            self._require_next(index)
            self.findings.append(Finding(index, "statement", error.detail))
            self.size += 1
            return
        self.fold(statement, index)

    def fold(self, statement: AnyStatement, index: int) -> None:
        """Fold entry ``index``, which must be the next one (ValueError otherwise)."""
        self._require_next(index)
        at_ms = time_ms(statement.at)
        if at_ms < self.clock_ms:
            self.findings.append(Finding(index, "time-order", f"{statement.at} is before the entry that precedes it."))
            self.size += 1
            return
        self._fire(at_ms, index)
        self.clock_ms = at_ms
        try:
            rules.check(statement, index, self.facts)
            self._apply(statement, index, at_ms)
        except RuleError as error:
            self.findings.append(Finding(index, error.rule, error.detail))
        self.size += 1

    def next_deadline_ms(self) -> int | None:
        """The earliest deadline still to fire (milliseconds since 1970); an entry later than that fires it."""
        while self._deadlines and self._is_stale(self._deadlines[0]):
            heapq.heappop(self._deadlines)
        return self._deadlines[0].at_ms if self._deadlines else None

    def wallet_at(self, contributor: str, size: int) -> str | None:
        """The wallet in force for a contributor in a log of ``size``."""
        history = self.wallets.get(contributor, [])
        known = bisect_left(history, size, key=lambda item: item[0])
        return history[known - 1][1] if known else None

    def pending(self, chain_id: int, pool: str) -> Settlement | None:
        """The settlement that is recorded for the next number and has not ended, if there is one."""
        book = self.pools.get((chain_id, pool))
        return book.pending() if book else None

    def active(self, chain_id: int, pool: str) -> Settlement | None:
        """The last activated settlement of a pool."""
        book = self.pools.get((chain_id, pool))
        return book.active if book else None

    def earned(self, contributor: str) -> dict[str, int]:
        """What a contributor's final awards sum up to, by campaign, in base units."""
        sums: dict[str, int] = {}
        for campaign, book in self.campaigns.items():
            units = sum(award.units for award in book.awards if award.contributor == contributor)
            if units:
                sums[campaign] = units
        return sums

    def _require_next(self, index: int) -> None:
        if index != self.size:
            raise ValueError(f"Entry {index} cannot be folded next: the book has {self.size}.")

    def _set(self, deadline: _Deadline) -> None:
        heapq.heappush(self._deadlines, deadline)

    def _apply(self, statement: AnyStatement, index: int, at_ms: int) -> None:
        match statement:
            case RewardsSettled() | SettlementActivated() | SettlementVetoed():
                self._settlement(statement, index)
                return
        self.facts.apply(statement, index)
        match statement:
            case ContributionSubmitted():
                self._submitted(statement, index, at_ms)
            case DecisionMade():
                campaign = self.facts.campaigns[self.facts.contributions[statement.contribution].campaign]
                self._set(_Deadline(at_ms + campaign.appeal_ms, index, "final", statement.contribution))
            case WalletLinked():
                self._set(_Deadline(at_ms + self.facts.wallet_delay_ms, index, "wallet", statement.contributor))
            case CampaignOpened():
                self._opened(statement, index)
            case CampaignFunded():
                self.campaigns[statement.campaign].funds.append((index, statement))
            case CampaignClosed():
                self._end(statement.campaign, index)

    def _opened(self, statement: CampaignOpened, index: int) -> None:
        self.campaigns[statement.id] = CampaignBook()
        campaign = self.facts.campaigns[statement.id]
        self._set(_Deadline(campaign.last_submission_ms, index, "last_submission", statement.id))
        if statement.onchain is not None:
            key = (statement.onchain.chain_id, statement.onchain.pool)
            self.pools.setdefault(key, PoolBook(*key)).campaigns[statement.id] = statement.onchain.id

    def _submitted(self, statement: ContributionSubmitted, index: int, at_ms: int) -> None:
        campaign = self.facts.campaigns[statement.campaign]
        if statement.replaces is None:
            self.campaigns[statement.campaign].undecided += 1
        self._set(_Deadline(at_ms + campaign.decision_ms, index, "decision", statement.id))

    def _settlement(self, statement: RewardsSettled | SettlementActivated | SettlementVetoed, index: int) -> None:
        pool = self.pools.get((statement.chain_id, statement.pool))
        if pool is None:
            raise RuleError("No campaign of this log is paid by that pool.", rule="pool-known")
        pool.record(self, statement, index)

    def _fire(self, at_ms: int, index: int) -> None:
        """Let every deadline before ``at_ms`` happen, as an effect of entry ``index``."""
        while self._deadlines and self._deadlines[0].at_ms < at_ms:
            deadline = heapq.heappop(self._deadlines)
            if self._is_stale(deadline):
                continue
            match deadline.kind:
                case "final" | "decision":
                    self._finalise(self.facts.contributions[deadline.subject], index)
                case "wallet":
                    link = self.facts.links[deadline.subject]
                    self.wallets.setdefault(deadline.subject, []).append((index, link.address))
                case "last_submission":
                    self._end(deadline.subject, index)

    def _is_stale(self, deadline: _Deadline) -> bool:
        match deadline.kind:
            case "final":
                decision = self.facts.contributions[deadline.subject].decision
                replaced = self.facts.contributions[deadline.subject].replaced_by is not None
                return replaced or decision is None or decision.index != deadline.index
            case "decision":
                contribution = self.facts.contributions[deadline.subject]
                return contribution.decision is not None or contribution.replaced_by is not None
            case "wallet":
                return self.facts.links[deadline.subject].index != deadline.index
            case _:
                return False

    def _finalise(self, contribution: Contribution, index: int) -> None:
        """The decision on a contribution (or the default that stands for it) can no longer change."""
        campaign = self.facts.campaigns[contribution.campaign]
        book = self.campaigns[contribution.campaign]
        units = _award_units(contribution, campaign)
        if units:
            book.awards.append(Award(index, contribution.id, contribution.contributor, units))
            book.awarded += units
        book.undecided -= 1
        if book.ended and book.undecided == 0:
            book.final_entry = index

    def _end(self, campaign: str, index: int) -> None:
        """From entry ``index`` on nothing can be submitted to the campaign."""
        book = self.campaigns[campaign]
        book.ended = True
        if book.undecided == 0 and book.final_entry is None:
            book.final_entry = index


def _award_units(contribution: Contribution, campaign: Campaign) -> int:
    decision = contribution.decision
    if decision is None:
        accepted = campaign.opened.decision_default == "accepted"
        return policies.award(campaign.opened.policy, policies.SCORE_OF_DEFAULT) if accepted else 0
    return policies.award(campaign.opened.policy, decision.score) if decision.verdict == "accepted" else 0
