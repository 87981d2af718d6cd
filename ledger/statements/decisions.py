"""Statements about decisions and the reviews behind them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.contributions import Signature
from ledger.statements.values import Amount, ContributorId, Digest, Id, Score, Word

Verdict = Literal["accepted", "rejected", "needs_work"]
_Text = Annotated[str, Meta(max_length=500)]


class Method(Part, frozen=True, kw_only=True):
    """How a decision came about, so that it can be run again while its inputs can be opened."""

    type: Literal["human", "consensus", "gold", "model"]
    name: Word | None = None
    version: Word | None = None
    parameters: Annotated[dict[Word, _Text], Meta(max_length=50)] | None = None
    inputs: Digest | None = None
    """A commitment to what the method was given."""


class ReviewGiven(Statement, frozen=True, kw_only=True, tag_field="kind", tag="review.given"):
    """A reviewer has judged a contribution; what they said is opened by the decision that is made of it."""

    id: Id
    contribution: Id
    reviewer: ContributorId
    commitment: Digest
    """To ``{"verdict","score","scores","words"}`` (purpose feedback), so that judges cannot copy one another."""
    second_look: bool = False
    """A rejection judged blind once more."""


class OpenedReview(Part, frozen=True, kw_only=True):
    """What a review said. ``score`` is the weighted mean of ``scores`` where the campaign has criteria."""

    review: Id
    verdict: Verdict
    score: Score
    scores: Annotated[list[Score], Meta(min_length=1, max_length=20)] | None = None
    """In the order of the campaign's criteria."""


class DecisionMade(Statement, frozen=True, kw_only=True, tag_field="kind", tag="decision.made"):
    """A verdict on a contribution, with a score in [0, 1]."""

    id: Id
    contribution: Id
    verdict: Verdict
    score: Score
    method: Method
    reviewer: ContributorId | None = None
    feedback: Digest | None = None
    supersedes: Id | None = None
    reviews: Annotated[list[OpenedReview], Meta(min_length=1, max_length=20)] | None = None
    """The reviews that the decision follows from."""
    appeal: Id | None = None
    """The open appeal that the decision answers."""
    bonus: Amount | None = None
    """Base units on top of what the policy pays, once the decision is final and accepts."""
    signature: Signature | None = None
