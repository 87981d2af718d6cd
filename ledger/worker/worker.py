"""The worker: steps on a timer, on real nodes, a database and the system's clock."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from ledger import spans
from ledger.chain.deployments import Deployment
from ledger.chain.nodes import Nodes
from ledger.config import Config
from ledger.db import Database
from ledger.errors import ChainError, ConfigError, CrowdLedgerError, LogDivergedError
from ledger.log.writer import Writer, system_clock_ms
from ledger.worker.context import Context, Pace, Signers
from ledger.worker.heap import give_back
from ledger.worker.publishing import Publishing
from ledger.worker.real.chain import NodesChain
from ledger.worker.real.clock import SystemClock, ThreadWork
from ledger.worker.real.log import WriterLog
from ledger.worker.real.rows import DatabaseRows
from ledger.worker.real.signing import ThreadSigning
from ledger.worker.sending import FeePolicy
from ledger.worker.sharing import Sharing
from ledger.worker.steps import Steps

_LOGGER = logging.getLogger(__name__)
_MOST_BACKOFF_SECONDS = 60.0
_GIVE_BACK_SECONDS = 30.0


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
        lease_seconds: float | None = None,
        now_ms: Callable[[], int] = system_clock_ms,
    ) -> None:
        nodes = Nodes(
            config.rpc_urls,
            deployment.chain_id,
            timeout=config.node_timeout_seconds,
            lag_seconds=config.node_lag_seconds,
        )
        self._chain = NodesChain(nodes, deployment, finality_depth=config.finality_depth, keep=self._keep_lease)
        rows = DatabaseRows(database, config.log, deployment)
        self.context = Context(
            log=config.log,
            deployment=deployment,
            chain=self._chain,
            rows=rows,
            entries=WriterLog(database, config.log, writer, config.log_signer().verifier_key),
            signing=ThreadSigning(),
            clock=SystemClock(now_ms),
            work=ThreadWork(self._keep_lease),
            signers=signers,
            pace=_pace(config, config.lease_seconds if lease_seconds is None else lease_seconds),
            fees=FeePolicy(cap=config.fee_cap_wei, replace_after=config.replace_after_seconds),
            holder=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        )
        self.core = Steps(self.context, config.content_retention_days)
        self._sharing = Sharing(self.context, database)
        self._publishing = Publishing(self.context, rows)
        self._interval = config.worker_interval_seconds

    async def _keep_lease(self) -> None:
        await self.context.keep()

    async def close(self) -> None:
        """Give up the lease and the connections."""
        self._chain.close()
        await self.context.rows.release()

    async def step(self) -> bool:
        """One step: see :meth:`Steps.step`. Then what explains a settlement is kept for everybody to see, and platforms
        are told of what happened, whatever the chain does."""
        with spans.span("worker.step", log=self.context.log):
            if not self.context.token:
                await self._publishing.prepare()
            try:
                leads = await self.core.step()
            except ChainError:
                await self._publish()
                raise
            spans.note(leads=leads, size=self.context.book.size)
            if leads:
                with spans.span("worker.share"):
                    await self._sharing.keep()
                await self._publish()
            return leads

    async def _publish(self) -> None:
        if self.core.compared and self.context.token:
            with spans.span("worker.publish"):
                await self._publishing.publish(self._sharing.whole)

    async def run(self, stop: asyncio.Event) -> None:
        """Step until ``stop`` is set; what fails is said once and tried again, later each time.

        Raises LogDivergedError and ConfigError, which only an operator can end.
        """
        said, failures = "", 0
        # Whoever leads goes on leading while it fails, and says how it is: the lease is renewed in each step.
        longest = max(self._interval, min(_MOST_BACKOFF_SECONDS, self.context.pace.lease_seconds / 2))
        gave_back = time.monotonic()
        while not stop.is_set():
            problem = await self._try_step()
            failures = failures + 1 if problem else 0
            if problem != said:
                _LOGGER.log(logging.WARNING if problem else logging.INFO, "%s", problem or "It works again.")
            said = problem
            if time.monotonic() > gave_back + _GIVE_BACK_SECONDS:
                gave_back = time.monotonic()
                give_back()
            pause = min(self._interval * 2 ** min(failures, 10), longest)
            if self._publishing.more and not problem:
                continue
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
        return "" if leads else "Another worker leads; this one waits."


def _pace(config: Config, lease_seconds: float) -> Pace:
    return Pace(
        anchor_interval=config.anchor_interval_seconds,
        anchor_entries=config.anchor_entries,
        anchor_max_age=config.anchor_max_age_seconds,
        anchor_ceiling=config.anchor_soft_fee_wei,
        settle_automatically=config.settle_automatically,
        settle_interval=config.settle_interval_seconds,
        relay_claims_per_day=config.relay_claims_per_day,
        relay_batch=config.relay_batch,
        low_balance=config.low_balance_wei,
        lease_seconds=lease_seconds,
    )
