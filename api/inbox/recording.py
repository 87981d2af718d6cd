"""What a delivery means is recorded by the same items as the API's own paths, so by the same rules, as the platform.

Everything has the platform's own id, so that a delivery that is worked on twice records nothing new, and one that says
what a file said that was imported before. A row is used as a whole: what follows on something that was not recorded is
left out. A hook writes into its own campaign alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import select

from api.bodies import decode
from api.inbox.deliveries import Kind, Outcome, Thing
from api.inbox.hooks import StoredHook
from api.lookup import find_campaign
from api.routes.contributions import contribution_item
from api.routes.decisions import decision_item
from api.routes.tasks import read_task, task_item
from api.service import Service
from api.writing import write_each
from ledger.connectors.preparing import Piece, Prepared, Preparer
from ledger.connectors.records import Record, Refused
from ledger.db.tables import contributions
from ledger.errors import ConfigError, CrowdLedgerError, IdReusedError, NotFoundError, RuleError, UnavailableError
from ledger.log.items import Item
from ledger.wire import NewContribution, NewDecision

_AT_ONCE: Final = 500
_SUPERSEDES: Final = "supersedes-standing"
"""The rule that says: this is decided already, and the new decision does not say which one it changes."""
_CONTRIBUTION: Final = msgspec.json.Decoder(NewContribution)
_DECISION: Final = msgspec.json.Decoder(NewDecision)

Errors = dict[Piece, CrowdLedgerError]


class _Row(NamedTuple):
    prepared: Prepared
    replaces: Mapping[str, str]
    """By a contribution's own id that of the first version of what it changes."""


class Recorder:
    """Records for one hook; ``outcome`` is what came of it."""

    def __init__(self, service: Service, hook: StoredHook) -> None:
        self._service = service
        self._hook = hook
        self._same: dict[str, str] = {}
        """By the id of a change that changes nothing that of what it leaves as it is."""
        self.outcome = Outcome()

    async def record(self, records: Sequence[Record]) -> Outcome:
        """Record as much as can be. Raises UnavailableError where nothing can be written now."""
        rows = await self._prepared(records)
        tasks = list(dict.fromkeys(piece for row in rows for piece in row.prepared.tasks))
        rows = self._without(rows, await self._write("task", tasks, self._task), lambda row: row.tasks, "task")
        errors = await self._contributed(rows)
        rows = self._without(rows, errors, lambda row: row.contributions, "contribution")
        rows = [_renamed(row, self._same) for row in rows]
        errors = await self._decided(rows)
        self._without(rows, errors, lambda row: row.decisions, "decision")
        if not records:
            self.outcome.words = "There is nothing in it to record."
        return self.outcome

    async def _prepared(self, records: Sequence[Record]) -> list[_Row]:
        hook = self._hook
        campaign = await find_campaign(self._service.reader, hook.campaign, hook.platform)
        rate = None if hook.rate is None else Decimal(hook.rate)
        preparer = Preparer(hook.campaign, rate=rate, pays_tokens=campaign.opened.onchain is not None)
        # In a thread: a delivery may hold tens of thousands of answers, and others are being answered meanwhile.
        return await asyncio.to_thread(self._all_prepared, preparer, records)

    def _all_prepared(self, preparer: Preparer, records: Sequence[Record]) -> list[_Row]:
        rows = []
        for record in records:
            try:
                made = preparer.prepare(record)
            except ConfigError as error:
                made = Refused(record.line, error.detail, "Set the hook's rate, then try this delivery again.")
            if isinstance(made, Refused):
                self.outcome.never.append(f"{made.reason} {made.remedy}")
            else:
                named = {each.external_id: each.replaces for each in record.contributions if each.replaces is not None}
                rows.append(_Row(made, named))
        return rows

    async def _contributed(self, rows: Sequence[_Row]) -> Errors:
        """New things together; changes one after the other, as each replaces the version before it."""
        replaces = {name: first for row in rows for name, first in row.replaces.items()}
        pieces = list(dict.fromkeys(piece for row in rows for piece in row.prepared.contributions))
        errors = await self._write("contribution", [each for each in pieces if each.id not in replaces], self._new)
        for piece in pieces:
            if piece.id not in replaces:
                continue
            known = await self._external("contribution", piece.id)
            if known is not None:  # it was recorded when another version was the latest
                self.outcome.recorded.append(known)
                continue
            first = replaces[piece.id]
            latest = await self._latest(first)
            if latest is None:
                errors[piece] = NotFoundError(
                    f"It replaces {first}, which is not recorded.",
                    remedy="Import the platform's export, then try this delivery again.",
                )
                continue
            if await self._is_still(first, latest, piece):
                self._same[piece.id] = first
                continue
            errors |= await self._write("contribution", [piece], lambda body, by=latest: self._new(body, by))
        return errors

    async def _is_still(self, first: str, latest: str, piece: Piece) -> bool:
        """Whether a change leaves the first version as it is: imported later than it was made, or of another member."""
        known = await self._external("contribution", first)
        if known is None or known.id != latest:
            return False
        # Under the first one's id the log itself says whether it is the same; another thing it refuses.
        error = (await self._write("contribution", [piece], lambda body: self._new(body, own=first))).get(piece)
        if isinstance(error, UnavailableError):
            raise error
        return error is None

    async def _decided(self, rows: Sequence[_Row]) -> Errors:
        """Decisions; one that may change an earlier one says so where that stands."""
        changes = {name: earlier for row in rows for name, earlier in row.prepared.changes.items()}
        errors = await self._elsewhere(rows)
        pieces = dict.fromkeys(piece for row in rows for piece in row.prepared.decisions if piece not in errors)
        errors |= await self._write("decision", list(pieces), self._decision)
        for piece, error in list(errors.items()):
            stands = isinstance(error, RuleError) and error.rule == _SUPERSEDES
            if not stands and not isinstance(error, IdReusedError):  # the latter: it was recorded as superseding
                continue
            for name in changes.get(piece.id, ()):
                earlier = await self._external("decision", name)
                if earlier is not None:
                    del errors[piece]
                    errors |= await self._write(
                        "decision", [piece], lambda body, by=earlier.id: self._decision(body, by)
                    )
                    break
        return errors

    async def _elsewhere(self, rows: Sequence[_Row]) -> Errors:
        """Decisions on what stands in another campaign of the platform, which this hook is not for."""
        errors: Errors = {}
        for row in rows:
            own = {piece.id for piece in row.prepared.contributions}
            for piece in row.prepared.decisions:
                named = _DECISION.decode(piece.body).contribution_external_id
                if named is None or named in own or named in self._same.values():
                    continue
                found = await self._external("contribution", named)
                decided = None if found is None else await self._service.reader.contribution(found.id)
                if decided is not None and decided.campaign != self._hook.campaign:
                    errors[piece] = RuleError(
                        f"It is on {named}, which is in another campaign than the webhook's.",
                        rule="hook-campaign",
                        remedy="Make a webhook for that campaign, or send the decision with your key.",
                    )
        return errors

    async def _write(self, kind: Kind, pieces: Sequence[Piece], make: Callable[..., Item]) -> Errors:
        """Write things; what is wrong with those that were not written."""
        errors: Errors = {}
        for begin in range(0, len(pieces), _AT_ONCE):
            some = pieces[begin : begin + _AT_ONCE]
            results = await write_each(self._service.writer, [piece.body for piece in some], make)
            for piece, result in zip(some, results, strict=True):
                if isinstance(result, CrowdLedgerError):
                    errors[piece] = result
                else:
                    self.outcome.recorded.append(Thing(kind, result.id, result.index))
        return errors

    def _without(
        self, rows: Iterable[_Row], errors: Errors, pieces: Callable[[Prepared], Sequence[Piece]], kind: Kind
    ) -> list[_Row]:
        """The rows of which nothing was refused; the reasons of the others are kept."""
        good = []
        for row in rows:
            wrong = next((piece for piece in pieces(row.prepared) if piece in errors), None)
            if wrong is None:
                good.append(row)
                continue
            error = errors[wrong]
            # What is not there yet may be on its way: deliveries overtake one another.
            later = isinstance(error, UnavailableError) or (kind != "task" and isinstance(error, NotFoundError))
            reasons = self.outcome.later if later else self.outcome.never
            reasons.append(f"The {kind} {wrong.id}: {error.detail} {error.remedy}")
        return good

    def _task(self, body: bytes) -> Item:
        read = read_task(body)
        if isinstance(read, CrowdLedgerError):
            raise read
        return task_item(read, self._hook.campaign, self._hook.platform)

    def _new(self, body: bytes, replaces: str | None = None, own: str | None = None) -> Item:
        new = decode(body, _CONTRIBUTION)
        named = msgspec.structs.replace(new, replaces=replaces, external_id=own or new.external_id)
        return contribution_item(named, self._hook.platform)

    def _decision(self, body: bytes, supersedes: str | None = None) -> Item:
        new = decode(body, _DECISION)
        return decision_item(msgspec.structs.replace(new, supersedes=supersedes), self._hook.platform)

    async def _external(self, kind: Kind, external_id: str) -> Thing | None:
        found = await self._service.reader.external(self._hook.platform, kind, external_id)
        return None if found is None else Thing(kind, found.subject, found.index)

    async def _latest(self, first: str) -> str | None:
        """The newest version of a contribution of ours, by the platform's id of its first one."""
        found = await self._external("contribution", first)
        if found is None:
            return None
        reads, of = self._service.reads, contributions.c
        versions: Any = select(of.id).where(of.log == reads.log, of.first == found.id)
        row = await reads.one(versions.order_by(of.entry_index.desc()).limit(1))
        return None if row is None else str(row.id)


def _renamed(row: _Row, same: Mapping[str, str]) -> _Row:
    """The row with its decisions on a change that changes nothing as decisions on what it leaves as it is.

    Ids of decisions begin with that of what they decide, so that these get the ids that they have in an import.
    """
    if not any(piece.id in same for piece in row.prepared.contributions):
        return row
    names: dict[str, str] = {}
    decisions = []
    for piece in row.prepared.decisions:
        new = _DECISION.decode(piece.body)
        change = new.contribution_external_id or ""
        names[piece.id] = _of_first(piece.id, same)
        decided = same.get(change, change)
        body = msgspec.structs.replace(new, contribution_external_id=decided, external_id=names[piece.id])
        decisions.append(Piece(names[piece.id], msgspec.json.encode(body)))
    changes = {
        names[name]: tuple(_of_first(each, same) for each in earlier) for name, earlier in row.prepared.changes.items()
    }
    return row._replace(prepared=replace(row.prepared, decisions=tuple(decisions), changes=changes))


def _of_first(decision: str, same: Mapping[str, str]) -> str:
    """The id of a decision on a change as it is of what the change leaves as it is."""
    for change, first in same.items():
        if decision.startswith(f"{change}:"):
            return first + decision.removeprefix(change)
    return decision
