"""Never fork: our log against the anchored heads, before anything is anchored."""

from __future__ import annotations

from ledger.chain.contracts import AnchoredHead
from ledger.chain.successors import Line, LogState
from ledger.errors import ChainError, LogDivergedError, NodeError
from ledger.log.never_fork import require_head, require_key
from ledger.worker.context import Context


class Comparison:
    """Compares on every step, and asks the log again only when an anchored head has moved."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._equal: dict[str, AnchoredHead] = {}
        self._checked_node: str | None = None

    async def compare(self) -> Line:
        """The log on the contract and those that continue it, once all their heads are ours.

        Raises LogDivergedError where the contract is ahead of us or holds another root, and WrongChainError or
        WrongContractError where the node's contracts are not those of the deployment.
        """
        chain = self._context.chain
        if self._checked_node != chain.reads_from:
            opened = await chain.check_deployment()
            require_key(await self._context.entries.keys(), opened)
            self._checked_node = chain.reads_from
        try:
            line = await chain.line()
        except ChainError:
            self._checked_node = None  # what answers next may be a chain that was set up anew
            raise
        for log in line.logs:
            await self._require_ours(log)
        return line

    async def compare_again(self) -> Line:
        """The same later in a step. Raises NodeError where it differs by now: the next step finds out surely."""
        try:
            return await self.compare()
        except LogDivergedError as error:
            chain = self._context.chain
            chain.doubt(error.detail)
            raise NodeError(
                f"The node at {chain.reads_from} shows another log than a moment ago: {error.detail}",
                remedy="Another node is asked; if it says the same, the log is stopped.",
            ) from error

    async def is_ours(self, log: LogState) -> bool:
        """Whether a log on the contract, which may be anybody's, holds our entries and nothing else."""
        try:
            await self._require_ours(log)
        except LogDivergedError:
            return False
        return True

    async def _require_ours(self, log: LogState) -> None:
        if log.head != self._equal.get(log.log_id):
            entries = self._context.entries
            await require_head(await entries.size(), entries.root_at, log.head)
            self._equal[log.log_id] = log.head
