"""The one place where the worker signs transactions, and what it signs: its own calls of our own contracts.

Whoever can write to the database can write rows of transactions. So a row counts for what its signed bytes say alone,
and only where an account of ours signed exactly what the row tells; of another one nothing is ever signed anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from ledger.chain.artifacts import artifact
from ledger.chain.contracts import LOG_CONTRACT, POOL_CONTRACT
from ledger.chain.fees import Bid
from ledger.chain.signers import ReadTransaction, Signer, Transaction
from ledger.errors import TransactionError
from ledger.worker.ports import Attempt
from ledger.worker.sending.attempts import FILL

if TYPE_CHECKING:
    from ledger.worker.context import Context

_LOGGER = logging.getLogger(__name__)
_CALLS: Final = {
    "anchor": (LOG_CONTRACT, "anchor"),
    "propose": (POOL_CONTRACT, "propose"),
    "activate": (POOL_CONTRACT, "activate"),
    "follow": (POOL_CONTRACT, "followLog"),
    "claim": (POOL_CONTRACT, "claimMany"),
}
"""By kind of intent (what stands before its first colon) what may be called for it."""
NOT_ALLOWED: Final = "not-allowed"
"""The reason of the error where the worker is to sign something else."""


class Signatory:
    """Signs for all roles of one worker, and knows what it signed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._altered: set[str] = set()

    @property
    def found_altered(self) -> bool:
        """Whether rows of transactions were found that say something else than their bytes, since the start."""
        return bool(self._altered)

    def signer(self, account: str) -> Signer | None:
        """Who signs as an account of ours; None for another one."""
        return next((each for each in self._context.signers.by_role().values() if each.address == account), None)

    async def sign(self, signer: Signer, nonce: int, intent: str, to: str, data: bytes, gas: int, bid: Bid) -> Attempt:
        """A signed transaction that moves no coins.

        Raises TransactionError where it is no call that its intent stands for, NodeError where a remote signer does not
        answer.
        """
        if not self._allows(signer.address, intent, to, data):
            raise TransactionError(
                f"A call of {to} with {data[:4].hex() or 'nothing'} is none that is signed for {intent}.",
                reason=NOT_ALLOWED,
                remedy="Nothing was signed. Report this.",
            )
        transaction = Transaction(
            chain_id=self._context.deployment.chain_id,
            nonce=nonce,
            to=to,
            data=data,
            gas=gas,
            max_fee=bid.max_fee,
            priority_fee=bid.priority_fee,
        )
        signed = await self._context.signing.sign(signer, transaction)
        return Attempt(
            hash=signed.hash,
            raw=signed.raw,
            sender=signer.address,
            nonce=nonce,
            intent=intent,
            to=to,
            data=data,
            gas=gas,
            max_fee=bid.max_fee,
            priority_fee=bid.priority_fee,
            at_ms=self._context.clock.now_ms(),
        )

    async def tell_apart(self, rows: Iterable[Attempt]) -> tuple[list[Attempt], list[Attempt]]:
        """Rows that say what their bytes say, signed by their account for our contracts; and the others."""
        genuine, altered = list[Attempt](), list[Attempt]()
        for row in rows:
            (genuine if await self._is_genuine(row) else altered).append(row)
        self._complain(altered)
        return genuine, altered

    async def _is_genuine(self, row: Attempt) -> bool:
        wanted = Transaction(
            chain_id=self._context.deployment.chain_id,
            nonce=row.nonce,
            to=row.to,
            data=row.data,
            gas=row.gas,
            max_fee=row.max_fee,
            priority_fee=row.priority_fee,
        )
        if not self._allows(row.sender, row.intent, row.to, row.data):
            return False
        return await self._context.signing.read(row.raw) == ReadTransaction(row.hash, row.sender, wanted)

    def _complain(self, altered: Sequence[Attempt]) -> None:
        """Once of each, not on every step."""
        for row in altered:
            if row.hash not in self._altered:
                _LOGGER.error(
                    "The row of transaction %s (nonce %s of %s, %s) does not say what was signed: somebody changed it. "
                    "Nothing is signed for it.",
                    *(row.hash, row.nonce, row.sender, row.intent),
                )
                self._altered.add(row.hash)

    def _allows(self, account: str, intent: str, to: str, data: bytes) -> bool:
        """Whether an account of ours may sign this: what its intent stands for, or a transfer of nothing to itself."""
        if intent == FILL:
            return to == account and not data
        kind = intent.partition(":")[0]
        if kind not in _CALLS:
            return False
        contract, function = _CALLS[kind]
        place = self._context.deployment
        addresses = {LOG_CONTRACT: place.contribution_log, POOL_CONTRACT: place.pool}
        selector = artifact(contract).abi.functions[function].selector
        return to == addresses[contract] and data[: len(selector)] == selector
