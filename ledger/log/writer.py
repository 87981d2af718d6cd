"""The one writer of a log in this process: a bounded queue, groups, and a reply with the receipt after each commit.

A group is whatever arrived while the one before was committed, so a lone request waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ledger.db import Database
from ledger.db.loading import Loaded
from ledger.db.rows import CheckpointRow
from ledger.db.store import Change, Head
from ledger.errors import (
    ConfigError,
    CrowdLedgerError,
    QueueFullError,
    UnavailableError,
)
from ledger.log.items import Item, Written
from ledger.log.naming import named
from ledger.log.plan import Outcome, Planned, Repeated, plan
from ledger.log.reader import Reader
from ledger.log.requests import Request, prepare
from ledger.statements.signatures import Domain
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.merkle import Growth
from ledger.tree.receipts import Receipt

_logger = logging.getLogger(__name__)

Clock = Callable[[], int]
Result = Written | CrowdLedgerError

_ANSWERS_AT_A_TIME = 256
"""Receipts made before other work of the event loop gets its turn."""


def system_clock_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class _Ticket:
    """The results that one caller waits for."""

    def __init__(self, count: int) -> None:
        self.future: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        self._results: list[Result | None] = [None] * count
        self._missing = count

    def settle(self, position: int, result: Result) -> None:
        self._results[position] = result
        self._missing -= 1
        if self._missing == 0 and not self.future.done():  # done already if the caller went away
            self.future.set_result([each for each in self._results if each is not None])


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: Request
    ticket: _Ticket
    position: int


@dataclass(frozen=True, slots=True)
class _Group:
    """What was planned and, where something was appended, the proofs of the new entries and their checkpoint."""

    outcomes: list[Outcome]
    first_index: int
    proofs: list[list[bytes]]
    note: str


class Writer:
    """Appends to one log. An async context manager: leaving it answers what is queued, then stops.

    After a start writes are refused until ``allow_writes`` was called, when the log was compared with its anchor.
    """

    def __init__(
        self,
        database: Database,
        log: str,
        signer: LogSigner,
        *,
        queue_limit: int = 20_000,
        group_limit: int = 1_000,
        group_bytes: int = 8 * 2**20,
        clock: Clock = system_clock_ms,
        domain: Domain | None = None,
        own_clock: bool = False,
    ) -> None:
        """``queue_limit`` counts items not answered yet; ``domain`` is where EIP-712 signatures count.

        ``own_clock`` is for a log without a chain, where no block's time can confirm a pause of more than a day.
        """
        self._store = database.store(log)
        self._reader = Reader(database, log)
        self._log = log
        self._signer = signer
        self._queue_limit = queue_limit
        self._group_limit = group_limit
        self._group_bytes = group_bytes
        self._clock = clock
        self._domain = domain
        self._own_clock = own_clock
        self._confirmed_ms: int | None = None
        self._stopped: UnavailableError | None = UnavailableError(
            "The service has just started and has not compared its log with the anchored one yet."
        )
        self._closing = False
        self._queue: deque[_Waiting] = deque()
        self._unanswered = 0
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"writer of {self._log}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Take no more, commit and answer what is queued."""
        self._closing = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        if self._answers:
            await asyncio.wait(self._answers)
        await self._store.close()

    def stop_writes(self, error: UnavailableError) -> None:
        """Refuse all writes with ``error`` from now on, those that are queued included."""
        self._stopped = error

    def allow_writes(self) -> None:
        """Take writes: the log agrees with its anchor."""
        self._stopped = None

    def confirm_time(self, confirmed_ms: int) -> None:
        """A block's time, or an operator's: lets ``at`` move more than a day beyond the last entry, up to it."""
        self._confirmed_ms = max(confirmed_ms, self._confirmed_ms or 0)

    @property
    def writes_allowed(self) -> bool:
        """Whether a write would be taken now."""
        return self._stopped is None and not self._closing

    async def write(self, item: Item) -> Written:
        """Write one item; returns after its commit. Raises what ``write_many`` returns or raises."""
        (result,) = await self.write_many([item])
        if isinstance(result, CrowdLedgerError):
            raise result
        return result

    async def write_many(self, items: Sequence[Item]) -> list[Result]:
        """Write items, each by itself; the results are in their order.

        Raises QueueFullError, or UnavailableError (LogDivergedError) where no write is taken; then none was.
        A caller that goes away while waiting does not undo anything.
        """
        self._check_open()
        if not items:
            return []
        if self._unanswered + len(items) > self._queue_limit:
            raise QueueFullError(f"{self._unanswered} items wait already.")
        ticket = _Ticket(len(items))
        for position, item in enumerate(items):
            try:
                waiting = _Waiting(prepare(item), ticket, position)
            except CrowdLedgerError as error:
                ticket.settle(position, error)
                continue
            self._queue.append(waiting)
            self._unanswered += 1
        self._arrived.set()
        return await ticket.future

    def _check_open(self) -> None:
        if self._stopped is not None:
            raise self._stopped.with_traceback(None)
        if self._closing or self._task is None:
            raise UnavailableError("The service is stopping.")

    async def _run(self) -> None:
        while self._queue or not self._closing:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                await asyncio.sleep(0)  # others that became ready in the same moment join the group
                continue
            group = self._take()
            try:
                if self._stopped is not None:
                    raise self._stopped.with_traceback(None)
                committed = await self._commit([waiting.request for waiting in group])
            except CrowdLedgerError as error:
                self._settle_all(group, error)
            except Exception:  # the writer must outlive a fault of ours; nothing of the group is stored
                _logger.exception("A group of %d items could not be written.", len(group))
                self._settle_all(group, CrowdLedgerError("The items could not be written."))
            else:
                # Receipts are made while the next group is committed.
                answer = asyncio.create_task(self._answer(group, committed))
                self._answers.add(answer)
                answer.add_done_callback(self._answers.discard)

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._queue and len(group) < self._group_limit and size < self._group_bytes:
            waiting = self._queue.popleft()
            size += len(waiting.request.canonical)
            group.append(waiting)
        return group

    async def _commit(self, requests: list[Request]) -> _Group:
        now_ms = self._clock()

        def work(head: Head, loaded: Loaded) -> Change[_Group]:
            return self._grow(head, loaded, requests, now_ms)

        return await self._store.append(named(requests), work)

    def _grow(self, head: Head, loaded: Loaded, requests: list[Request], now_ms: int) -> Change[_Group]:
        """Runs under the head's lock: plan, append to the tree, sign."""
        key = self._signer.verifier_key
        if (head.origin, head.vkey) != (key.name, key.vkey):
            raise ConfigError(f"The log '{self._log}' is of '{head.vkey}', not of this service's key '{key.vkey}'.")
        planned = plan(
            head,
            loaded,
            requests,
            now_ms,
            domain=self._domain,
            confirmed_ms=now_ms if self._own_clock else self._confirmed_ms,
        )
        if not planned.leaf_hashes:
            return Change(_Group(planned.outcomes, head.tree.size, [], ""))
        growth = Growth(head.tree, planned.leaf_hashes)
        note = sign(Checkpoint(head.origin, growth.size, growth.after.root()), self._signer)
        planned.rows.add(CheckpointRow(growth.size, note))
        group = _Group(planned.outcomes, head.tree.size, growth.inclusion_proofs(), note)
        return Change(group, growth.after, planned.at_ms, note, growth.new_nodes(), planned.rows)

    async def _answer(self, group: list[_Waiting], committed: _Group) -> None:
        repeated: list[tuple[_Waiting, Repeated]] = []
        for number, (waiting, outcome) in enumerate(zip(group, committed.outcomes, strict=True)):
            if number % _ANSWERS_AT_A_TIME == _ANSWERS_AT_A_TIME - 1:
                await asyncio.sleep(0)
            match outcome:
                case Planned():
                    self._settle(waiting, self._written_or_error(outcome, committed))
                case Repeated():
                    repeated.append((waiting, outcome))
                case error:
                    self._settle(waiting, error)
        if repeated:
            await self._answer_repeated(repeated)

    def _written_or_error(self, planned: Planned, committed: _Group) -> Result:
        try:
            return self._written(planned, committed)
        except Exception:  # the entry is committed; whoever asks again gets its receipt from the reader
            _logger.exception("The receipt of entry %d could not be made.", planned.index)
            return CrowdLedgerError(f"Entry {planned.index} is written, but its receipt could not be made.")

    def _written(self, planned: Planned, committed: _Group) -> Written:
        proof = committed.proofs[planned.index - committed.first_index]
        receipt = Receipt.issue(self._signer.verifier_key, planned.statement, planned.index, proof, committed.note)
        return Written(
            id=planned.id,
            index=planned.index,
            repeated=False,
            statement=planned.statement,
            receipt=receipt.encode(),
            opening=planned.opening.encode() if planned.opening else None,
        )

    async def _answer_repeated(self, repeated: list[tuple[_Waiting, Repeated]]) -> None:
        try:
            receipts = await self._reader.receipts([outcome.index for _, outcome in repeated])
            openings = await self._reader.openings([(outcome.kind, outcome.id) for _, outcome in repeated])
        except Exception as error:
            _logger.exception("Receipts of repeated items could not be read.")
            failed = error if isinstance(error, CrowdLedgerError) else CrowdLedgerError("The receipt cannot be read.")
            self._settle_all([waiting for waiting, _ in repeated], failed)
            return
        for waiting, outcome in repeated:
            receipt = receipts[outcome.index]
            opening = openings.get((outcome.kind, outcome.id))
            written = Written(
                id=outcome.id,
                index=outcome.index,
                repeated=True,
                statement=receipt.statement,
                receipt=receipt.encode(),
                opening=opening.encode() if opening else None,
            )
            self._settle(waiting, written)

    def _settle(self, waiting: _Waiting, result: Result) -> None:
        self._unanswered -= 1
        waiting.ticket.settle(waiting.position, result)

    def _settle_all(self, group: Sequence[_Waiting], error: CrowdLedgerError) -> None:
        for waiting in group:
            self._settle(waiting, error)
