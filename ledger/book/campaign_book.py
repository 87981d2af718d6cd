"""What became of a campaign's contributions: what is open, what was earned, and when the campaign was over."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from ledger.book import policies
from ledger.book.awards import Award, Source, Void
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, Outcome, outcome
from ledger.book.deadlines import Line
from ledger.statements.campaigns import CampaignFunded, PieceRate, Policy, Pool, Prizes, ScoreRate

_SOURCES: dict[type[Policy], Source] = {
    PieceRate: "piece_rate",
    ScoreRate: "score_rate",
    Prizes: "prizes",
    Pool: "pool",
}
_AWARDS_A_CONTRIBUTION = 2
"""By the policy and as a bonus: they stand side by side."""


@dataclass(slots=True)
class CampaignBook:
    """Histories are in order of the entries that made them. Amounts are base units (points where there is no pool)."""

    campaign: Campaign
    awards: list[Award] = field(default_factory=list)
    voids: list[Void] = field(default_factory=list)
    awarded: int = 0
    """Sum of the awards that are not void."""
    undecided: int = 0
    """Contributions (latest versions) whose outcome can still change."""
    accepted: dict[str, policies.Entry] = field(default_factory=dict)
    """Final, accepted contributions of a campaign that pays once for all."""
    bonuses: dict[str, int] = field(default_factory=dict)
    """Theirs, which wait like the pay of those who judge there, so that prizes and pool come first."""
    deferred: list[tuple[str, str, int]] = field(default_factory=list)
    """Contribution, who judged it, and their pay."""
    funds: list[tuple[int, CampaignFunded]] = field(default_factory=list)
    final_entry: int | None = None
    """The entry from which on nothing more can be submitted, decided or earned."""
    ended: bool = False
    """Nothing new can be submitted."""
    rates: dict[tuple[int, int, int], tuple[Source, int]] = field(default_factory=dict, compare=False, repr=False)
    """What the better policy of two versions pays for a score: computed once."""
    touched_by: int = -1
    """The last entry that changed what a settlement depends on."""

    submitted_line: Line = field(init=False, compare=False, repr=False)
    """Where deadlines of what was just submitted, or decided, stand."""
    decided_line: Line = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.submitted_line = Line("submitted", self.campaign.opened.id)
        self.decided_line = Line("decided", self.campaign.opened.id)

    @property
    def pays_once(self) -> bool:
        """Whether prizes or a pool are shared out once all is final."""
        return isinstance(self.campaign.opened.policy, policies.ONCE_FOR_ALL)

    def funds_at(self, size: int) -> CampaignFunded | None:
        """The record of the campaign's funds that holds in a log of ``size``."""
        known = bisect_left(self.funds, size, key=lambda item: item[0])
        return self.funds[known - 1][1] if known else None

    def finalise(self, contribution: Contribution, index: int) -> None:
        """Entry ``index`` made the outcome of a contribution final."""
        self.undecided -= 1
        contribution.waits_since = contribution.first_award = -1
        result = outcome(contribution, self.campaign)
        if result.accepted:
            self._earn(contribution, result, index)
        if contribution.reviewers:
            self._pay_reviewers(contribution, index)
        if self.ended:
            self.conclude(index)

    def replace(self, contribution: Contribution, index: int) -> None:
        """Entry ``index`` is a new version of a contribution: of this one nothing can change any more."""
        self.undecided -= 1
        contribution.waits_since = -1
        self._pay_reviewers(contribution, index)

    def reopen(self, contribution: Contribution, index: int) -> None:
        """Entry ``index`` superseded a final decision: what it earned is void until there is a new outcome."""
        self.undecided += 1
        self.accepted.pop(contribution.id, None)
        self.bonuses.pop(contribution.id, None)
        position = contribution.first_award
        if position < 0:
            return
        for place, award in enumerate(self.awards[position : position + _AWARDS_A_CONTRIBUTION], position):
            if award.contribution == contribution.id and award.source != "reviewer_rate":
                self.voids.append(Void(index, place))
                self.awarded -= award.units

    def conclude(self, index: int) -> None:
        """If nothing more can come and all is final, the campaign is over, and prizes or the pool are due."""
        if not self.ended or self.undecided or self.final_entry is not None:
            return
        self.final_entry = index
        policy = self.campaign.versions[-1].policy
        for entry, units in policies.share_out(policy, list(self.accepted.values())):
            self._add(Award(index, entry.contribution, entry.contributor, units, _SOURCES[type(policy)]))
        for entry in sorted(self.accepted.values()):
            if entry.contribution in self.bonuses:
                units = self.bonuses[entry.contribution]
                self._add(Award(index, entry.contribution, entry.contributor, units, "bonus"))
        for judged, reviewer, units in self.deferred:
            self._add(Award(index, judged, reviewer, units, "reviewer_rate"))

    def _earn(self, contribution: Contribution, result: Outcome, index: int) -> None:
        """Entry ``index`` made it final that a contribution is accepted."""
        version, first = contribution.version, contribution.history.first_version
        rate = version if first is None else first, version, result.score
        source, units = self.rates.get(rate) or self._rate(*rate)
        if units:
            contribution.first_award = len(self.awards)
            self.awards.append(Award(index, contribution.id, contribution.contributor, units, source))
            self.awarded += units
        elif self.pays_once:
            entry = policies.Entry(contribution.index, contribution.id, contribution.contributor, result.score)
            self.accepted[contribution.id] = entry
            if result.bonus:
                self.bonuses[contribution.id] = result.bonus
        if result.bonus and not self.pays_once:
            if contribution.first_award < 0:
                contribution.first_award = len(self.awards)
            self._add(Award(index, contribution.id, contribution.contributor, result.bonus, "bonus"))

    def _rate(self, first_version: int, version: int, score: int) -> tuple[Source, int]:
        """The better of the policies under which its first version and this one were submitted, and what it pays."""
        policy = self.campaign.versions[version].policy
        units = policies.award(policy, score)
        if first_version != version:
            first = self.campaign.versions[first_version].policy
            if policies.award(first, score) > units:
                policy, units = first, policies.award(first, score)
        self.rates[first_version, version, score] = _SOURCES[type(policy)], units
        return _SOURCES[type(policy)], units

    def _pay_reviewers(self, contribution: Contribution, index: int) -> None:
        """Their awards are never void: they judged, whatever becomes of the contribution later."""
        for reviewer, units in contribution.reviewers[contribution.paid_reviewers :]:
            if units and self.pays_once:
                self.deferred.append((contribution.id, reviewer, units))
            elif units:
                self._add(Award(index, contribution.id, reviewer, units, "reviewer_rate"))
        contribution.paid_reviewers = len(contribution.reviewers)

    def _add(self, award: Award) -> None:
        self.awards.append(award)
        self.awarded += award.units
