"""The worker: compares the contracts with the log on a timer and closes the difference.

A restart is an ordinary step. Every part looks at what is and does what is missing, so that a crash, a second worker
and a reorganisation of the chain are all the same case.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from ledger.chain.answers import Block
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import Node, connect, require_chain
from ledger.chain.successors import Line
from ledger.config import Config
from ledger.db import Database
from ledger.errors import (
    ChainError,
    ConfigError,
    CrowdLedgerError,
    LogDivergedError,
    TransactionError,
)
from ledger.log.reader import Reader
from ledger.log.writer import Writer, system_clock_ms
from ledger.worker.anchoring import Anchoring
from ledger.worker.comparing import Comparison
from ledger.worker.context import Context, Pace, Signers
from ledger.worker.indexing import Indexing
from ledger.worker.lead import Lease
from ledger.worker.relaying import Relaying
from ledger.worker.requests import Requests
from ledger.worker.retention import Retention
from ledger.worker.send import Sender
from ledger.worker.settling import Settling
from ledger.worker.succeeding import Succeeding
from ledger.worker.ticking import tick

_LOGGER = logging.getLogger(__name__)
LEASE_SECONDS = 15.0
_MOST_BACKOFF_SECONDS = 60.0


@contextmanager
def _kept(failures: list[TransactionError]) -> Iterator[None]:
    """Keep the error of a refused transaction for later: what one account cannot do does not keep the others."""
    try:
        yield
    except TransactionError as error:
        failures.append(error)


class Worker:
    """One worker of one log. Steps are sequential: nothing here runs twice at a time."""

    def __init__(
        self,
        config: Config,
        database: Database,
        writer: Writer,
        *,
        deployment: Deployment,
        signers: Signers,
        lease_seconds: float = LEASE_SECONDS,
        now_ms: Callable[[], int] = system_clock_ms,
    ) -> None:
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        context = Context(
            log=config.log,
            deployment=deployment,
            database=database,
            reader=Reader(database, config.log),
            writer=writer,
            lease=Lease(database, config.log, holder, lease_seconds, now_ms),
            signers=signers,
            pace=Pace(
                anchor_interval=config.anchor_interval_seconds,
                anchor_entries=config.anchor_entries,
                settle_automatically=config.settle_automatically,
                settle_interval=config.settle_interval_seconds,
            ),
            now_ms=now_ms,
        )
        self.context = context
        self._urls = config.rpc_urls
        self._interval = config.worker_interval_seconds
        self._requests = Requests(context)
        self._sender = Sender(context)
        self._comparison = Comparison(context)
        self._indexing = Indexing(context)
        self._anchoring = Anchoring(context, self._sender, self._requests)
        self._succeeding = Succeeding(context, self._sender, self._comparison)
        self._settling = Settling(context, self._sender, self._requests)
        self._relaying = Relaying(context, self._sender)
        self._retention = Retention(context, config.content_retention_days)
        self._node: Node | None = None
        self._compared = False

    async def close(self) -> None:
        """Give up the lease and the connections."""
        self._drop_node()
        await self.context.lease.release()

    async def step(self) -> bool:
        """Do everything that is due; False while another worker leads.

        Raises ChainError while the chain cannot be used or refuses something: what could be done is done, and the next
        step tries again. Raises LogDivergedError where our log is not the anchored one: then nothing may go on.
        """
        if not await self.context.lease.hold():
            return False
        failure: ChainError | None = None
        try:
            node = await self._connected()
            line = await self._compare(node)
        except ChainError as error:
            failure = error
        await self.context.follow()
        if self._compared:
            await tick(self.context)
            await self._retention.erase()
        if failure is not None:
            self._drop_node()
            raise failure
        await self._chain_step(node, line)
        return True

    async def _chain_step(self, node: Node, line: Line) -> None:
        latest, finalized = await asyncio.to_thread(lambda: (node.block("latest"), node.block("finalized")))
        self.context.writer.confirm_time(latest.timestamp * 1000)
        await self._requests.look()
        await self._sender.reconcile(node, finalized.number)
        whole = await self._indexing.index(node, finalized)
        await tick(self.context)
        self._requests.covered(finalized.timestamp * 1000 if whole else 0, self.context.book.size)
        failures: list[TransactionError] = []
        line = await self._anchor(node, line, latest, finalized, failures)
        newest = await asyncio.to_thread(node.block, "latest")
        await self.context.renew()
        with _kept(failures):
            line = await self._succeeding.follow(node, line, newest)
        with _kept(failures):
            await self._settling.settle(node, line.current.head.size, newest)
        await self.context.renew()
        with _kept(failures):
            await self._relaying.relay(node)
        if failures:
            raise failures[0]

    async def _anchor(
        self, node: Node, line: Line, latest: Block, finalized: Block, failures: list[TransactionError]
    ) -> Line:
        """Anchor what is due, note what is anchored, and answer who asked for it; the line as it is then."""
        own = await self._succeeding.own_log(node, line)
        with _kept(failures):
            if own is not None and await self._anchoring.anchor(node, own, line.newest.head, latest):
                line = await self._compare(node)
                own = await self._succeeding.own_log(node, line)
        logs = {log.log_id: log for log in (*line.logs, *((own,) if own else ()))}
        newest = await asyncio.to_thread(node.block, "latest")
        await self._anchoring.note(node, logs, newest, finalized)
        size = max(log.head.size for log in logs.values())
        await self._requests.finish(self._requests.ready("anchor", size), f"Anchored at {size}.")
        return line

    async def _connected(self) -> Node:
        """The node that is in use while it answers, else the first that does: every decision reads one node."""
        chain_id = self.context.deployment.chain_id
        if self._node is None:
            self._node = await asyncio.to_thread(connect, self._urls, chain_id)
        else:
            await asyncio.to_thread(require_chain, self._node, chain_id)
        return self._node

    def _drop_node(self) -> None:
        if self._node is not None:
            self._node.close()
            self._node = None

    async def _compare(self, node: Node) -> Line:
        try:
            line = await self._comparison.compare(node)
        except LogDivergedError as error:
            self.context.writer.stop_writes(error)
            raise
        if not self._compared:
            self.context.writer.allow_writes()
            self._compared = True
        return line

    async def run(self, stop: asyncio.Event) -> None:
        """Step until ``stop`` is set; what fails is said once and tried again, later each time.

        Raises LogDivergedError and ConfigError, which only an operator can end.
        """
        said, failures = "", 0
        while not stop.is_set():
            problem = await self._try_step()
            failures = failures + 1 if problem else 0
            if problem != said:
                _LOGGER.log(logging.WARNING if problem else logging.INFO, "%s", problem or "It works again.")
            said = problem
            pause = min(self._interval * 2 ** min(failures, 10), max(self._interval, _MOST_BACKOFF_SECONDS))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def _try_step(self) -> str:
        """One step; what went wrong in words, empty if nothing did."""
        try:
            leads = await self.step()
        except (LogDivergedError, ConfigError):
            raise
        except CrowdLedgerError as error:
            return str(error)
        except (SQLAlchemyError, OSError) as error:
            # The name only: its text can hold the database's URL and rows.
            return f"The database does not answer ({type(error).__name__})."
        return "" if leads else "Another worker leads; this one waits."
