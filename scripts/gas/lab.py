"""A dev chain on which every run uses the same gas: fixed clock, fixed accounts, one transaction a block.

``gasUsed`` depends on addresses and amounts by their zero bytes, and on block times where they are arguments. So each
scenario starts from a snapshot, addresses follow from seeds and nonces, and each block is one second after the last.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from ledger.chain.abi import Abi
from ledger.chain.artifacts import artifact, describe_revert
from ledger.chain.devchain import DevChain
from ledger.errors import NodeError, TransactionError

HARDFORK = "osaka"
"""Named, so that a newer anvil does not change the figures by itself."""
GENESIS_SECONDS = 1_790_000_000
GAS_LIMIT = 16_777_216
"""What one transaction may use (EIP-7825)."""
_GAS_PRICE = hex(10**10)
_RECEIPT_SECONDS = 30.0
_ARGUMENTS = (
    "--hardfork", HARDFORK, "--timestamp", str(GENESIS_SECONDS), "--auto-impersonate", "--enable-tx-gas-limit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """One mined transaction: gas by the receipt, its data, its events, and where a contract was made, its address."""

    transaction: str
    gas: int
    data: bytes
    events: tuple[tuple[int, int], ...]
    """Of each event: topics, and bytes of data."""
    created: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """A compiled contract, ours or somebody else's."""

    name: str
    abi: Abi
    bytecode: bytes


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract on the chain."""

    address: str
    abi: Abi

    def data(self, function: str, *values: object) -> bytes:
        """Call data of a function."""
        return self.abi.functions[function].encode(*values)


def seeded(purpose: str, number: int) -> bytes:
    """32 bytes that look random and are the same in every run."""
    return hashlib.sha256(f"crowdledger gas {purpose} {number}".encode()).digest()


def address_of(purpose: str, number: int) -> str:
    """An address that nobody has the key of, lower case."""
    return "0x" + seeded(purpose, number)[-20:].hex()


def word(text: str) -> bytes:
    """The bytes of ``0x`` and hex digits."""
    return bytes.fromhex(text.removeprefix("0x"))


class Lab:
    """A dev chain with what a scenario does to it. Any address can send. A context manager."""

    def __init__(self, *, tracing: bool = False) -> None:
        """``tracing`` keeps every step of every transaction, for a profile."""
        self._chain = DevChain(mining=(), arguments=(*_ARGUMENTS, *(["--steps-tracing"] if tracing else [])))
        self._now = GENESIS_SECONDS
        self.roles: list[str] = []
        """Accounts that have ether: deployer, operator, admin, reporter, guardian, opener, backer, stranger, ..."""
        self.replaced: dict[str, bytes] = {}
        """Creation code that is deployed instead of an artifact's, by the contract's name."""

    def __enter__(self) -> Self:
        self._chain.start()
        self.roles = [str(each) for each in self.rpc("eth_accounts")]
        return self

    def __exit__(self, *raised: object) -> None:
        self._chain.stop()

    def rpc(self, method: str, *params: object) -> Any:
        """One JSON-RPC call; NodeError where the chain refuses."""
        return self._chain.rpc(method, *params)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What happens inside is undone, the clock's course included."""
        snapshot, now = self.rpc("evm_snapshot"), self._now
        try:
            yield
        finally:
            self.rpc("evm_revert", snapshot)
            self._now = now

    @property
    def now(self) -> int:
        """Time of the latest block in seconds."""
        return self._now

    def wait(self, seconds: int) -> None:
        """Lets the next block come so much later."""
        self._now += seconds

    def endow(self, account: str) -> None:
        """Gives an account ether to send with."""
        self.rpc("anvil_setBalance", account, hex(10**20))

    def deploy(self, name: str, *arguments: object) -> tuple[Contract, Sent]:
        """Deploys one of our artifacts from the first account."""
        found = artifact(name)
        return self.deploy_made(Made(name, found.abi, self.replaced.get(name, found.bytecode)), *arguments)

    def deploy_made(self, made: Made, *arguments: object) -> tuple[Contract, Sent]:
        """Deploys any compiled contract from the first account."""
        sent = self._send(self.roles[0], None, made.bytecode + made.abi.encode_constructor(*arguments), made.name)
        return Contract(str(sent.created), made.abi), sent

    def send(self, sender: str, contract: Contract, function: str, *values: object) -> Sent:
        """Sends one call and expects it to succeed; TransactionError with the contract's reason if it does not."""
        return self._send(sender, contract.address, contract.data(function, *values), function)

    def send_listed(self, sender: str, contract: Contract, listed: Contract, function: str, *values: object) -> Sent:
        """The same with an access list (EIP-2930) of the slots of another contract that the call touches."""
        data = contract.data(function, *values)
        call = {"from": sender, "to": contract.address, "data": "0x" + data.hex()}
        touched = self.rpc("eth_createAccessList", call, "latest")["accessList"]
        access = [each for each in touched if each["address"].lower() == listed.address.lower()]
        return self._send(sender, contract.address, data, function, access)

    def read(self, contract: Contract, function: str, *values: object) -> tuple[Any, ...]:
        """What a view answers."""
        call = {"to": contract.address, "data": "0x" + contract.data(function, *values).hex()}
        answer = self.rpc("eth_call", call, "latest")
        return contract.abi.functions[function].decode(word(answer))

    def execution_gas(self, contract: Contract, function: str, *values: object) -> int:
        """Gas of a call's execution alone, without the transaction's own and its data's."""
        call = {"to": contract.address, "data": "0x" + contract.data(function, *values).hex()}
        steps = self.rpc("debug_traceCall", call, "latest", {"disableStack": True, "disableStorage": True})[
            "structLogs"
        ]
        return int(steps[0]["gas"]) - int(steps[-1]["gas"]) + int(steps[-1]["gasCost"])

    def _send(self, sender: str, to: str | None, data: bytes, what: str, access: list[Any] | None = None) -> Sent:
        self._now += 1
        self.rpc("evm_setNextBlockTimestamp", self._now)
        call = {"from": sender, "data": "0x" + data.hex(), "gas": hex(GAS_LIMIT), "gasPrice": _GAS_PRICE}
        more = ({"to": to} if to else {}) | ({"accessList": access} if access else {})
        transaction = self.rpc("eth_sendTransaction", call | more)
        receipt = self._receipt(transaction)
        if int(receipt["status"], 16) != 1:
            raise TransactionError(f"The benchmark's {what} failed: {self._reason(transaction)}.")
        events = tuple((len(log["topics"]), len(log["data"]) // 2 - 1) for log in receipt["logs"])
        return Sent(transaction, int(receipt["gasUsed"], 16), data, events, receipt.get("contractAddress"))

    def _receipt(self, transaction: str) -> dict[str, Any]:
        """Anvil mines at once, but answers before it has."""
        deadline = time.monotonic() + _RECEIPT_SECONDS
        while time.monotonic() < deadline:
            found: dict[str, Any] | None = self.rpc("eth_getTransactionReceipt", transaction)
            if found is not None:
                return found
            time.sleep(0.001)
        raise NodeError(f"The dev chain did not mine {transaction} in {_RECEIPT_SECONDS:.0f} s.")

    def _reason(self, transaction: str) -> str:
        trace = self.rpc("debug_traceTransaction", transaction, {"disableStorage": True, "disableStack": True})
        return describe_revert(word(str(trace["returnValue"]))) or "no reason given"
