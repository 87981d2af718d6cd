"""Why somebody is paid what they are paid, and why not more: every award of a campaign with the entries it rests on.

Pure reading of the book. The lines of a campaign sum up to what a settlement of that size says of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from ledger.book import policies
from ledger.book.awards import Award, Paid, Source, pay
from ledger.book.campaign_book import CampaignBook
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, appeal_is_open, outcome
from ledger.book.fold import Book
from ledger.statements.campaigns import PieceRate, Policy, Pool, Prizes, ScoreRate
from ledger.statements.values import SCORE_ONE, amount, format_score, score_millionths

Withheld = Literal["appeal-pending", "not-final", "not-over", "rejected", "reopened", "budget", "funds"]
"""Rules that keep pay back: an open appeal, a window that is open, a campaign that pays once it is over, a rejection,
a decision superseded after it was final, the declared budget, the money in the pool."""
Rule = Source | Literal["published"] | Withheld
"""``published``: paid before its decision was superseded; what is published never falls."""


@dataclass(frozen=True, slots=True)
class Line:
    """One award, or something that earns nothing and why. Amounts are base units, entries indexes of the log."""

    rule: Rule
    campaign: str
    contributor: str
    """Empty for what concerns the whole campaign."""
    contribution: str
    units: int
    """What the log awards by this rule."""
    withheld: int
    """What it would award besides, were it not for this rule."""
    words: str
    entry: int | None = None
    """The contribution."""
    decision: int | None = None
    """The decision that stands; None where nobody decided."""
    final: int | None = None
    """The entry that made it final."""


def explain(book: Book, campaign: str, contributor: str | None = None, size: int | None = None) -> list[Line]:
    """The lines of a campaign, or of one contributor in it: awards as they are queued, then what earns nothing.

    With ``size`` awards are those of a log of that size; what is open or rejected is said as the book knows it now.
    Raises KeyError for a campaign that the book does not know.
    """
    reading = _Reading(book, book.campaigns[campaign], book.size if size is None else size)
    lines = [*reading.awards(), *reading.rest()]
    return [line for line in lines if contributor is None or line.contributor == contributor]


def total_at(book: Book, campaign: str, size: int) -> int:
    """What the log of ``size`` entries gives all contributors of a campaign, in base units."""
    return _Reading(book, book.campaigns[campaign], size).paid.total


def people_of(book: Book, account: str) -> list[str]:
    """The contributors whose pay went, or goes, to a wallet."""
    return [who for who, history in book.wallets.items() if any(address == account for _, address in history)]


class _Reading:
    """A campaign at a size of the log."""

    def __init__(self, book: Book, state: CampaignBook, size: int) -> None:
        self._book, self._state, self._size = book, state, size
        self._campaign = state.campaign
        self._id = self._campaign.opened.id
        self._queue = [award for award in state.awards if award.entry < size]
        before, limit, self._limit_words, self._limit_rule = self._limits()
        self.paid, _, _ = pay(before, state.awards, state.voids, size, limit)
        self._void = {void.position for void in state.voids if void.entry < size}
        self._ranked = _ranks(state)

    def _limits(self) -> tuple[Paid, int, str, Literal["budget", "funds"]]:
        """How far it is paid already, the limit, and that limit in words."""
        place = self._campaign.opened.onchain
        if place is None:
            return Paid(), sum(award.units for award in self._queue), "", "budget"
        pool = self._book.pools[place.chain_id, place.pool]
        newer = pool.active is not None and pool.active.size > self._size
        before = Paid() if newer else pool.paid.get(self._id, Paid())
        record = self._state.funds_at(self._size)
        if record is None or record.closed or before.final:
            words = "the log records no funds for it" if record is None else "its pay is fixed for good"
            return before, before.total, words, "funds"
        budget = self._campaign.budget_at(self._size)
        funds = amount(record.funded) - amount(record.returned) if record.goal_reached else 0
        if budget <= funds:
            return before, budget, f"the budget of {budget} is used up", "budget"
        words = f"the pool holds {funds} for it" if record.goal_reached else "its funding goal is not reached"
        return before, funds, words, "funds"

    # ---- what is awarded ----

    def awards(self) -> Iterator[Line]:
        paid = self.paid
        for position, award in enumerate(self._queue):
            if position in self._void:
                words = f"{self._words(award)}; void, because the decision was superseded after it was final"
                yield self._line("reopened", award, 0, award.units, words)
                continue
            settled = award.units if position < paid.position else paid.part if position == paid.position else 0
            if settled:
                part = "" if settled == award.units else f", of which {settled} are paid"
                yield self._line(award.source, award, settled, 0, self._words(award) + part)
            if settled < award.units:
                left = award.units - settled
                words = f"{self._words(award)}; {left} are not due, because {self._limit_words}"
                yield self._line(self._limit_rule, award, 0, left, words)
        for who, units in paid.debts.items():
            words = f"{units} were paid before a decision was superseded; they count against later awards"
            yield Line("published", self._id, who, "", units, 0, words)

    def _line(self, rule: Rule, award: Award, units: int, withheld: int, words: str) -> Line:
        found = self._book.facts.contributions[award.contribution]
        decision = found.decision.index if found.decision else None
        return Line(
            rule, self._id, award.contributor, award.contribution, units, withheld, words, found.index, decision,
            award.entry,
        )  # fmt: skip

    def _words(self, award: Award) -> str:
        found = self._book.facts.contributions[award.contribution]
        result = outcome(found, self._campaign)
        how = self._how(award.source, award, found, result.score)
        return f"{_story(found, self._campaign)}, final at entry {award.entry}, {how} = {award.units}"

    def _how(self, source: Source, award: Award, found: Contribution, score: int) -> str:
        policy = _policy_of(found, self._campaign, score)
        match source:
            case "score_rate" if isinstance(policy, ScoreRate):
                return f"score_rate {format_score(score)} * {policy.max_amount}"
            case "prizes":
                return f"prizes, {self._ranked.get(award.contribution, 'by rank')}"
            case "pool" if isinstance(policy := self._campaign.versions[-1].policy, Pool):
                whole = sum(entry.score for entry in self._state.accepted.values())
                return f"pool {policy.total} by score, {score} of {whole} millionths"
            case _:
                return source

    # ---- what earns nothing ----

    def rest(self) -> Iterator[Line]:
        """Contributions without an award, and what is paid once for all and not due yet."""
        earning = {
            award.contribution
            for position, award in enumerate(self._queue)
            if award.source != "reviewer_rate" and position not in self._void
        }
        later = {award.contribution for award in self._state.awards[len(self._queue) :]}
        waiting: list[Contribution] = []
        for found in self._book.facts.contributions.values():
            if found.campaign != self._id or found.index >= self._size or found.replaced_by is not None:
                continue
            if found.waits_since >= 0 or found.id in later:
                waiting.append(found)
                yield from self._open(found)
            elif found.id not in earning:
                yield self._refused(found)
        yield from self._not_over(waiting)

    def _open(self, found: Contribution) -> Iterator[Line]:
        rule: Withheld = "appeal-pending" if appeal_is_open(found) else "not-final"
        why = "an appeal against it is open" if appeal_is_open(found) else "its outcome can still change"
        words = f"{_story(found, self._campaign)}; {why}"
        decision = found.decision
        bonus = decision.bonus if decision is not None and decision.verdict == "accepted" else 0
        yield self._nothing(rule, found, _would_be(found, self._campaign), words)
        if bonus:
            yield self._nothing(rule, found, bonus, f"{words}; its bonus of {bonus} waits")
        for reviewer, units in found.reviewers[found.paid_reviewers :]:
            yield self._nothing(rule, found, units, f"{words}; so who judged it is not paid yet", reviewer)

    def _refused(self, found: Contribution) -> Line:
        words = _story(found, self._campaign)
        if outcome(found, self._campaign).accepted:  # it takes part in prizes or a pool, and won nothing or not yet
            rule = _source(self._campaign.versions[-1].policy)
            if isinstance(self._campaign.versions[-1].policy, policies.ONCE_FOR_ALL) and not self._is_over:
                return self._nothing("not-over", found, 0, f"{words}; the campaign is not over yet")
            return self._nothing(rule, found, 0, f"{words}; {self._ranked.get(found.id, 'that comes to nothing')}")
        return self._nothing("rejected", found, _would_be(found, self._campaign), words)

    def _nothing(self, rule: Rule, found: Contribution, withheld: int, words: str, who: str | None = None) -> Line:
        decision = found.decision.index if found.decision else None
        whose = found.contributor if who is None else who
        return Line(rule, self._id, whose, found.id, 0, withheld, words, found.index, decision)

    @property
    def _is_over(self) -> bool:
        return self._state.final_entry is not None and self._state.final_entry < self._size

    def _not_over(self, waiting: Sequence[Contribution]) -> Iterator[Line]:
        """Prizes and pools are paid once the campaign is over: what that would come to as it stands."""
        policy = self._campaign.versions[-1].policy
        if self._is_over or not isinstance(policy, policies.ONCE_FOR_ALL):
            return
        yield from self._after_that({found.id for found in waiting})
        entries = list(self._state.accepted.values())
        for found in waiting:
            decision = found.decision
            if decision is not None and decision.verdict == "accepted" and found.id not in self._state.accepted:
                entries.append(policies.Entry(found.index, found.id, found.contributor, decision.score))
        units = sum(share for _, share in policies.share_out(policy, entries))
        rule: Withheld = "appeal-pending" if any(map(appeal_is_open, waiting)) else "not-over"
        why = f"{len(waiting)} contributions of it are not final" if waiting else "it still takes contributions"
        yield Line(rule, self._id, "", "", 0, units, f"what is paid once for all waits: {why}")

    def _after_that(self, waiting: Set[str]) -> Iterator[Line]:
        """Bonuses, and who judged: paid after what is paid once for all. Those of the ``waiting`` are told already."""
        state, known = self._state, self._book.facts.contributions
        bonuses = [
            (known[name].contributor, known[name], units)
            for name, units in state.bonuses.items()
            if name not in waiting
        ]
        judged = [(reviewer, known[name], units) for name, reviewer, units in state.deferred]
        for who, found, units in bonuses + judged:
            words = f"{_story(found, self._campaign)}; the campaign is not over yet"
            yield self._nothing("not-over", found, units, words, who)


def _story(found: Contribution, campaign: Campaign) -> str:
    """What happened to a contribution, with its entries."""
    begin = f"contribution {found.id} of entry {found.index}"
    decision, opened = found.decision, campaign.opened
    if found.withdrawn:
        return f"{begin} was withdrawn"
    if campaign.sealed_ms is not None and not found.revealed:
        return f"{begin} was not opened by its author"
    if decision is None:
        return f"{begin} is undecided (the default is '{opened.decision_default}')"
    said = f"{begin}, {decision.verdict} with {format_score(decision.score)} in decision entry {decision.index}"
    if found.appeal is None:
        return said
    state = "resolved" if found.appeal.resolved else f"open (the default is '{opened.appeal_default}')"
    return f"{said}, appealed in entry {found.appeal.index} ({state})"


def _policy_of(found: Contribution, campaign: Campaign, score: int) -> Policy:
    """The better of the policies under which the first version and this one were submitted."""
    own, first = campaign.versions[found.version].policy, campaign.versions[found.first_version].policy
    return first if policies.award(first, score) > policies.award(own, score) else own


def _source(policy: Policy) -> Source:
    match policy:
        case PieceRate():
            return "piece_rate"
        case ScoreRate():
            return "score_rate"
        case Prizes():
            return "prizes"
        case Pool():
            return "pool"


def _would_be(found: Contribution, campaign: Campaign) -> int:
    """What the rate would give if the contribution were accepted with the score that it has, or with 1."""
    score = SCORE_ONE if found.decision is None else found.decision.score
    return policies.award(_policy_of(found, campaign, score), score)


def _ranks(state: CampaignBook) -> dict[str, str]:
    """By contribution: the places that it takes among the accepted ones, in words, where prizes are paid."""
    policy = state.campaign.versions[-1].policy
    if not isinstance(policy, Prizes):
        return {}
    least = score_millionths(policy.min_score)
    scores = sorted((entry.score for entry in state.accepted.values() if entry.score >= least), reverse=True)
    tied = Counter(scores)
    first = {score: place for place, score in reversed(list(enumerate(scores, 1)))}
    words: dict[str, str] = {}
    for entry in state.accepted.values():
        place, many = first.get(entry.score), tied[entry.score]
        if place is None:
            words[entry.contribution] = f"below the least score {policy.min_score}"
        elif many == 1:
            words[entry.contribution] = f"place {place} of {len(policy.amounts)}"
        else:
            equal = f"shared by {many} with the equal score {format_score(entry.score)}"
            words[entry.contribution] = f"places {place} to {place + many - 1} {equal}"
    return words
