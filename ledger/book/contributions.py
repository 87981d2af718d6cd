"""A contribution in the book: its versions, the decision that stands, its appeal, and when nothing can change any more.

"In time" means ``at <= deadline``; a deadline has passed when the clock is beyond it.

There are millions of these: as msgspec structs without cycles they cost the garbage collector nothing. Texts that many
of them share (people, campaigns, tasks) are one text for all; what happened to few stands apart (``History``).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from ledger.book.campaigns import Campaign
from ledger.statements.decisions import Verdict
from ledger.statements.values import SCORE_ONE


class Decision(msgspec.Struct, gc=False):
    """A decision that stands on a contribution. ``score`` is in millionths, ``bonus`` in base units.

    ``superseding``: it replaced one that was not final, so that it is superseded by appeal only.
    """

    id: str
    index: int
    at_ms: int
    verdict: Verdict
    score: int
    bonus: int
    superseding: bool
    reviewer: str | None


class Appeal(msgspec.Struct, gc=False):
    """An appeal against ``decision``."""

    id: str
    index: int
    at_ms: int
    decision: str
    resolved: bool = False


class Review(msgspec.Struct, gc=False):
    """That somebody has judged; what they said is sealed."""

    id: str
    reviewer: str
    second_look: bool


class History(msgspec.Struct, frozen=True, gc=False):
    """What happens to few contributions; all others share one of these. Replaced, never changed."""

    replaced_by: str | None = None
    appeal: Appeal | None = None
    """The appeal since the contribution was first decided or last reopened."""
    revealed: bool = False
    withdrawn: bool = False
    reopened: bool = False
    """Its decision was superseded after it was final."""
    reviews: tuple[Review, ...] = ()
    first_version: int | None = None
    """Of a new version: the campaign's version when the first one was submitted."""
    number: int = 1
    """Its place among its versions."""
    round: int = 0
    """How often a new version was asked for before it."""


NO_HISTORY = History()
"""The one that is shared."""


class Contribution(msgspec.Struct, gc=False):
    """A version of a contribution and what stands on it. What is read for each of a million stands together."""

    id: str
    index: int
    at_ms: int
    campaign: str
    contributor: str
    task: str | None
    version: int
    """The campaign's version when it was submitted."""
    decision: Decision | None = None
    history: History = NO_HISTORY
    reviewers: tuple[tuple[str, int], ...] = ()
    """Everybody who judged this version, with what each is paid for it."""
    waits_since: int = -1
    """The fold's: the entry that set its deadline; -1 where its outcome is final or it was replaced."""
    first_award: int = -1
    """The fold's: where in the campaign's queue its author's awards begin; -1 where there are none."""
    paid_reviewers: int = 0
    """The fold's: how many of its reviewers have their award."""
    signer: str | None = None
    """The wallet that signed it: only that can replace or withdraw it."""

    def note(self, **changes: Any) -> None:
        """Something happened to it that happens to few: members of its history change."""
        self.history = replace(self.history, **changes)

    @property
    def first_version(self) -> int:
        """The campaign's version when its first version was submitted: it never earns less than under that."""
        first = self.history.first_version
        return self.version if first is None else first

    # The rest of its history by the same names; what folds millions reads ``history`` itself, which is quicker.

    @property
    def replaced_by(self) -> str | None:
        return self.history.replaced_by

    @property
    def appeal(self) -> Appeal | None:
        return self.history.appeal

    @property
    def revealed(self) -> bool:
        return self.history.revealed

    @property
    def withdrawn(self) -> bool:
        return self.history.withdrawn

    @property
    def reopened(self) -> bool:
        return self.history.reopened

    @property
    def reviews(self) -> tuple[Review, ...]:
        return self.history.reviews

    @property
    def number(self) -> int:
        return self.history.number

    @property
    def round(self) -> int:
        return self.history.round


def due_ms(contribution: Contribution, campaign: Campaign) -> int:
    """The time after which the contribution is final if nothing more happens."""
    decision, history = contribution.decision, contribution.history
    appeal = history.appeal
    if appeal is not None and not appeal.resolved:
        return appeal.at_ms + campaign.resolution_ms
    if decision is None:
        if campaign.sealed_ms is None:
            return contribution.at_ms + campaign.decision_ms
        return campaign.reveal_ms + campaign.decision_ms if history.revealed else campaign.reveal_ms
    if decision.verdict == "needs_work":
        return decision.at_ms + max(campaign.appeal_ms, campaign.revision_ms)
    return decision.at_ms + campaign.appeal_ms


def is_final(contribution: Contribution, campaign: Campaign, clock_ms: int) -> bool:
    """Whether the outcome can no longer change but by a decision that reopens it."""
    history = contribution.history
    if history.withdrawn or (history.appeal is not None and history.appeal.resolved):
        return True
    return clock_ms > due_ms(contribution, campaign)


def appeal_is_open(contribution: Contribution) -> bool:
    """Whether an appeal waits for its resolution (its deadline may have passed)."""
    appeal = contribution.history.appeal
    return appeal is not None and not appeal.resolved


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What a final contribution came to. ``score`` in millionths, ``bonus`` in base units."""

    accepted: bool
    score: int = 0
    bonus: int = 0


_REJECTED = Outcome(False)


def outcome(contribution: Contribution, campaign: Campaign) -> Outcome:
    """The outcome once the contribution is final; where nobody decided in time, what was declared at opening."""
    history = contribution.history
    sealed_still = campaign.sealed_ms is not None and not history.revealed
    if history.withdrawn or sealed_still or history.replaced_by is not None:
        return _REJECTED
    decision = contribution.decision
    if decision is None:
        return Outcome(True, SCORE_ONE) if campaign.opened.decision_default == "accepted" else _REJECTED
    accepted = decision.verdict == "accepted"
    if appeal_is_open(contribution) and campaign.opened.appeal_default == "accepted":
        return Outcome(True, SCORE_ONE, decision.bonus if accepted else 0)
    return Outcome(accepted, decision.score, decision.bonus) if accepted else _REJECTED
