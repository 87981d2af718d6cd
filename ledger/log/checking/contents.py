"""Openings: each commitment's is there and opens it, unless it is sealed still or was erased; nothing else is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ledger.db.loading import Content
from ledger.db.rows import ContentRow
from ledger.log.checking.replay import Replay
from ledger.log.checking.report import MAX_FINDINGS_A_CHECK, Check
from ledger.log.checking.restored import Restored
from ledger.log.checking.snapshot import Snapshot, raw_bytes, same
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.campaigns import TaskAdded
from ledger.statements.commitments import Opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, ReviewGiven
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.kinds import AnyStatement
from ledger.statements.results import ResultPublished


class Carried(NamedTuple):
    """A commitment that a statement carries. ``needed``: its opening must be there, or may be with the caller alone."""

    content: Content
    commitment: str
    platform: str
    entry: int
    needed: bool = True


class Contents:
    """Compares openings block by block and keeps those of the last block (``openings``)."""

    def __init__(self, snapshot: Snapshot, check: Check, replay: Replay, restored: Restored) -> None:
        self._snapshot = snapshot
        self._check = check
        self._replay = replay
        self._restored = restored
        self._found = 0
        self._absent: list[Carried] = []
        """What may be with the caller alone."""
        self.openings: dict[Content, Opening] = {}

    async def take(self, block: Sequence[tuple[int, AnyStatement]]) -> None:
        """Compare what the statements of a block carry."""
        carried = {each.content: each for index, statement in block for each in self._carried(statement, index)}
        self.openings = {}
        for row in await self._stored(carried):
            content = Content(row.kind, row.subject)
            self._found += 1
            if self._is_right(row, carried[content]):
                self.openings[content] = Opening(row.salt, row.preimage)
            carried.pop(content)
        for each in carried.values():
            if each.content in self._replay.erased or is_sealed(self._replay, each.content):
                continue
            if each.needed and not self._restored.lost(self._replay, each.content, each.entry):
                self._error(each, "is missing, and no entry says that it was erased.")
            elif not each.needed and len(self._absent) < MAX_FINDINGS_A_CHECK:
                self._absent.append(each)

    async def end(self) -> None:
        """Name the openings that no statement needs."""
        stored = await self._snapshot.count("contents")
        self._check.evidence = f"openings: {self._found}"
        if stored == self._found:
            return
        self._check.error(f"There are {stored - self._found} openings more than commitments.", table="contents")
        for kind, subject in await self._snapshot.all("SELECT kind, subject FROM contents WHERE log = :log"):
            if self._replay.loaded.facts.campaign_of(kind, subject) is None:
                self._check.error(
                    f"There is an opening ({kind}) of {subject}, which is not in the log.", table="contents"
                )
        for each in self._absent:
            self._error(each, "is not there; it may be the one that is too much.")

    async def _stored(self, carried: dict[Content, Carried]) -> list[ContentRow]:
        rows: list[ContentRow] = []
        for kind in {content.purpose for content in carried}:
            subjects = [content.subject for content in carried if content.purpose == kind]
            found = await self._snapshot.some("contents", ContentRow._fields, "subject", subjects, kind=kind)
            rows += [ContentRow(*row) for row in found]
        return rows

    def _is_right(self, row: ContentRow, carried: Carried) -> bool:
        erased = self._replay.erased.get(carried.content)
        if erased is not None:
            self._error(carried, f"is still there, though entry {erased} says that it was erased.")
            return False
        if is_sealed(self._replay, carried.content):
            self._error(carried, "is there before it was revealed.")
            return False
        if not same(row.platform, carried.platform):
            self._error(carried, "names another platform.", "platform")
        if Opening(raw_bytes(row.salt), raw_bytes(row.preimage)).commitment != carried.commitment:
            self._error(carried, "does not open the commitment: salt or preimage is damaged.", "preimage")
            return False
        return True

    def _error(self, carried: Carried, what: str, column: str | None = None) -> None:
        purpose, subject = carried.content
        self._check.error(
            f"The opening ({purpose}) of {subject} {what}", entry=carried.entry, table="contents", column=column
        )

    def _carried(self, statement: AnyStatement, index: int) -> list[Carried]:
        found = commitments(statement)
        if not found:
            return []
        platform = self._replay.platform_of(statement)
        return [Carried(content, said, platform, index, content.purpose != "inputs") for content, said in found]


def is_sealed(replay: Replay, content: Content) -> bool:
    """Whether it is of a sealed entry that was not revealed."""
    if content.purpose != "contribution":
        return False
    facts = replay.loaded.facts
    contribution = facts.contributions[content.subject]
    return facts.campaigns[contribution.campaign].opened.sealed is not None and not contribution.revealed


def commitments(statement: AnyStatement) -> list[tuple[Content, str]]:
    """What a statement commits to, each with its commitment."""
    match statement:
        case TaskAdded():
            return [(Content("task", statement.id), statement.commitment)]
        case ContributionSubmitted():
            return [(Content("contribution", statement.id), statement.commitment)]
        case ReviewGiven():
            return [(Content("feedback", statement.id), statement.commitment)]
        case DecisionMade():
            feedback, inputs = statement.feedback, statement.method.inputs
            found = [] if feedback is None else [(Content("feedback", statement.id), feedback)]
            return found if inputs is None else [*found, (Content("inputs", statement.id), inputs)]
        case AppealFiled():
            return [(Content("appeal", statement.id), statement.grounds)]
        case AppealResolved():
            return [(Content("feedback", statement.appeal), statement.reason)]
        case FeedbackGiven() if statement.words is not None:
            return [(Content("feedback", statement.id), statement.words)]
        case ResultPublished():
            return [(Content("result", statement.id), statement.commitment)]
        case _:
            return []
