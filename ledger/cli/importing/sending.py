"""Batches on their way: several at a time, patient, and each row either used as a whole or refused with the reason."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ledger import wire
from ledger.cli.importing.changing import changed, known_id
from ledger.client.connection import Connection
from ledger.connectors.preparing import Piece, Prepared
from ledger.connectors.records import Refused
from ledger.errors import (
    CrowdLedgerError,
    FieldError,
    FormatError,
    IdReusedError,
    MalformedError,
    TooLargeError,
    UnavailableError,
)
from ledger.wire.problems import error_of

PATIENCE_SECONDS: Final = 180.0
"""A service that takes nothing for so long is given up; another run goes on from there."""
KNOWN_TASKS: Final = 65_536
_CREATED: Final = 201
_LATER: Final = (429, 503)


class _Answer(msgspec.Struct):
    """What counts of a batch's result; its receipt is left unread."""

    code: int
    id: str = ""
    type: str = ""
    detail: str = ""
    remedy: str = ""
    field: str = ""
    rule: str = ""
    existing: dict[str, Any] | None = None

    def error(self) -> CrowdLedgerError | None:
        """The error that it tells of."""
        if self.code in (200, _CREATED):
            return None
        members = {name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name)}
        return error_of(members, self.code)


class _Reply(msgspec.Struct):
    results: list[_Answer]


_DECODER: Final = msgspec.json.Decoder(_Reply)


@dataclass(slots=True)
class Outcome:
    """What became of a batch. ``written`` and ``known`` count things by kind; ``used`` counts rows."""

    used: int = 0
    written: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)


class Sender(Connection):
    """The service, and the tasks that it was sent lately. ``tasks`` is for one thread, ``rest`` for many."""

    def __init__(self, base_url: str, key: str, campaign: str) -> None:
        super().__init__(base_url, key, patience_seconds=0)
        self._campaign = campaign
        self._tasks: OrderedDict[str, bytes] = OrderedDict()
        self._decisions: dict[str, str] = {}
        self.stopped = threading.Event()
        """Set: whoever waits gives up."""

    def tasks(self, rows: Sequence[Prepared], outcome: Outcome) -> list[Prepared]:
        """Send the tasks that the service may not have; the rows that go on."""
        new = {piece: digest for row in rows for piece in row.tasks if (digest := self._unknown(piece)) is not None}
        answers = self._sent(f"/v1/campaigns/{self._campaign}/tasks/batch", list(new))
        errors = _errors(new, answers, "task", outcome)
        for piece, digest in new.items():
            if piece not in errors:
                self._tasks[piece.id] = digest
                if len(self._tasks) > KNOWN_TASKS:
                    self._tasks.popitem(last=False)
        return _without(rows, [row.tasks for row in rows], errors, "task", outcome)

    def rest(self, rows: Sequence[Prepared], outcome: Outcome) -> Outcome:
        """Send contributions, then decisions on those that are recorded."""
        for kind, path in (("contribution", "/v1/contributions/batch"), ("decision", "/v1/decisions/batch")):
            of_rows = [row.contributions if kind == "contribution" else row.decisions for row in rows]
            pieces = [piece for pieces in of_rows for piece in pieces]
            answers = self._sent(path, pieces)
            if kind == "decision":
                answers = self._changed(path, pieces, answers, rows)
            errors = _errors(pieces, answers, kind, outcome)
            rows = _without(rows, of_rows, errors, kind, outcome)
        outcome.used += len(rows)
        return outcome

    def _changed(
        self, path: str, pieces: Sequence[Piece], answers: list[_Answer], rows: Sequence[Prepared]
    ) -> list[_Answer]:
        """Decisions with which the platform changes its mind are sent again, as superseding the one they change."""
        changes = {name: earlier for row in rows for name, earlier in row.changes.items()}
        again = changed(pieces, [answer.error() for answer in answers], changes, self._decision)
        for place, answer in zip(again, self._sent(path, list(again.values())), strict=True):
            answers[place] = answer
        return answers

    def _decision(self, own: str) -> str | None:
        """The id of the decision that the platform calls so, asked for once. Raises UnavailableError in the end."""
        found = self._decisions.get(own) or self._asked(own)
        if found is not None:
            if len(self._decisions) >= KNOWN_TASKS:
                self._decisions.clear()
            self._decisions[own] = found
        return found

    def _asked(self, own: str) -> str | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return known_id(self._send("GET", "/v1/entries", query={"external_id": own, "kind": "decision.made"}))
            except UnavailableError as error:
                wait_seconds = error.retry_after_seconds
                if time.monotonic() + wait_seconds > deadline or self.stopped.wait(wait_seconds):
                    raise

    def _unknown(self, piece: Piece) -> bytes | None:
        """The digest of a task that is not known to be there."""
        digest = hashlib.blake2b(piece.body, digest_size=16).digest()
        if self._tasks.get(piece.id) != digest:
            return digest
        self._tasks.move_to_end(piece.id)
        return None

    def _sent(self, path: str, pieces: Sequence[Piece]) -> list[_Answer]:
        """The answers to all of them, in as many requests as it takes."""
        answers: list[_Answer] = []
        for begin in range(0, len(pieces), wire.MAX_BATCH_ITEMS):
            answers += self._sent_some(path, pieces[begin : begin + wire.MAX_BATCH_ITEMS])
        return answers

    def _sent_some(self, path: str, pieces: Sequence[Piece]) -> list[_Answer]:
        """Ask again for what could not be taken yet: every item is idempotent. Raises UnavailableError in the end."""
        found: list[_Answer | None] = [None] * len(pieces)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            waiting = [place for place, answer in enumerate(found) if answer is None]
            late: UnavailableError | None = None
            try:
                for place, answer in zip(waiting, self._ask(path, [pieces[each] for each in waiting]), strict=True):
                    if answer.code not in _LATER:
                        found[place] = answer
                    elif isinstance(error := answer.error(), UnavailableError):
                        late = error
            except UnavailableError as error:
                late = error
            if late is None:
                return [answer for answer in found if answer is not None]
            if time.monotonic() + late.retry_after_seconds > deadline or self.stopped.wait(late.retry_after_seconds):
                raise late

    def _ask(self, path: str, pieces: Sequence[Piece]) -> list[_Answer]:
        """One request; what makes a whole request unreadable is found by halves."""
        body = b'{"items":[' + b",".join(piece.body for piece in pieces) + b"]}"
        try:
            reply = self._send("POST", path, body).content
        except (MalformedError, FieldError, TooLargeError) as error:
            if len(pieces) == 1:
                return [_Answer(error.status, type=f"/problems/{error.slug}", detail=error.detail, remedy=error.remedy)]
            half = len(pieces) // 2
            return self._ask(path, pieces[:half]) + self._ask(path, pieces[half:])
        try:
            answers = _DECODER.decode(reply).results
        except msgspec.MsgspecError as error:
            raise FormatError(f"The service's reply to {path} is not what this client knows: {error}.") from error
        if len(answers) != len(pieces):
            raise FormatError(f"The service answered {len(answers)} results to {len(pieces)} items.")
        return answers


def _errors(
    pieces: Sequence[Piece] | dict[Piece, bytes], answers: Sequence[_Answer], kind: str, outcome: Outcome
) -> dict[Piece, CrowdLedgerError]:
    """What the service refused of these; the others are counted."""
    errors: dict[Piece, CrowdLedgerError] = {}
    for piece, answer in zip(pieces, answers, strict=True):
        error = answer.error()
        if error is not None:
            errors[piece] = error
        elif answer.code == _CREATED:
            outcome.written[kind] += 1
        else:
            outcome.known[kind] += 1
    return errors


def _without(
    rows: Sequence[Prepared],
    of_rows: Sequence[tuple[Piece, ...]],
    errors: dict[Piece, CrowdLedgerError],
    kind: str,
    outcome: Outcome,
) -> list[Prepared]:
    """The rows of which nothing was refused."""
    if not errors:
        return list(rows)
    good = []
    for row, pieces in zip(rows, of_rows, strict=True):
        refused = next((piece for piece in pieces if piece in errors), None)
        if refused is None:
            good.append(row)
        else:
            error = errors[refused]
            reason = _reason(kind, refused, error)
            if kind == "decision" and row.contributions:
                reason = f"The contribution is recorded, its decision is not. {reason}"
            outcome.refused.append(row.refuse(reason, error.remedy))
    return good


def _reason(kind: str, piece: Piece, error: CrowdLedgerError) -> str:
    reason = f"The {kind} {piece.id}: {error.detail}"
    if isinstance(error, IdReusedError) and error.existing is not None:
        reason += f" See {error.existing['url']}."
    return reason
