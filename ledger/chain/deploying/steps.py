"""The transactions of a deployment, one after the other, each found again by a run that comes after a crash.

A transaction is kept in the unfinished deployment's file before it is sent. One that is not mined is sent again, then
with a higher fee under the same nonce; one whose nonce went to another transaction is made anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ledger.chain import transactions
from ledger.chain.answers import TransactionReceipt
from ledger.chain.deploying.terms import Terms
from ledger.chain.deployments import read_small_file, write_file
from ledger.chain.rpc import Node
from ledger.chain.signers import Signer, Transaction
from ledger.errors import ConfigError, NodeError, TransactionError
from ledger.statements.onchain import keccak256
from ledger.statements.values import ChainHash, Count

_POLL_SECONDS, _MOST_POLL_SECONDS = 0.05, 2.0
_RESEND_SECONDS = 15.0
_MAX_ATTEMPTS = 30
_MAX_FAILURES = 10
_MOST_TURNS = 3


def _silent(words: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How transactions are sent and waited for. Fees are wei a gas, times seconds."""

    fee_cap: int | None = None
    """The most that gas may cost."""
    confirmations: int | None = 1
    """Blocks, its own included, that a transaction must lie deep; None waits until the chain calls it finalized."""
    replace_after: float = 120.0
    """After how long without being mined a transaction is replaced by one with a higher fee."""
    lost_after: float = 2.0
    """For how long the node must say that the nonce went to another transaction."""
    patience: float = 180.0
    """After how long without being mined, or final, the run ends; the next one goes on."""
    say: Callable[[str], None] = _silent


class _Attempt(msgspec.Struct, forbid_unknown_fields=True):
    transaction: ChainHash
    raw: str
    max_fee: int
    priority_fee: int | None


class _Step(msgspec.Struct, forbid_unknown_fields=True):
    """``call`` is the hash of what is sent; ``attempts`` share nonce and gas and differ in their fees."""

    call: ChainHash
    nonce: Count
    gas: Count
    attempts: list[_Attempt]


class _Saved(msgspec.Struct, forbid_unknown_fields=True):
    operator: str
    terms: dict[str, Any]
    steps: dict[str, _Step]


class Steps:
    """The steps of one deployment and the file that remembers them."""

    def __init__(self, node: Node, signer: Signer, terms: Terms, path: Path, sending: Sending) -> None:
        self.node, self.signer, self.path, self.sending = node, signer, path, sending
        self._chain_id = terms.chain_id
        self._mined: dict[str, TransactionReceipt] = {}
        self._saved = _Saved(signer.address, terms.members(), {})
        if path.exists():
            self._saved = _load(path, self._saved)

    def begun(self, name: str) -> bool:
        """Whether the transaction of a step was made by an earlier run."""
        return name in self._saved.steps

    def make(self, name: str, creation: bytes) -> str:
        """Make a contract; its address, which no node can lie about."""
        receipt = self.do(name, None, creation)
        made = transactions.made_address(self.signer.address, self._saved.steps[name].nonce)
        if receipt.made != made:
            raise NodeError(
                f"The node says that {receipt.transaction} made {receipt.made or 'nothing'}; it makes {made}.",
                remedy="Ask another node.",
            )
        return made

    def do(self, name: str, to: str | None, data: bytes) -> TransactionReceipt:
        """Send one transaction, or find the one that an earlier run sent; its receipt."""
        call = "0x" + keccak256((to or "").encode() + b"\0" + data).hex()
        step = self._saved.steps.get(name)
        if step is not None and step.call != call:
            self._forget(name)  # what it was built on was undone by the chain and made anew elsewhere
        for _ in range(_MOST_TURNS):
            fresh = name not in self._saved.steps
            if fresh:
                self._send(name, to, data, call)
            receipt = self._follow(name, to, data, fresh=fresh)
            if receipt is not None:
                break
        else:
            raise TransactionError(
                f"By the node's word, other transactions took the nonce of step '{name}' {_MOST_TURNS} times.",
                remedy=f"Let nobody else send from {self.signer.address}, or ask another node; then run it again.",
            )
        if not receipt.succeeded:
            self._forget(name)
            raise transactions.failure(self.node, receipt, data)
        self._mined[name] = receipt
        return receipt

    def confirm(self) -> bool:
        """Wait until all transactions are as deep as asked for; False where the chain undid or moved one since.

        Raises TransactionError when patience ends, NodeError where the node stays silent.
        """
        deadline, failures, told = time.monotonic() + self.sending.patience, 0, False
        while True:
            try:
                final = self._final_block()
                found = [self._receipt(self._saved.steps[name]) for name in self._mined]
                failures = 0
            except NodeError:
                failures += 1
                if failures == _MAX_FAILURES or not told:
                    raise
            else:
                if found != list(self._mined.values()):
                    return False
                last = max((receipt.block for receipt in self._mined.values()), default=0)
                if last <= final:
                    return True
                if not told:
                    self.sending.say(f"All is sent. Block {last} must become final; the chain is at {final}.")
                    told = True
            if time.monotonic() >= deadline:
                raise TransactionError(
                    f"The deployment is mined and not final after {self.sending.patience:.0f} s.", remedy=_LATER
                )
            time.sleep(_MOST_POLL_SECONDS if failures or self.sending.confirmations is None else _POLL_SECONDS)

    def _final_block(self) -> int:
        """The last block that is deep enough."""
        if self.sending.confirmations is None:
            try:
                return self.node.block("finalized").number
            except NodeError as error:
                remedy = "If this chain calls no block finalized, ask for a number of confirmations."
                raise NodeError(error.detail, remedy=remedy) from None
        return self.node.block("latest").number - self.sending.confirmations + 1

    def _send(self, name: str, to: str | None, data: bytes, call: str) -> None:
        prepared = transactions.prepare(
            self.node,
            self.signer.address,
            to,
            data,
            chain_id=self._chain_id,
            nonce=self.node.nonce(self.signer.address),
            fee_cap=self.sending.fee_cap,
        )
        step = _Step(call, prepared.nonce, prepared.gas, [])
        attempt = self._attempt(step, prepared)
        self._saved.steps[name] = step
        self._write()
        self.sending.say(f"Step '{name}': transaction {attempt.transaction}.")
        try:
            self.node.send_raw(bytes.fromhex(attempt.raw[2:]))
        except TransactionError:
            if not self.node.knows(attempt.transaction):
                self._forget(name)
                raise

    def _attempt(self, step: _Step, prepared: Transaction) -> _Attempt:
        signed = self.signer.sign_transaction(prepared)
        attempt = _Attempt(signed.hash, "0x" + signed.raw.hex(), prepared.max_fee, prepared.priority_fee)
        step.attempts.append(attempt)
        return attempt

    def _follow(self, name: str, to: str | None, data: bytes, *, fresh: bool) -> TransactionReceipt | None:
        """The receipt of a step's transaction once it is mined; None if its nonce went to another one."""
        step, begun, pause = self._saved.steps[name], time.monotonic(), _POLL_SECONDS
        resend, replace, gone_since = begun + (_RESEND_SECONDS if fresh else 0), begun + self.sending.replace_after, 0.0
        while True:
            gone = self.node.nonce(self.signer.address, "latest") > step.nonce
            receipt = self._receipt(step)
            if receipt is not None:
                return receipt
            now = time.monotonic()
            gone_since = (gone_since or now) if gone else 0.0
            if gone and now - gone_since >= self.sending.lost_after:
                self.sending.say(f"Step '{name}': another transaction took its nonce; it is made anew.")
                self._forget(name)
                return None
            if now - begun >= self.sending.patience:
                raise TransactionError(
                    f"The transaction {step.attempts[-1].transaction} (step '{name}') is not mined after "
                    f"{self.sending.patience:.0f} s.",
                    remedy=_LATER,
                )
            if not gone and now >= replace:
                self._raise_fee(name, step, to, data)
                replace = now + self.sending.replace_after
            elif not gone and now >= resend:
                self._resend(name, step, to, data)
                resend = now + _RESEND_SECONDS
            time.sleep(pause)
            pause = min(2 * pause, _MOST_POLL_SECONDS)

    def _receipt(self, step: _Step) -> TransactionReceipt | None:
        for attempt in reversed(step.attempts):
            if (receipt := self.node.receipt(attempt.transaction)) is not None:
                return receipt
        return None

    def _resend(self, name: str, step: _Step, to: str | None, data: bytes) -> None:
        """Give the node the last attempt again, or a dearer one where the price has outgrown it."""
        if transactions.present_fees(self.node).price > step.attempts[-1].max_fee:
            self._raise_fee(name, step, to, data)
        else:
            self._give_last(step)

    def _give_last(self, step: _Step) -> None:
        """Give the node the last attempt; a refusal counts only if the node has none of them."""
        try:
            self.node.send_raw(bytes.fromhex(step.attempts[-1].raw[2:]))
        except TransactionError:
            gone = self.node.nonce(self.signer.address, "latest") > step.nonce
            if not gone and not any(self.node.knows(attempt.transaction) for attempt in step.attempts):
                raise

    def _raise_fee(self, name: str, step: _Step, to: str | None, data: bytes) -> None:
        """Replace what is stuck: an eighth more at least, since nodes refuse a replacement for less than a tenth."""
        fees, last = transactions.present_fees(self.node), step.attempts[-1]
        priority = fees.priority
        if priority is not None:
            priority = max(priority, last.priority_fee * 9 // 8 + 1 if last.priority_fee is not None else 0)
        most = max(fees.price, last.max_fee * 9 // 8 + 1)
        cap = self.sending.fee_cap
        if (cap is not None and most > cap) or len(step.attempts) == _MAX_ATTEMPTS:
            self.sending.say(f"Step '{name}': still waiting; the fee has reached its cap.")
            return
        replacement = self._attempt(
            step,
            Transaction(
                chain_id=self._chain_id,
                nonce=step.nonce,
                to=to,
                data=data,
                gas=step.gas,
                max_fee=most,
                priority_fee=priority,
            ),
        )
        self._write()
        self.sending.say(f"Step '{name}': replaced with a higher fee by {replacement.transaction}.")
        self._give_last(step)

    def _forget(self, name: str) -> None:
        del self._saved.steps[name]
        self._write()

    def _write(self) -> None:
        # For the deployer alone: whoever reads a signed transaction can send it.
        write_file(self.path, json.dumps(msgspec.to_builtins(self._saved), indent=2) + "\n", mode=0o600)


_LATER = "Run 'crowdledger deploy' again later: it goes on from here."


def _load(path: Path, wanted: _Saved) -> _Saved:
    remedy = f"Run it with the settings of the first run, or remove {path} to begin anew."
    try:
        saved = msgspec.json.decode(read_small_file(path, "unfinished deployment", remedy), type=_Saved)
        for attempt in (attempt for step in saved.steps.values() for attempt in step.attempts):
            bytes.fromhex(attempt.raw.removeprefix("0x"))
        if not all(step.attempts for step in saved.steps.values()):
            raise ValueError("a step without a transaction")
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ConfigError(f"The unfinished deployment {path} cannot be read.", remedy=remedy) from None
    names = ["operator"] if saved.operator != wanted.operator else []
    names += [name for name in wanted.terms if saved.terms.get(name) != wanted.terms[name]]
    if names or saved.terms.keys() != wanted.terms.keys():
        raise ConfigError(
            f"The unfinished deployment {path} was begun with other settings: {', '.join(names) or 'unknown ones'}.",
            remedy=remedy,
        )
    return saved
