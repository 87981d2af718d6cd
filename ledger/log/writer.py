"""The one writer of a log in this process: a bounded queue, groups, and a reply with the receipt after each commit.

A group is whatever arrived while the one before was committed and a few turns of the event loop after it; a lone
request waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Self

from ledger import spans
from ledger.db import Database
from ledger.db.loading import Loaded
from ledger.db.rows import CheckpointRow
from ledger.db.store import Change, Head
from ledger.errors import CrowdLedgerError, LogDivergedError, QueueFullError, UnavailableError
from ledger.log.groups import Group, receipts_of, written_of
from ledger.log.items import Item, Written
from ledger.log.naming import named
from ledger.log.plan import Planned, Repeated, plan
from ledger.log.reader import Reader
from ledger.log.requests import Request, prepare
from ledger.log.signed_heads import SignedHeads
from ledger.log.waiting import Lone, Result, Ticket, Traced, Waiting, prepared
from ledger.statements.signatures import Domain
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.growth import Growth

_logger = logging.getLogger(__name__)

Clock = Callable[[], int]

_PATIENCE = 5
"""Turns of the event loop until those who were answered together have come again: fewer groups, each with a commit."""
_ANSWERS_AT_A_TIME = 256
"""Receipts made before other work of the event loop gets its turn."""
_OLD_KEY = "Operator: set log_key_file to the file of the log's newest key and start the service anew."


def system_clock_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


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
        queue_bytes: int = 64 * 2**20,
        group_limit: int = 1_000,
        group_bytes: int = 8 * 2**20,
        clock: Clock = system_clock_ms,
        domain: Domain | None = None,
        own_clock: bool = False,
        successor: LogSigner | None = None,
        turn: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        """``queue_limit`` counts items not answered yet, ``queue_bytes`` what they hold: a few large ones fill it too.

        ``domain`` is where EIP-712 signatures count. ``own_clock`` is for a log without a chain, where no block's time
        can confirm a pause of more than a day. ``successor`` signs from the group on that rotates the log's key to it.
        ``turn`` is a lock that writers to one SQLite file share: the file's own gives no turns, and a writer that is
        busy would leave the others waiting.
        """
        self._store = database.store(log)
        self._reader = Reader(database, log)
        self._log = log
        self._signers = {each.verifier_key.vkey: each for each in (signer, successor) if each is not None}
        self._queue_limit = queue_limit
        self._queue_bytes = queue_bytes
        self._group_limit = group_limit
        self._group_bytes = group_bytes
        self._clock = clock
        self._domain = domain
        self._own_clock = own_clock
        self._turn = turn or nullcontext()
        self._heads = SignedHeads()
        self._confirmed_ms: int | None = None
        self._stopped: UnavailableError | None = UnavailableError(
            "The service has just started and has not compared its log with the anchored one yet."
        )
        self._closing = False
        self._queue: deque[Waiting] = deque()
        self.unanswered = 0
        """Items that are not answered yet."""
        self.repeated = 0
        """Items that had been written before, and got their first receipt again."""
        self._unanswered_bytes = 0
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()  # to ask for it is a call of the system
        self._task = self._loop.create_task(self._run(), name=f"writer of {self._log}")
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
        request = prepare(item)
        return await self._write(request, len(request.canonical))

    def write_made(self, make: Callable[[], Item], size: int) -> Coroutine[Any, Any, Written]:
        """Write the item that ``make`` gives when its group is put together, or raise what it raises.

        ``size`` is how many bytes it keeps until then. Many items made one after the other take a fraction of the time
        that each takes between other work.
        """
        return self._write(make, size)

    async def _write(self, request: Request | Callable[[], Item], size: int) -> Written:
        self.check_open()
        ticket = Traced(self._loop, spans.here()) if spans.on else Lone(self._loop)
        self._enqueue((Waiting(request, ticket, 0, size),), size)
        result = await ticket.future
        if isinstance(result, CrowdLedgerError):
            raise result
        return result

    async def write_many(self, items: Sequence[Item]) -> list[Result]:
        """Write items, each by itself; the results are in their order.

        Raises QueueFullError, or UnavailableError (LogDivergedError) where no write is taken; then none was.
        A caller that goes away while waiting does not undo anything.
        """
        self.check_open(len(items))
        if not items:
            return []
        ticket = Ticket(len(items), spans.here())
        ready = []
        size = 0
        for position, item in enumerate(items):
            try:
                request = prepare(item)
            except CrowdLedgerError as error:
                ticket.settle(position, error)
            else:
                ready.append(Waiting(request, ticket, position, len(request.canonical)))
                size += len(request.canonical)
        self._enqueue(ready, size)
        return await ticket.future

    def _enqueue(self, items: Sequence[Waiting], size: int) -> None:
        """All of them, of ``size`` together, or none.

        Whatever finds the queue empty has room, so that nothing is too large for ever.
        """
        if self.unanswered and self._unanswered_bytes + size > self._queue_bytes:
            raise QueueFullError(f"Items of {self._unanswered_bytes} bytes wait already.")
        self._queue.extend(items)
        self.unanswered += len(items)
        self._unanswered_bytes += size
        self._arrived.set()

    def check_open(self, count: int = 1) -> None:
        """Raise what so many writes would raise now: UnavailableError, QueueFullError."""
        if self._stopped is not None:
            raise self._stopped.with_traceback(None)
        if self._closing or self._task is None:
            raise UnavailableError("The service is stopping.")
        if self.unanswered + count > self._queue_limit:
            raise QueueFullError(f"{self.unanswered} items wait already.")

    async def _run(self) -> None:
        patience = 1
        while self._queue or not self._closing:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._gather(patience)
            group, requests = self._take()
            patience = _PATIENCE if len(group) > 1 else 1  # whoever was alone waits for nobody
            if not group:
                continue
            try:
                if self._stopped is not None:
                    raise self._stopped.with_traceback(None)
                committed = await self._commit(group, requests)
            except LogDivergedError as error:
                if self._stopped is None:  # no later group is better: /ready says so, and the operator's log
                    _logger.critical("%s", error)
                    self.stop_writes(error)
                self._settle_all(group, error)
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

    async def _gather(self, patience: int) -> None:
        """Let others join the group until ``patience`` turns of the event loop in a row have brought nobody.

        There is one turn in any case: a quick commit gives none, and a long queue must not keep others waiting.
        """
        quiet = 0
        while quiet < patience:
            size = len(self._queue)
            await asyncio.sleep(0)
            if size >= self._group_limit:
                return
            quiet = 0 if size < len(self._queue) else quiet + 1

    def _take(self) -> tuple[list[Waiting], list[Request]]:
        """The next group, with its requests; items that cannot be prepared count as well and are answered at once."""
        group: list[Waiting] = []
        requests: list[Request] = []
        taken = size = 0
        while self._queue and taken < self._group_limit and size < self._group_bytes:
            waiting = self._queue.popleft()
            taken += 1
            size += waiting.size
            request = prepared(waiting)
            if isinstance(request, Request):
                group.append(waiting)
                requests.append(request)
            else:
                self._settle(waiting, request)
        return group, requests

    async def _commit(self, group: list[Waiting], requests: list[Request]) -> Group:
        now_ms = self._clock()

        def work(head: Head, loaded: Loaded) -> Change[Group]:
            return self._grow(head, loaded, requests, now_ms)

        with self._span(group) if spans.on else spans.NOTHING as span:
            async with self._turn:
                committed = await self._store.append(named(requests), work)
            if committed.growth is not None:
                self._heads.committed(committed.growth.size)
                if span is not None:
                    span.note(entries=committed.growth.size - committed.growth.before.size, size=committed.growth.size)
            return committed

    def _span(self, group: list[Waiting]) -> AbstractContextManager[spans.Span | None]:
        askers = (waiting.ticket.asker for waiting in group)
        return spans.span("log.append", askers=askers, log=self._log, items=len(group))

    def _grow(self, head: Head, loaded: Loaded, requests: list[Request], now_ms: int) -> Change[Group]:
        """Runs under the head's lock: see that the head is the key's own, plan, append to the tree, sign."""
        if head.vkey in self._signers:
            self._heads.check(head, self._signers[head.vkey].verifier_key)
        planned = plan(
            head,
            loaded,
            requests,
            now_ms,
            domain=self._domain,
            confirmed_ms=now_ms if self._own_clock else self._confirmed_ms,
        )
        vkey = planned.vkey or head.vkey
        signer = self._signers.get(vkey)
        if signer is None:
            raise UnavailableError(f"The log's key is '{vkey}'; this service has another one.", remedy=_OLD_KEY)
        key = signer.verifier_key
        if not planned.leaf_hashes:
            return Change(Group(planned.outcomes, key))
        growth = Growth(head.tree, planned.leaf_hashes)
        note = sign(Checkpoint(head.origin, growth.size, growth.after.root()), signer)
        self._heads.signed(growth.after)
        planned.rows.add(CheckpointRow(growth.size, note))
        group = Group(planned.outcomes, key, growth, note)
        return Change(group, growth.after, planned.at_ms, note, growth.new_nodes(), planned.rows, planned.vkey)

    async def _answer(self, group: list[Waiting], committed: Group) -> None:
        repeated: list[tuple[Waiting, Repeated]] = []
        receipts = receipts_of(committed)
        for number, (waiting, outcome) in enumerate(zip(group, committed.outcomes, strict=True)):
            if number % _ANSWERS_AT_A_TIME == _ANSWERS_AT_A_TIME - 1:
                await asyncio.sleep(0)
            match outcome:
                case Planned():
                    self._settle(waiting, written_of(outcome, receipts))
                case Repeated():
                    repeated.append((waiting, outcome))
                case error:
                    self._settle(waiting, error)
        if repeated:
            self.repeated += len(repeated)
            await self._answer_repeated(repeated)

    async def _answer_repeated(self, repeated: list[tuple[Waiting, Repeated]]) -> None:
        try:
            results = await self._first_results([outcome for _, outcome in repeated])
        except Exception as error:
            _logger.exception("Receipts of repeated items could not be read.")
            failed = error if isinstance(error, CrowdLedgerError) else CrowdLedgerError("The receipt cannot be read.")
            self._settle_all([waiting for waiting, _ in repeated], failed)
            return
        for (waiting, _), written in zip(repeated, results, strict=True):
            self._settle(waiting, written)

    async def _first_results(self, repeated: Sequence[Repeated]) -> list[Written]:
        receipts = await self._reader.receipts([each.index for each in repeated])
        openings = await self._reader.openings([(each.kind, each.id) for each in repeated])
        results = []
        for each in repeated:
            receipt, opening = receipts[each.index], openings.get((each.kind, each.id))
            results.append(
                Written(
                    id=each.id,
                    index=each.index,
                    repeated=True,
                    statement=receipt.statement,
                    receipt=receipt.encode(),
                    opening=opening.encode() if opening else None,
                )
            )
        return results

    def _settle(self, waiting: Waiting, result: Result) -> None:
        self.unanswered -= 1
        self._unanswered_bytes -= waiting.size
        waiting.ticket.settle(waiting.position, result)

    def _settle_all(self, group: Sequence[Waiting], error: CrowdLedgerError) -> None:
        for waiting in group:
            self._settle(waiting, error)
