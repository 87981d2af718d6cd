"""Reviews by judges, what waits for them, and how well they agree."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ledger.wire.replies import Written
from ledger.wire.values import Document, Id, Model, OwnId, Score


class NewReview(Model):
    """What ``reviewer`` (the platform's own id; a member leaves it out) says of a contribution, sealed until decided.

    Where the campaign has criteria ``scores`` are in their order; elsewhere ``score`` left out is 1 for ``accepted``
    and 0 otherwise. ``words`` reach the contributor with the decision. ``second_look`` judges a rejection once more.
    """

    contribution: Id
    reviewer: OwnId | None = None
    verdict: Literal["accepted", "rejected", "needs_work"]
    score: Score | None = None
    scores: Annotated[list[Score], Field(min_length=1, max_length=20)] | None = None
    words: Document = None
    second_look: bool = False
    external_id: OwnId | None = None


class ReviewWritten(Written):
    """``decision`` is the decision that was made of the reviews, null while the outcome is open."""

    decision: str | None


class QueueItem(Model):
    """Something to judge, without its author and what others say of it.

    ``kind`` is review, appeal (``POST /v1/appeals/{appeal}/resolve`` answers it, ``grounds`` are the contributor's) or
    second_look. ``task`` and ``content`` are null where there is none or it was erased; ``deadline`` is when the
    declared default takes effect.
    """

    kind: Literal["review", "appeal", "second_look"]
    contribution: str
    appeal: str | None
    task: Any
    content: Any
    grounds: Any
    criteria: list[str]
    reviews_given: int
    deadline: str


class Queue(Model):
    """What one reviewer may judge next, first things first; ask again when it is done."""

    items: list[QueueItem]


class Agreement(Model):
    """How far judges agree in the newest decided contributions of a campaign that several judged.

    ``alpha_verdicts`` and ``alpha_scores`` are Krippendorff's alpha (nominal, interval), ``equal`` the share of equal
    verdicts among pairs; null where not defined.
    """

    contributions: int
    reviews: int
    alpha_verdicts: str | None
    alpha_scores: str | None
    equal: str | None


class ReviewerFigures(Model):
    """A reviewer's record in a campaign. ``agreement`` is the share of other judges' verdicts that equal theirs.

    ``overturned`` counts what an appeal or a second look ended otherwise than this person had judged.
    """

    reviewer: str
    public_id: str
    reviews: int
    decisions: int
    overturned: int
    agreement: str | None
    ratings: int
    rating: str | None


class Reviewers(Model):
    """The judges of a campaign: together, and one by one; ``complete`` is false where only the newest were counted."""

    agreement: Agreement
    reviewers: list[ReviewerFigures]
    complete: bool
