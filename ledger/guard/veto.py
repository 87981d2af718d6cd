"""Sending a veto until it counts: saved before it is sent, sent again, and made dearer when it is stuck.

A veto names the settlement's number, so that it can be sent any number of times: what comes second is refused by the
contract. So one nonce at a time is enough, and a file for it. Whether a veto is needed is seen from the chain alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.chain import contracts
from ledger.chain.deployments import Deployment
from ledger.chain.fees import Bid, FeePolicy, first_fees, gas_limit, raised_fees
from ledger.chain.nodes import Nodes
from ledger.chain.rpc import Node
from ledger.chain.signers import Signer, Transaction
from ledger.chain.transactions import present_fees
from ledger.errors import ConfigError, TransactionError, UnavailableError
from ledger.guard import kept
from ledger.guard.alarms import Alarm, Tell
from ledger.guard.kept import MAX_ATTEMPTS, Attempt, Kept

KEPT: Final = "veto.json"
LOW_BALANCE_WEI: Final = 10**16


@dataclass(frozen=True, slots=True)
class Target:
    """The settlement to veto, and why. ``node`` shows it."""

    node: Node
    number: int
    reason: str


class Vetoing:
    """The guardian's part. What is under way is kept in ``folder``, over restarts; ``now_ms`` is milliseconds."""

    def __init__(
        self,
        nodes: Nodes,
        deployment: Deployment,
        signer: Signer,
        folder: Path,
        policy: FeePolicy,
        *,
        tell: Tell,
        now_ms: Callable[[], int],
    ) -> None:
        self._nodes, self._deployment, self._signer = nodes, deployment, signer
        self._path = folder / KEPT
        self._policy = policy
        self._tell, self._now_ms = tell, now_ms
        self._kept = kept.load(self._path)
        mine = (deployment.chain_id, deployment.pool, signer.address)
        if self._kept is not None and (self._kept.chain_id, self._kept.pool, self._kept.account) != mine:
            raise ConfigError(
                f"A veto of another pool or guardian is under way in {self._path}.", remedy="Give another folder."
            )

    @property
    def address(self) -> str:
        """The guardian's account."""
        return self._signer.address

    @property
    def is_under_way(self) -> bool:
        """Whether something was sent that is not mined yet."""
        return self._kept is not None

    def step(self, node: Node, target: Target | None) -> list[Alarm]:
        """Look after what was sent, by what ``node`` shows, and send what is needed; what there is to worry about.

        Raises NodeError where a node does not answer.
        """
        mined = self._take_mined(node)
        if target is None or target.number == mined:
            return []
        try:
            return self._send(target)
        except TransactionError as error:
            if contracts.read_pending(target.node, self._deployment.pool).number != target.number:
                return []  # somebody was faster
            return [Alarm("veto-failed", str(target.number), f"The veto was not sent: {error.detail} {error.remedy}")]

    def worries(self, node: Node) -> list[Alarm]:
        """Whether the account can pay."""
        if node.balance(self.address) >= LOW_BALANCE_WEI:
            return []
        words = f"The guardian {self.address} has less than {LOW_BALANCE_WEI} wei for gas; send it some."
        return [Alarm("low-balance", self.address, words)]

    def _take_mined(self, node: Node) -> int | None:
        """Forget what is mined; the number of the settlement whose veto succeeded."""
        under_way = self._kept
        if under_way is None or node.nonce(self.address, "latest") <= under_way.nonce:
            return None
        mined = None
        for attempt in under_way.attempts:
            receipt = node.receipt(attempt.hash)
            if receipt is not None:
                mined = attempt.number if receipt.succeeded else None
                words = "is mined" if receipt.succeeded else "was refused by the contract"
                detail = f"The veto of settlement {attempt.number} {words}, in block {receipt.block}."
                self._tell({"event": "veto-mined", "detail": detail, **_members(attempt, under_way)})
        kept.drop(self._path)
        self._kept = None
        return mined

    def _send(self, target: Target) -> list[Alarm]:
        under_way = self._kept
        if under_way is None:
            return self._attempt(target, first_fees(present_fees(target.node), self._policy))
        last = under_way.attempts[-1]
        waited_ms = self._now_ms() - last.at_ms
        if last.number == target.number and 0 <= waited_ms < self._policy.replace_after * 1000:
            return self._broadcast(last)
        bid = raised_fees(Bid(last.max_fee, last.priority_fee), present_fees(target.node), self._policy)
        if bid is None or len(under_way.attempts) == MAX_ATTEMPTS:
            words = f"The veto of settlement {last.number} is stuck at {last.max_fee} wei a gas, the most it may cost."
            return [*self._broadcast(last), Alarm("veto-stuck", str(target.number), words)]
        return self._attempt(target, bid)

    def _attempt(self, target: Target, bid: Bid) -> list[Alarm]:
        place, before = self._deployment, self._kept
        data = contracts.veto_call(target.number, target.reason)
        last = before.attempts[-1] if before is not None else None
        if last is not None and last.number == target.number:
            gas = last.gas  # a node that counts what waits would say that it is vetoed already
        else:
            gas = gas_limit(target.node.estimate_gas(self.address, place.pool, data), self._policy)
        nonce = before.nonce if before is not None else target.node.nonce(self.address, "latest")
        signed = self._signer.sign_transaction(
            Transaction(
                chain_id=place.chain_id,
                nonce=nonce,
                to=place.pool,
                data=data,
                gas=gas,
                max_fee=bid.max_fee,
                priority_fee=bid.priority_fee,
            )
        )
        attempt = Attempt(
            number=target.number,
            raw=signed.raw.hex(),
            hash=signed.hash,
            gas=gas,
            max_fee=bid.max_fee,
            priority_fee=bid.priority_fee,
            at_ms=self._now_ms(),
        )
        under_way = Kept(
            chain_id=place.chain_id,
            pool=place.pool,
            account=self.address,
            nonce=nonce,
            attempts=[*(before.attempts if before is not None else ()), attempt],
        )
        unsaved = self._keep(under_way)
        detail = f"The veto of settlement {target.number} is sent: {target.reason}"
        self._tell({"event": "veto-sent", "detail": detail, **_members(attempt, under_way)})
        return unsaved + self._broadcast(attempt)

    def _keep(self, under_way: Kept) -> list[Alarm]:
        """Save what is sent next. It goes out all the same: twice does no harm, and a log can fill disks."""
        self._kept = under_way
        try:
            kept.save(self._path, under_way)
        except UnavailableError as error:
            return [Alarm("veto-unsaved", self.address, f"What was sent cannot be saved: {error.detail}")]
        return []

    def _broadcast(self, attempt: Attempt) -> list[Alarm]:
        answer = self._nodes.broadcast(bytes.fromhex(attempt.raw), attempt.hash)
        if answer.kind != "refused":
            return []
        return [Alarm("veto-failed", str(attempt.number), f"All nodes refuse the veto: {answer.reason}")]


def _members(attempt: Attempt, under_way: Kept) -> dict[str, object]:
    return {"number": attempt.number, "transaction": attempt.hash, "nonce": under_way.nonce}
