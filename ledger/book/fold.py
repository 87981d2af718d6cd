"""The book: a total, pure fold over the log's statements.

Its one clock is the ``at`` of the last entry it folded. Before an entry takes effect, the deadlines that its ``at`` has
passed fire in order of (deadline, index of the entry that set them). A statement that breaks a rule is kept as a
finding and has no effect. Whatever a settlement needs carries the index of the entry that brought it about, so that
the book can say what held at any earlier size too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger.book import rules
from ledger.book.campaign_book import CampaignBook
from ledger.book.contributions import Contribution, due_ms
from ledger.book.deadlines import Deadline, Deadlines, Line
from ledger.book.facts import Facts
from ledger.book.rewards import PoolBook, PoolKey, Settlement
from ledger.book.rules.contributions import check_submission
from ledger.book.rules.decisions import check_decision
from ledger.book.runs import PlainRun, SubmittedRun, decide_run, plain_run, submit_run
from ledger.errors import FormatError, RuleError
from ledger.statements import kinds
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.campaigns import CampaignAmended, CampaignClosed, CampaignFunded, CampaignOpened
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked, WalletObjected

_SettlementStatement = RewardsSettled | SettlementActivated | SettlementVetoed


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement without effect: its entry, the rule it breaks, and why."""

    index: int
    rule: str
    detail: str


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
    wallet_changes: list[tuple[int, str]] = field(default_factory=list)
    """The same in the order of the log: (entry, contributor)."""
    pools: dict[PoolKey, PoolBook] = field(default_factory=dict)
    on_final: Callable[[Contribution, int], None] | None = field(default=None, compare=False, repr=False)
    """Told of each contribution whose outcome an entry made final, as it stands then."""
    _at: str = field(default="", compare=False, repr=False)
    """The clock as the last entry wrote it."""
    # Follows from the rest; left out of comparisons because stale ones are dropped whenever somebody looks.
    _deadlines: Deadlines = field(default_factory=Deadlines, compare=False, repr=False)

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
        if index != self.size:
            self._require_next(index)
        if statement.at != self._at and not self._move_to(statement.at, index):
            self.size += 1
            return
        try:
            # Nearly all are of these two kinds; as entry 0 they break a rule already because nothing is known yet.
            if type(statement) is ContributionSubmitted:
                self._submitted(statement, index)
            elif type(statement) is DecisionMade:
                self._decided(statement, index)
            else:
                self._apply(statement, index)
        except RuleError as error:
            self.findings.append(Finding(index, error.rule, error.detail))
        self.size += 1

    def fold_run(self, run: Sequence[AnyStatement], begin: int) -> None:
        """Fold entries of one kind and one time: what ``fold`` does with each of them, quicker where all are plain."""
        self.fold(run[0], begin)
        rest = run[1:]
        plain = plain_run(rest) if rest else None
        if plain is not None and self.take_run(plain, begin + 1):
            return
        for index, statement in enumerate(rest, begin + 1):
            self.fold(statement, index)

    def take_run(self, run: PlainRun, begin: int) -> bool:
        """Take a run whole, as the next entries, at the clock's time; False, and nothing done, if they go one by one.

        The entry before it must be of its time: that one fires what has passed. ValueError if it is not the next one.
        """
        self._require_next(begin)
        if run.at != self._at:
            return False
        if isinstance(run, SubmittedRun):
            taken = submit_run(run, self.clock_ms, begin, self.facts)
            if taken is None:
                return False
            campaign, made = taken
            book = self.campaigns[campaign.opened.id]
            book.undecided += len(made)
            self._deadlines.set_run(book.submitted_line, due_ms(made[0], campaign), made)
        else:
            decided = decide_run(run, self.clock_ms, begin, self.facts)
            if decided is None:
                return False
            book = self.campaigns[decided[0].campaign]
            self._deadlines.set_run(book.decided_line, due_ms(decided[0], book.campaign), decided)
        self.size += len(run)
        return True

    def _move_to(self, at: str, index: int) -> bool:
        """Let the clock move on to entry ``index`` and fire what has passed; False, with a finding, if it went back."""
        at_ms = time_ms(at)
        if at_ms < self.clock_ms:
            self.findings.append(Finding(index, "time-order", f"{at} is before the entry that precedes it."))
            return False
        self._fire(at_ms, index)
        self.clock_ms, self._at = at_ms, at
        return True

    def next_deadline_ms(self) -> int | None:
        """The earliest deadline still to fire (milliseconds since 1970); an entry later than that fires it."""
        while (first := self._deadlines.first()) is not None and self._is_stale(*first):
            self._deadlines.take()
        return None if first is None else first[1].at_ms

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
        """What a contributor's awards that are not void sum up to, by campaign, in base units."""
        sums: dict[str, int] = {}
        for campaign, book in self.campaigns.items():
            void = {each.position for each in book.voids}
            units = sum(
                award.units
                for position, award in enumerate(book.awards)
                if award.contributor == contributor and position not in void
            )
            if units:
                sums[campaign] = units
        return sums

    def _require_next(self, index: int) -> None:
        if index != self.size:
            raise ValueError(f"Entry {index} cannot be folded next: the book has {self.size}.")

    def _apply(self, statement: AnyStatement, index: int) -> None:
        """Take a statement that is neither a contribution nor a decision, unless it breaks a rule."""
        rules.check_at(statement, self.clock_ms, index, self.facts)
        if isinstance(statement, _SettlementStatement):
            self._settlement(statement, index)
        else:
            self.facts.apply(statement, index)
            self._apply_rarer(statement, index)

    def _submitted(self, statement: ContributionSubmitted, index: int) -> None:
        facts, at_ms = self.facts, self.clock_ms
        campaign = check_submission(statement, at_ms, facts)
        contribution = facts.submit(statement, campaign, at_ms, index)
        contribution.waits_since = index
        book = self.campaigns[contribution.campaign]
        if statement.replaces is not None:
            old = self.facts.contributions[statement.replaces]
            book.replace(old, index)
            if old.reviewers:
                self._touch(contribution.campaign, index)
        book.undecided += 1
        self._deadlines.set(book.submitted_line, due_ms(contribution, campaign), index, contribution)

    def _decided(self, statement: DecisionMade, index: int) -> None:
        facts, at_ms = self.facts, self.clock_ms
        contribution = check_decision(statement, at_ms, facts)
        facts.decide(statement, contribution, at_ms, index)
        book = self.campaigns[contribution.campaign]
        if contribution.waits_since < 0:
            book.reopen(contribution, index)
            self._touch(contribution.campaign, index)
        if contribution.history.appeal is None:  # one that answers an appeal leaves the appeal's deadline
            asked = statement.verdict == "needs_work"
            line = self._deadlines.line("needs_work", contribution.campaign) if asked else book.decided_line
            contribution.waits_since = index
            self._deadlines.set(line, due_ms(contribution, book.campaign), index, contribution)

    def _wait(self, kind: str, contribution: Contribution, index: int) -> None:
        """Set the contribution's next deadline, by entry ``index``; those of before are stale now."""
        contribution.waits_since = index
        line = self._deadlines.line(kind, contribution.campaign)
        due = due_ms(contribution, self.facts.campaigns[contribution.campaign])
        self._deadlines.set(line, due, index, contribution)

    def _apply_rarer(self, statement: AnyStatement, index: int) -> None:
        match statement:
            case AppealFiled() | ContributionRevealed():
                kind = "appeal" if isinstance(statement, AppealFiled) else "revealed"
                self._wait(kind, self.facts.contributions[statement.contribution], index)
            case AppealResolved():
                self._finalise(self.facts.contributions[self.facts.appeals[statement.appeal]], index)
            case ContributionWithdrawn():
                self._finalise(self.facts.contributions[statement.contribution], index)
            case WalletLinked():
                self._wait_for_link(statement.contributor, "", index)
            case WalletObjected():
                self._wait_for_link(statement.contributor, statement.contributor, index)
            case CampaignOpened():
                self._opened(statement, index)
            case CampaignFunded():
                self.campaigns[statement.campaign].funds.append((index, statement))
                self._touch(statement.campaign, index)
            case CampaignAmended():
                self._touch(statement.campaign, index)
            case CampaignClosed():
                self._end(statement.campaign, index)

    def _wait_for_link(self, contributor: str, place: str, index: int) -> None:
        """Set when the contributor's new wallet is in force; objections delay some, so that each has its own line."""
        due = self.facts.links[contributor].in_force_after_ms
        self._deadlines.set(self._deadlines.line("wallet", place), due, index, contributor)

    def _opened(self, statement: CampaignOpened, index: int) -> None:
        campaign = self.facts.campaigns[statement.id]
        self.campaigns[statement.id] = CampaignBook(campaign)
        line = self._deadlines.line("last_submission", statement.id)
        self._deadlines.set(line, campaign.last_submission_ms, index, statement.id)
        if statement.onchain is not None:
            key = (statement.onchain.chain_id, statement.onchain.pool)
            self.pools.setdefault(key, PoolBook(*key)).campaigns[statement.id] = statement.onchain.id

    def _settlement(self, statement: _SettlementStatement, index: int) -> None:
        pool = self.pools.get((statement.chain_id, statement.pool))
        if pool is None:
            raise RuleError("No campaign of this log is paid by that pool.", rule="pool-known")
        pool.record(self, statement, index)

    def _fire(self, at_ms: int, index: int) -> None:
        """Let every deadline before ``at_ms`` happen, as an effect of entry ``index``."""
        for line, deadline in self._deadlines.passed(at_ms):
            subject = deadline.subject
            if isinstance(subject, Contribution):
                self._finalise(subject, index)
            elif line.kind == "last_submission":
                self._end(line.place, index)
            else:
                link = self.facts.links[subject]
                if link.set_by == deadline.entry:
                    self.wallets.setdefault(subject, []).append((index, link.address))
                    self.wallet_changes.append((index, subject))

    def _is_stale(self, line: Line, deadline: Deadline) -> bool:
        if isinstance(deadline.subject, Contribution):
            return deadline.subject.waits_since != deadline.entry
        return line.kind == "wallet" and self.facts.links[deadline.subject].set_by != deadline.entry

    def _finalise(self, contribution: Contribution, index: int) -> None:
        """The outcome of a contribution can no longer change, or only by being reopened."""
        book = self.campaigns[contribution.campaign]
        book.finalise(contribution, index)
        if book.touched_by != index:
            self._touch(contribution.campaign, index)
        if self.on_final is not None:
            self.on_final(contribution, index)

    def _end(self, campaign: str, index: int) -> None:
        """From entry ``index`` on nothing new can be submitted to the campaign."""
        book = self.campaigns[campaign]
        book.ended = True
        book.conclude(index)
        self._touch(campaign, index)

    def _touch(self, campaign: str, index: int) -> None:
        """Entry ``index`` changed something that a settlement of the campaign's pool depends on."""
        book = self.campaigns[campaign]
        if book.touched_by == index:
            return
        book.touched_by = index
        place = book.campaign.opened.onchain
        if place is not None:
            self.pools[place.chain_id, place.pool].touch(campaign, index)
