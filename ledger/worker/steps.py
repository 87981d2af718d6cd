"""A step of the worker: compares the contracts with the log and closes the difference.

A restart is an ordinary step. Every part looks at what is and does what is missing, so that a crash, a second worker
and a reorganisation of the chain are all the same case.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ledger import spans
from ledger.chain.answers import Block
from ledger.chain.successors import Line
from ledger.errors import ChainError, ClockError, CrowdLedgerError, LogDivergedError, TransactionError
from ledger.worker.anchoring import Anchoring
from ledger.worker.comparing import Comparison
from ledger.worker.context import Context
from ledger.worker.indexing import Indexing
from ledger.worker.relaying import Relaying
from ledger.worker.reporting import Reporting
from ledger.worker.requests import Requests
from ledger.worker.retention import Retention
from ledger.worker.sending import Sender
from ledger.worker.settling import Settling
from ledger.worker.succeeding import Succeeding
from ledger.worker.ticking import tick


@contextmanager
def _kept(failures: list[TransactionError]) -> Iterator[None]:
    """Keep the error of a refused transaction for later: what one account cannot do does not keep the others."""
    try:
        yield
    except TransactionError as error:
        failures.append(error)


class Steps:
    """The steps of one worker of one log. They are sequential: nothing here runs twice at a time."""

    def __init__(self, context: Context, retention_days: int | None = None) -> None:
        self._context = context
        self._requests = Requests(context)
        self._sender = Sender(context)
        self._comparison = Comparison(context)
        self._indexing = Indexing(context)
        self._anchoring = Anchoring(context, self._sender, self._requests)
        self._succeeding = Succeeding(context, self._sender, self._comparison)
        self._settling = Settling(context, self._sender, self._requests)
        self._relaying = Relaying(context, self._sender)
        self._retention = Retention(context, retention_days)
        self._reporting = Reporting(context, self._sender, self._anchoring, self._settling, self._relaying)
        self._compared = False

    @property
    def compared(self) -> bool:
        """Whether our log was the anchored one when we looked first."""
        return self._compared

    async def step(self) -> bool:
        """Do everything that is due; False while another worker leads.

        Raises ChainError while the chain cannot be used or refuses something: what could be done is done, and the next
        step tries again. Raises LogDivergedError where our log is not the anchored one, or its rows are not what its
        key signed: then nothing may go on.
        """
        if not await self._context.hold():
            return False
        try:
            await self._do()
        except CrowdLedgerError as error:
            if isinstance(error, LogDivergedError):
                self._context.entries.stop_writes(error)
            with suppress(CrowdLedgerError):  # what counts is what went wrong first
                await self._reporting.tell(error)
            raise
        await self._reporting.tell(None)
        return True

    async def _do(self) -> None:
        chain = self._context.chain
        try:
            with spans.span("worker.compare"):
                await chain.connect()
                await self._compare_surely()
                latest, finalized = await chain.block("latest"), await chain.finalized()
        except ChainError:
            with suppress(ClockError):  # what would confirm the clock is gone
                await self._do_without_chain()
            raise
        # Before anything is written: after a day without entries the log takes none until the clock is confirmed.
        self._context.entries.confirm_time(latest.timestamp * 1000)
        await self._do_without_chain()
        await self._chain_step(latest, finalized)

    async def _do_without_chain(self) -> None:
        await self._context.follow()
        if self._compared:
            await tick(self._context)
            await self._retention.erase()

    async def _chain_step(self, latest: Block, finalized: Block) -> None:
        chain = self._context.chain
        await self._requests.look()
        with spans.span("worker.look_after"):
            await self._sender.look_after(finalized)
        await self._context.renew()
        with spans.span("worker.index"):
            whole = await self._indexing.index(finalized)
        await tick(self._context)
        self._requests.covered(finalized.timestamp * 1000 if whole else 0, self._context.book.size)
        failures: list[TransactionError] = []
        line = await self._comparison.compare_again()  # what was sent before may be mined by now
        with spans.span("worker.anchor"):
            line = await self._anchor(line, latest, finalized, failures)
        newest = await chain.block("latest")
        await self._context.renew()
        with _kept(failures), spans.span("worker.succeed"):
            line = await self._succeeding.follow(line, newest)
        with _kept(failures), spans.span("worker.settle"):
            await self._settling.settle(line.current.head, newest)
        await self._context.renew()
        with _kept(failures), spans.span("worker.relay"):
            await self._relaying.relay()
        await self._indexing.follow_claims(await chain.block("latest"), finalized)
        await self._reporting.look_at_balances()
        if failures:
            raise failures[0]

    async def _anchor(self, line: Line, latest: Block, finalized: Block, failures: list[TransactionError]) -> Line:
        """Anchor what is due, note what is anchored, and answer who asked for it; the line as it is then."""
        own = await self._succeeding.own_log(line)
        with _kept(failures):
            if await self._anchoring.anchor(own, line.newest.head, latest):
                line = await self._comparison.compare_again()
                own = await self._succeeding.own_log(line)
        logs = {log.log_id: log for log in (*line.logs, *((own,) if own else ()))}
        newest = await self._context.chain.block("latest")
        await self._anchoring.note(logs, newest, finalized)
        size = max(log.head.size for log in logs.values())
        await self._requests.finish(self._requests.ready("anchor", size), f"Anchored at {size}.")
        return line

    async def _compare_surely(self) -> None:
        """Compare; what one node alone says must not stop the log while another one says otherwise."""
        try:
            await self._compare()
        except LogDivergedError as error:
            self._context.chain.doubt(error.detail)
            try:
                await self._context.chain.connect()
                await self._compare()
            except (ChainError, LogDivergedError):
                raise error from None

    async def _compare(self) -> None:
        await self._comparison.compare()
        if not self._compared:
            self._context.entries.allow_writes()
            self._compared = True
