"""What a campaign declares beside its pay: judges, sealed entries, limits, what it asks of people, revisions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ledger.wire.values import Limit, Model, Moment, Score, Seconds, Word


class Criterion(Model):
    """One thing that judges score, and how much it weighs among the others."""

    name: Word
    weight: Annotated[int, Field(ge=1, le=1000)]


class Judging(Model):
    """Several judges decide: of ``judges`` reviews ``agree`` must accept. With ``criteria`` each scores every one."""

    judges: Annotated[int, Field(ge=1, le=20)]
    agree: Annotated[int, Field(ge=1, le=20)]
    criteria: Annotated[list[Criterion], Field(min_length=1, max_length=20)] | None = None


class Sealed(Model):
    """Entries are commitments until ``deadline``; their authors open them after it, until ``reveal_until``."""

    deadline: Moment
    reveal_until: Moment


class Limits(Model):
    """How many people may take part, answers a task may get, and entries a person may send."""

    participants: Limit | None = None
    per_task: Limit | None = None
    per_person: Limit | None = None


class Requirement(Model):
    """The reputation that is asked for: accepted contributions in this log, and their share of all decided ones."""

    accepted: Annotated[int, Field(ge=0, le=2**53 - 1)]
    acceptance: Score = "0"


class Revisions(Model):
    """``needs_work`` asks for a new version within ``window`` seconds, at most ``rounds`` times; 0 rounds: never."""

    window: Seconds = 7 * 86_400
    rounds: Annotated[int, Field(ge=0, le=20)] = 3
