"""Platforms' own ids: each is of a thing of its kind, and the request behind it has the fingerprint that is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ledger.db.loading import Content
from ledger.db.rows import ExternalRow
from ledger.errors import CrowdLedgerError
from ledger.log import items
from ledger.log.checking import remade
from ledger.log.checking.checksums import compare_checksum
from ledger.log.checking.contents import Contents
from ledger.log.checking.heads import as_bytes
from ledger.log.checking.people import People
from ledger.log.checking.replay import Replay
from ledger.log.checking.report import Check
from ledger.log.checking.snapshot import Snapshot, raw_bytes, same
from ledger.log.requests import OPERATOR, prepare
from ledger.statements import canonical
from ledger.statements.appeals import AppealFiled
from ledger.statements.campaigns import CampaignNotice, CampaignOpened, TaskAdded
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, ReviewGiven
from ledger.statements.kinds import AnyStatement
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.results import ResultPublished

_KINDS: Final[dict[type[AnyStatement], str]] = {
    PlatformRegistered: "platform",
    CampaignOpened: "campaign",
    CampaignNotice: "notice",
    TaskAdded: "task",
    ContributionSubmitted: "contribution",
    ReviewGiven: "review",
    DecisionMade: "decision",
    AppealFiled: "appeal",
    ResultPublished: "result",
}
"""What kind of thing a statement makes that a platform may name."""
_TABLES: Final = {kind: f"{kind}s" for kind in _KINDS.values()}
"""Where things of a kind are found by id."""
_ERASED: Final = re.compile(r"erased-[0-9a-f]{32}\Z")
"""The own id of somebody whose identity was erased: their requests cannot be made again."""


class NotMadeError(Exception):
    """A request cannot be made again: part of it was erased, or was kept by nobody."""


class Externals:
    """Compares the own ids of entries, given their openings and people."""

    def __init__(self, snapshot: Snapshot, check: Check, replay: Replay, contents: Contents, people: People) -> None:
        self._snapshot = snapshot
        self._check = check
        self._replay = replay
        self._contents = contents
        self._people = people
        self._tasks: dict[str, str] = {}
        self._works: dict[str, str] = {}
        self._made = self._not_made = 0

    async def take(self, rows: Iterable[ExternalRow], index: int, statement: AnyStatement) -> None:
        """Compare the rows that say they are of an entry."""
        for row in rows:
            kind = _KINDS.get(type(statement))
            if kind is None or not same(row.subject, getattr(statement, "id", None)):
                await self._stray(row)
                continue
            compare_checksum(self._check, "externals", row._asdict(), index)
            platform = OPERATOR if kind == "platform" else self._replay.platform_of(statement)
            for column, said in {"kind": kind, "platform": platform}.items():
                if not same(getattr(row, column), said):
                    self._error(index, column, f"{row.external_id!r} has another {column} than entry {index}.")
            if kind == "task":
                self._tasks[row.subject] = row.external_id
            if kind == "contribution":
                self._works[row.subject] = row.external_id
            await self._check_fingerprint(row, index, statement)

    async def end(self, strays: Sequence[ExternalRow]) -> None:
        """Say how many could be compared, and name what is of no entry by the thing that it names."""
        for row in strays:
            await self._stray(row)
        self._check.evidence = f"own ids: {self._made + self._not_made}, requests made again: {self._made}"

    async def _stray(self, row: ExternalRow) -> None:
        """An own id of nothing that its entry made: it is named by the entry of the thing, if there is one."""
        table = _TABLES.get(row.kind)
        found = await self._snapshot.some(table, ("entry_index",), "id", [row.subject]) if table else []
        column, entry = ("entry_index", int(found[0][0])) if found else ("subject", row.entry_index)
        self._error(entry, column, f"{row.external_id!r} is not of what entry {row.entry_index} made.")

    async def _check_fingerprint(self, row: ExternalRow, index: int, statement: AnyStatement) -> None:
        salt, fingerprint = raw_bytes(row.salt), raw_bytes(row.fingerprint)
        try:
            ways = [prepare(item) for item in await self._items(statement)]
        except (NotMadeError, CrowdLedgerError):
            self._not_made += 1
            return
        if isinstance(statement, ResultPublished):  # the order in which its entries were named is not kept
            self._not_made += 1
            if not same(row.salt, ways[0].fresh_fingerprint_salt()):
                self._error(index, "salt", f"{row.external_id!r} has another salt than its request.")
            return
        self._made += 1
        if not any(way.fingerprint(salt) == fingerprint for way in ways):
            self._error(index, "fingerprint", f"{row.external_id!r}: salt or fingerprint is not that of the request.")

    async def _items(self, statement: AnyStatement) -> list[items.Item]:
        """The requests that may have made the entry. Raises NotMadeError where part of them is not there."""
        match statement:
            case PlatformRegistered():
                key = items.ApiKey(id=statement.keys[0].id, scopes=tuple(statement.keys[0].scopes), digest=b"")
                return [items.RegisterPlatform(id=statement.id, name=statement.name, key=key)]
            case CampaignOpened():
                title, brief, terms = await self._texts("campaigns", ("title", "brief", "terms"), statement.id)
                return [remade.open_campaign(statement, title, _json(brief), _json(terms))]
            case CampaignNotice():
                (text,) = await self._texts("notices", ("text",), statement.id)
                return [remade.publish_notice(statement, self._platform(statement), _json(text))]
            case TaskAdded():
                content = self._content("task", statement.id)
                return [remade.add_task(statement, self._platform(statement), content)]
            case _:
                return self._items_of_work(statement)

    def _items_of_work(self, statement: AnyStatement) -> list[items.Item]:
        platform = self._platform(statement)
        match statement:
            case ContributionSubmitted():
                campaign = self._replay.loaded.facts.campaigns[statement.campaign]
                sealed = campaign.opened.sealed is not None
                content = None if sealed else self._content("contribution", statement.id)
                person, task = self._own_id(statement.contributor), self._tasks.get(statement.task or "")
                return [*remade.submissions(statement, platform, person, content, sealed=sealed, task=task)]
            case ReviewGiven():
                said = self._content("feedback", statement.id)
                return [remade.review(statement, platform, self._own_id(statement.reviewer), said)]
            case DecisionMade():
                return [*self._decisions(statement, platform)]
            case AppealFiled():
                return [remade.file_appeal(statement, platform, self._content("appeal", statement.id))]
            case ResultPublished():
                opening = self._opening(Content("result", statement.id))
                return [remade.publish_result(statement, platform, opening.salt)]
            case _:
                raise NotMadeError

    def _decisions(self, statement: DecisionMade, platform: str) -> Iterator[items.Decide]:
        person = None if statement.reviewer is None else self._own_id(statement.reviewer)
        feedback = None if statement.feedback is None else self._content("feedback", statement.id)
        inputs = None
        content = Content("inputs", statement.id)
        if content in self._replay.erased:
            raise NotMadeError
        if statement.method.inputs is not None and content in self._contents.openings:
            inputs = self._content(*content)
        contribution = self._works.get(statement.contribution)
        return remade.decisions(statement, platform, person, feedback, inputs, contribution)

    async def _texts(self, table: str, columns: tuple[str, ...], subject: str) -> tuple[str, ...]:
        rows = await self._snapshot.some(table, columns, "id", [subject])
        if not rows or not all(isinstance(text, str) for text in rows[0]):
            raise NotMadeError
        return rows[0]

    def _platform(self, statement: AnyStatement) -> str:
        return self._replay.platform_of(statement)

    def _content(self, purpose: str, subject: str) -> JsonValue:
        return self._opening(Content(purpose, subject)).content()

    def _opening(self, content: Content) -> Opening:
        opening = self._contents.openings.get(content)
        if opening is None:
            raise NotMadeError
        return opening

    def _own_id(self, public_id: str) -> str:
        row = self._people.known.get(public_id)
        if row is None or not isinstance(row.external_id, str) or _ERASED.search(row.external_id):
            raise NotMadeError
        return row.external_id

    def _error(self, index: int, column: str, what: str) -> None:
        self._check.error(f"The own id {what}", entry=index, table="externals", column=column)


def _json(text: str) -> JsonValue:
    return canonical.decode(as_bytes(text))
