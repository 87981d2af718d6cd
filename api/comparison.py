"""Never fork: after a start, writes wait until our log was compared with the anchored one; then it is compared again.

The RPC nodes are asked every few seconds until one answers. If the contract is ahead of us, or holds another
root at its size, writes stop for good: somebody started an old or a foreign database. While the node is down, serves
another chain or other contracts, writes wait and ``/ready`` says why. Once they go on, no outage of the chain stops
them: nothing does but all nodes that answer saying that the log has diverged since.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from ledger.chain.anchors import OpenedLog, check_deployment, read_head
from ledger.chain.contracts import AnchoredHead
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import connect
from ledger.errors import ChainError, CrowdLedgerError, DatabaseError, LogDivergedError, UnavailableError
from ledger.log.never_fork import Heads, require_same_history, require_same_key

_LOGGER = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 60.0


class Gate(Protocol):
    """The writer, as far as a comparison concerns it."""

    def allow_writes(self) -> None:
        """Writes may go on."""
        ...

    def stop_writes(self, error: UnavailableError) -> None:
        """No write is taken until ``allow_writes``; ``error`` says why."""
        ...

    def confirm_time(self, confirmed_ms: int) -> None:
        """A block's time confirms this machine's clock up to it."""
        ...


class Comparison:
    """The comparison after a start, and those after it. ``done`` says whether one has succeeded, ``problem`` what keeps
    writes from going on."""

    def __init__(self, gate: Gate, log: Heads, deployment: Deployment | None, rpc_urls: Sequence[str]) -> None:
        self._gate = gate
        self._log = log
        self._deployment = deployment
        self._urls = tuple(rpc_urls)
        self.done = False
        self.problem: CrowdLedgerError | None = None

    async def run(self) -> None:
        """Compare until it has succeeded once or the log has diverged; without a deployment there is nothing to."""
        if self._deployment is None:
            self._finish(None)
            return
        while True:
            try:
                await self._compare(self._deployment)
                return
            except (ChainError, DatabaseError) as error:
                if str(error) != str(self.problem):
                    _LOGGER.warning("Writes wait: the log could not be compared with the chain yet. %s", error)
                self.problem = error
                self._gate.stop_writes(_waiting(error))
            await asyncio.sleep(_RETRY_SECONDS)

    async def watch(self) -> None:
        """Compare once a minute, after a comparison that has succeeded, until the log has diverged."""
        while self._deployment is not None and self.done and self.problem is None:
            await asyncio.sleep(_AGAIN_SECONDS)
            error = await self._diverged(self._deployment)
            if error is not None:
                self._finish(error)

    async def _compare(self, deployment: Deployment) -> None:
        try:
            block_ms = await self._require_same(self._urls, deployment)
        except LogDivergedError as error:
            self._finish(error)
        else:
            self._gate.confirm_time(block_ms)
            self._finish(None)

    async def _diverged(self, deployment: Deployment) -> LogDivergedError | None:
        """How the log has diverged, where a node says so and no other one says otherwise: a single one may lie."""
        found = None
        for url in self._urls:
            try:
                await self._require_same((url,), deployment)
                return None
            except LogDivergedError as error:
                found = found or error
            except (ChainError, DatabaseError) as error:
                _LOGGER.info("The log could not be compared with the chain again. %s", error)
        return found

    async def _require_same(self, urls: Sequence[str], deployment: Deployment) -> int:
        """Raise LogDivergedError unless what is anchored is ours; the last block's time in milliseconds."""
        opened, head, block_ms = await asyncio.to_thread(_read, urls, deployment)
        await require_same_key(self._log, opened)
        await require_same_history(self._log, head)
        return block_ms

    def _finish(self, error: LogDivergedError | None) -> None:
        self.problem = error
        if error is None:
            self.done = True
            self._gate.allow_writes()
        else:
            _LOGGER.critical("%s", error)
            self._gate.stop_writes(error)


def _waiting(error: CrowdLedgerError) -> UnavailableError:
    """What a write is answered while the comparison does not succeed."""
    return UnavailableError(
        f"Writes wait until the log was compared with its anchor. {error.detail}",
        remedy=f"Operator: {error.remedy} Then send the same request again; it is idempotent.",
    )


def _read(urls: Sequence[str], deployment: Deployment) -> tuple[OpenedLog, AnchoredHead, int]:
    """How the log was opened, its anchored head, and the last block's time in milliseconds."""
    with connect(urls, deployment.chain_id) as node:
        block_ms = node.block("latest").timestamp * 1000
        return check_deployment(node, deployment), read_head(node, deployment), block_ms
