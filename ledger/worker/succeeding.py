"""Which log on the contract is ours to anchor to, and the pool's step from one log to the next.

A log goes on under another id when its operator closes it in favour of a successor, or when the pool's admin proposes
one because the operator's key is lost. Campaigns keep the id of the first log for ever.
"""

from __future__ import annotations

import logging

from ledger.chain import contracts
from ledger.chain.answers import Block
from ledger.chain.contracts import ProposedSuccessor
from ledger.chain.successors import Line, LogState
from ledger.errors import WrongContractError
from ledger.worker.comparing import Comparison
from ledger.worker.context import Context
from ledger.worker.sending import Sender

_LOGGER = logging.getLogger(__name__)


class Succeeding:
    """Follows the log of one deployment."""

    def __init__(self, context: Context, sender: Sender, comparison: Comparison) -> None:
        self._context = context
        self._sender = sender
        self._comparison = comparison
        self._said: set[str] = set()
        self._checked: set[str] = set()

    async def own_log(self, line: Line) -> LogState | None:
        """The log that our operator can anchor to: the last of the line, or the one proposed to follow it.

        None, said once in words, where it is nobody's or somebody else's, or no continuation of ours.
        """
        signer = self._context.signers.operator
        if signer is None:
            return None
        last = line.logs[-1]
        words = await self._obstacle(last, signer.address)
        if words:
            proposal = await self._proposal()
            if proposal is not None:
                last = await self._read(proposal.log_id)
                words = await self._obstacle(last, signer.address)
        if words:
            self._say(words)
            return None
        return last

    async def follow(self, line: Line, latest: Block) -> Line:
        """Have the pool follow the next log, once that holds all that the pool's log holds; the line as it is then."""
        signer = self._context.signers.relayer or self._context.signers.operator
        following = await self._next(line, latest)
        if signer is None or following is None:
            return line
        if following.head.size < max(line.current.head.size, 1):
            if following.closed:
                self._say(
                    f"The log {following.log_id} was closed before it held all that {line.current.log_id} holds: the "
                    "pool can never follow it. Have its admin propose the log that does (proposeSuccessor)."
                )
            return line
        if not await self._comparison.is_ours(following):
            return line
        proof = await self._context.entries.consistency(line.current.head.size, following.head.size)
        call = contracts.follow_log_call(following.log_id, proof)
        pool = self._context.deployment.pool
        if await self._sender.send(signer, f"follow:{following.log_id}", pool, call) is None:
            return line
        _LOGGER.info("The pool follows the log %s.", following.log_id)
        return await self._comparison.compare_again()

    def _say(self, words: str) -> None:
        """Once, not on every step."""
        if words not in self._said:
            _LOGGER.error("%s", words)
            self._said.add(words)

    async def _next(self, line: Line, latest: Block) -> LogState | None:
        """The log that the pool may follow now, if its head allows."""
        after = line.logs[line.logs.index(line.current) + 1 :]
        if after:
            return after[0]
        proposal = await self._proposal()
        if proposal is None or latest.timestamp < proposal.executable_at:
            return None
        return await self._read(proposal.log_id)

    async def _proposal(self) -> ProposedSuccessor | None:
        return await self._context.chain.proposed_successor()

    async def _read(self, log_id: str) -> LogState:
        return await self._context.chain.log_state(log_id)

    async def _obstacle(self, log: LogState, operator: str) -> str:
        """Why our operator does not anchor to a log, in words; empty if nothing is in its way."""
        if log.closed:
            return (
                f"The log {log.log_id} was closed without a successor: nothing more is anchored. Open a log of the "
                "same name and key from another account, and have the pool's admin propose it (proposeSuccessor)."
            )
        found = await self._context.chain.log_operator(log.log_id)
        if found != operator:
            return (
                f"The operator of the log {log.log_id} is {found}, not our {operator}: it is left to that one to "
                "anchor. Set operator_signer to its key if it is yours."
            )
        if not await self._is_same_log(log) or not await self._comparison.is_ours(log):
            return (
                f"The log {log.log_id}, which should continue ours, was opened under another name or key, or before "
                "ours was, or holds other entries: it is not anchored. Have another one proposed."
            )
        return ""

    async def _is_same_log(self, log: LogState) -> bool:
        """Whether a log was opened under our log's name and a key of it, so that receipts anchored there verify.

        One that is older than our deployment is not looked for: that could take a search through the whole chain.
        """
        deployment = self._context.deployment
        if log.log_id != deployment.log_id and log.log_id not in self._checked:
            try:
                opened = await self._context.chain.log_opened(log.log_id)
            except WrongContractError:
                return False
            keys = await self._context.entries.keys()
            if opened.origin != deployment.origin or not keys.has(opened.vkey):
                return False
            self._checked.add(log.log_id)
        return True
