"""Appeals: a contributor says that a decision is wrong, and somebody else looks again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ledger.wire.replies import Written
from ledger.wire.values import Id, Model, OwnId, Score, Words

Salt = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class GivenOpening(Model):
    """An opening as its file holds it: salt and the canonical JSON that the commitment hashes, as text."""

    v: Literal[1] = 1
    salt: Salt
    preimage: Annotated[str, Field(max_length=2 * 1024 * 1024)]


class NewAppeal(Model):
    """An appeal against the decision that stands on a contribution; ``decision`` left out is that one.

    ``opening`` is the contributor's own copy of salt and content: it is checked against the commitment, and where the
    service's was erased the judge sees this one. ``external_id`` is for platforms that pass an appeal on.
    """

    contribution: Id
    grounds: Words
    decision: Id | None = None
    opening: GivenOpening | None = None
    external_id: OwnId | None = None


class NewResolution(Model):
    """What a person who has not judged the contribution before says of an appeal, and why.

    ``verdict`` left out lets the decision stand; the same verdict with another ``score`` is a new decision too.
    ``reviewer`` is the platform's own id of that person, who leaves it out as a member.
    """

    reviewer: OwnId | None = None
    reason: Words
    verdict: Literal["accepted", "rejected"] | None = None
    score: Score | None = None


class Resolved(Written):
    """The resolution; ``decision`` stands now. ``changed``: it is a new one, with a receipt of its own."""

    decision: str
    changed: bool
    decision_receipt: dict[str, Any] | None


class AppealLine(Model):
    """An appeal in a list. ``content`` and ``grounds`` are null where they were erased; ``due`` is its deadline."""

    id: str
    index: int
    at: str
    due: str
    campaign: str
    contribution: str
    contributor: str
    decision: str
    verdict: str
    score: str
    feedback: Any
    content: Any
    grounds: Any
    resolved_at: str | None
    outcome: str | None
    reason: Any
    url: str
