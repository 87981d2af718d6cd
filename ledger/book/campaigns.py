"""A campaign in the book: what it promised, in which versions, and what has been counted of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.statements.campaigns import CampaignAmended, CampaignOpened, Policy
from ledger.statements.values import time_ms


@dataclass(slots=True)
class Version:
    """What holds for contributions after entry ``index``. Amounts in base units."""

    index: int
    policy: Policy
    terms: str
    budget: int
    reviewer_rate: int

    @classmethod
    def amended(cls, before: Version, statement: CampaignAmended, index: int) -> Version:
        """The next version: what the amendment does not name stays."""
        return cls(
            index,
            statement.policy or before.policy,
            statement.terms or before.terms,
            before.budget if statement.budget is None else int(statement.budget),
            before.reviewer_rate if statement.reviewer_rate is None else int(statement.reviewer_rate),
        )


@dataclass(slots=True)
class Campaign:
    """A campaign as opened, and what became of it since. Times are milliseconds since 1970, durations milliseconds.

    ``funds_block`` is the block of the last record of its funds.
    """

    opened: CampaignOpened
    index: int
    closed: bool = False
    paused: bool = False
    pauses: int = 0
    funds_block: int = 0
    submitted: int = 0
    """Contributions, replacements not counted."""
    participants: int = 0
    by_person: dict[str, int] = field(default_factory=dict)
    by_task: dict[str, int] = field(default_factory=dict)
    piloting: bool = field(init=False)
    versions: list[Version] = field(init=False)
    closing_ms: int = field(init=False)
    decision_ms: int = field(init=False)
    appeal_ms: int = field(init=False)
    resolution_ms: int = field(init=False)
    """From an appeal until its default."""
    revision_ms: int = field(init=False)
    """From ``needs_work`` until no new version counts; 0 where there are none."""
    sealed_ms: int | None = field(init=False)
    """Entries are sealed until then."""
    reveal_ms: int = field(init=False)
    """Sealed entries can be opened until then; 0 where none are sealed."""
    last_submission_ms: int = field(init=False)

    def __post_init__(self) -> None:
        opened = self.opened
        self.piloting = opened.pilot is not None
        rate = 0 if opened.reviewer_rate is None else int(opened.reviewer_rate)
        self.versions = [Version(self.index, opened.policy, opened.terms, int(opened.budget), rate)]
        self.closing_ms = time_ms(opened.closing_date)
        self.decision_ms = opened.decision_deadline * 1000
        self.appeal_ms = opened.appeal_window * 1000
        self.resolution_ms = opened.appeal_deadline * 1000
        self.revision_ms = 0 if opened.revisions is None else opened.revisions.window * 1000
        self.sealed_ms = None if opened.sealed is None else time_ms(opened.sealed.deadline)
        self.reveal_ms = 0 if opened.sealed is None else time_ms(opened.sealed.reveal_until)
        last = self.closing_ms - self.longest_decision_ms
        self.last_submission_ms = last if self.sealed_ms is None else min(last, self.sealed_ms)

    @property
    def longest_decision_ms(self) -> int:
        """The most that it takes from a submission until nothing about it can change any more.

        The decision comes at its deadline, is superseded as late as possible, appealed as late as possible, and the
        appeal is resolved at its deadline.
        """
        return self.decision_ms + max(self.appeal_ms, self.revision_ms) + self.appeal_ms + self.resolution_ms

    def version_at(self, index: int) -> int:
        """The place in ``versions`` of what holds for entry ``index``."""
        if len(self.versions) == 1:
            return 0
        return bisect_left(self.versions, index, key=lambda version: version.index) - 1

    def budget_at(self, size: int) -> int:
        """The budget that a log of ``size`` entries declares."""
        return self.versions[self.version_at(size)].budget

    def count(self, contributor: str, task: str | None) -> bool:
        """One more contribution; whether it is the contributor's first in this campaign."""
        self.submitted += 1
        sent = self.by_person.get(contributor)
        if sent is None:
            self.by_person[contributor] = 1
            self.participants += 1
        else:
            self.by_person[contributor] = sent + 1
        if task is not None and self.opened.limits is not None:
            self.by_task[task] = self.by_task.get(task, 0) + 1
        return sent is None

    def count_all(self, contributors: Sequence[str]) -> list[str]:
        """More contributions, where no answers a task are counted; those whose first it is in this campaign."""
        self.submitted += len(contributors)
        by_person = self.by_person
        new = []
        for who in contributors:
            sent = by_person.get(who)
            if sent is None:
                new.append(who)
                by_person[who] = 1
            else:
                by_person[who] = sent + 1
        self.participants += len(new)
        return new

    def uncount(self, contributor: str, task: str | None) -> None:
        """A contribution was withdrawn: its task and its author may send another one."""
        self.by_person[contributor] = self.by_person.get(contributor, 1) - 1
        if task in self.by_task:
            self.by_task[task] -= 1
