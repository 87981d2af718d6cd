"""The contracts on a real chain, as tests see them: send, expect a refusal by name, let time pass."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from eth_abi.abi import decode, encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractEvent, ContractFunction
from web3.exceptions import Web3RPCError
from web3.logs import DISCARD
from web3.types import TxParams, TxReceipt, Wei

from ledger.chain.devchain import DevChain

# `make mutants` runs the tests against a copy of the contracts in which checks can be switched off, one in each run.
COPY = os.environ.get("CROWDLEDGER_TEST_ARTIFACTS")
SWITCH = os.environ.get("CROWDLEDGER_TEST_SWITCH")
CHAIN_ARGUMENTS = ("--disable-code-size-limit",) if COPY else ()
ARTIFACTS = Path(COPY or Path(__file__).resolve().parents[3] / "contracts" / "artifacts")
GAS_LIMIT = 16_000_000
GAS_PRICE = Wei(10**10)
PANIC = keccak(text="Panic(uint256)")[:4]


@cache
def load_artifact(name: str) -> dict[str, Any]:
    """A compiled contract as it is committed."""
    found: dict[str, Any] = json.loads((ARTIFACTS / f"{name}.json").read_text())
    return found


@cache
def known_errors() -> dict[bytes, tuple[str, tuple[str, ...]]]:
    """Name and parameter types of every custom error, by selector."""
    errors = {}
    for path in ARTIFACTS.glob("*.json"):
        for part in load_artifact(path.stem)["abi"]:
            if part["type"] == "error":
                types = tuple(collapse_if_tuple(parameter) for parameter in part["inputs"])
                selector = keccak(text=f"{part['name']}({','.join(types)})")[:4]
                errors[selector] = (part["name"], types)
    return errors


class Evm:
    """A dev chain with what the tests of contracts do to it. ``accounts`` can all send."""

    def __init__(self, chain: DevChain) -> None:
        self.chain = chain
        if SWITCH:
            chain.rpc("anvil_setBalance", SWITCH, "0x1")
        self.web3 = Web3(Web3.HTTPProvider(chain.url, cache_allowed_requests=True))
        self.accounts = [to_checksum_address(account) for account in self.web3.eth.accounts]

    def deploy(self, name: str, *arguments: object) -> Contract:
        """Deploys an artifact from the first account."""
        compiled = load_artifact(name)
        factory = self.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        transaction = factory.constructor(*arguments).transact(self._paying(self.accounts[0]))
        receipt = self.web3.eth.wait_for_transaction_receipt(transaction)
        assert receipt["status"] == 1, f"{name} was not deployed: {self._refusal(receipt)}"
        return factory(receipt["contractAddress"])

    def deploy_refused(self, name: str, *arguments: object) -> str:
        """The error with which a constructor refuses its arguments."""
        compiled = load_artifact(name)
        factory = self.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        transaction = factory.constructor(*arguments).transact(self._paying(self.accounts[0]))
        receipt = self.web3.eth.wait_for_transaction_receipt(transaction)
        assert receipt["status"] == 0
        return self._refusal(receipt)[0]

    def send(self, sender: str, call: ContractFunction, *, at: int | None = None, gas: int = GAS_LIMIT) -> TxReceipt:
        """Sends a call, in a block of time ``at`` if given, and expects it to succeed."""
        receipt = self._mine(sender, call, at, gas)
        assert receipt["status"] == 1, f"{call.fn_name} was refused: {self._refusal(receipt)}"
        return receipt

    def refused(self, sender: str, call: ContractFunction, *, at: int | None = None, gas: int = GAS_LIMIT) -> str:
        """Sends a call, expects it to be refused, and returns the name of the error."""
        return self.refusal(sender, call, at=at, gas=gas)[0]

    def refusal(
        self, sender: str, call: ContractFunction, *, at: int | None = None, gas: int = GAS_LIMIT
    ) -> tuple[str, tuple[Any, ...]]:
        """Sends a call, expects it to be refused, and returns the error's name and values."""
        receipt = self._mine(sender, call, at, gas)
        assert receipt["status"] == 0, f"{call.fn_name} was not refused"
        return self._refusal(receipt)

    def event(self, event: ContractEvent, receipt: TxReceipt) -> dict[str, Any]:
        """The values of the one event of this kind in a receipt; others' events are passed over."""
        (found,) = event.process_receipt(receipt, errors=DISCARD)
        return dict(found["args"])

    def now(self) -> int:
        """Time of the latest block in seconds."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def mine(self, *, at: int) -> None:
        """Mines an empty block of time ``at``."""
        self.chain.rpc("evm_setNextBlockTimestamp", at)
        self.chain.rpc("evm_mine")

    def call_many(
        self, contract: Contract, name: str, types: Sequence[str], cases: Sequence[Sequence[Any]]
    ) -> list[bool]:
        """The booleans that a view answers, for many arguments in one request."""
        selector = keccak(text=f"{name}({','.join(types)})")[:4]
        requests = [
            {
                "jsonrpc": "2.0",
                "id": index,
                "method": "eth_call",
                "params": [{"to": contract.address, "data": "0x" + (selector + encode(types, case)).hex()}, "latest"],
            }
            for index, case in enumerate(cases)
        ]
        replies = httpx.post(self.chain.url, json=requests, timeout=60, trust_env=False).json() if requests else []
        answers = {reply["id"]: reply["result"] for reply in replies}
        return [bool(int(answers[index], 16)) for index in range(len(cases))]

    def _mine(self, sender: str, call: ContractFunction, at: int | None, gas: int) -> TxReceipt:
        if at is not None:
            self.chain.rpc("evm_setNextBlockTimestamp", at)
        return self.web3.eth.wait_for_transaction_receipt(call.transact(self._paying(sender, gas)), poll_latency=0.005)

    @staticmethod
    def _paying(sender: str, gas: int = GAS_LIMIT) -> TxParams:
        """Sender, gas and price: what is given need not be asked of the node."""
        return {"from": to_checksum_address(sender), "gas": gas, "gasPrice": GAS_PRICE}

    def _refusal(self, receipt: TxReceipt) -> tuple[str, tuple[Any, ...]]:
        """Asks the same again in the same block: a refused transaction has changed nothing there."""
        sent = self.web3.eth.get_transaction(receipt["transactionHash"])
        call: TxParams = {"from": sent["from"], "data": sent["input"], "gas": sent["gas"]}
        if sent.get("to"):
            call["to"] = sent["to"]
        try:
            self.web3.eth.call(call, receipt["blockNumber"])
        except Web3RPCError as error:
            data = (error.rpc_response or {}).get("error", {}).get("data") or "0x"
        except Exception as error:
            data = getattr(error, "data", None) or "0x"
        else:
            raise AssertionError("the call succeeds when it is repeated")
        raw = bytes.fromhex(str(data).removeprefix("0x"))
        if raw[:4] == PANIC:
            return f"Panic {int.from_bytes(raw[4:], 'big'):#x}", ()
        if raw[:4] not in known_errors():
            return f"unknown error 0x{raw.hex()}", ()
        name, types = known_errors()[raw[:4]]
        return name, decode(types, raw[4:])
