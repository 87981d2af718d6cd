"""What a row of a platform's file, or one delivery of its webhook, means to us: the same few things for every platform.

Ids are the platform's own, with the connector's name before them (``mturk:3ZPPDN2SLW8T``), so that the same row is the
same contribution however it reached us. Times are the platform's claims, RFC 3339 in UTC; they are content, never the
time of an entry. Amounts are the platform's money as decimal strings, never floats.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method, Verdict


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """What was asked."""

    external_id: str
    content: JsonValue


@dataclass(frozen=True, slots=True)
class ContributionRecord:
    """What one person answered to one task (or to none). ``contributor`` is the platform's own id of the person."""

    external_id: str
    contributor: str
    content: JsonValue
    task: str | None = None
    """``external_id`` of the task."""
    replaces: str | None = None
    """``external_id`` of the first version of a thing that was changed since: this replaces its latest version."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """What the platform decided on a contribution. ``bonus`` is in the platform's money, the sum of ``payments``.

    A bonus that is paid later is another decision, whose id has the number of payments behind ``external_id``; 0 where
    the platform does not count them.
    """

    contribution: str
    """``external_id`` of the contribution."""
    verdict: Verdict
    external_id: str
    score: str | None = None
    feedback: JsonValue = None
    method: Method | None = None
    reviewer: str | None = None
    bonus: str | None = None
    payments: int = 0
    replaces: tuple[str, ...] = ()
    """``external_id`` of earlier decisions on the same work that this one may change, latest first."""


@dataclass(frozen=True, slots=True)
class PledgeRecord:
    """What a backer gave on a funding site: recorded as evidence, it funds nothing on the chain."""

    external_id: str
    backer: str
    amount: str
    currency: str
    content: JsonValue
    """The row's other fields that a funding record needs, such as reward and time."""


@dataclass(frozen=True, slots=True)
class Record:
    """All that one row means; it is used as a whole or not at all. ``line`` is where it begins, counted from 1."""

    line: int
    tasks: tuple[TaskRecord, ...] = ()
    contributions: tuple[ContributionRecord, ...] = ()
    decisions: tuple[DecisionRecord, ...] = ()
    pledges: tuple[PledgeRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be used, and why. ``raw`` is its text as it was read, cut to a bound."""

    line: int
    reason: str
    remedy: str
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that says nothing to record, such as an unfinished assignment; counted by reason."""

    line: int
    reason: str


Read = Record | Refused | Skipped
