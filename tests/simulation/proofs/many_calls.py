"""Hundreds of thousands of calls to a view in a handful of requests, each with calldata of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

import httpx
from eth_utils.crypto import keccak
from web3.contract import Contract

from tests.integration.contracts.evm import Evm

WORD = 32
REQUEST_BYTES = 1_000_000
ROOMY = ("--disable-block-gas-limit", "--no-request-size-limit")
"""What a dev chain must be started with to be asked so much at once."""
REQUEST_GAS = 10**13


class Answer(Enum):
    """What a call that returns a bool came to."""

    FALSE = 0
    TRUE = 1
    REVERTED = 2


def word(value: int) -> bytes:
    """An ABI word."""
    return value.to_bytes(WORD, "big")


def selector(signature: str) -> bytes:
    """The four bytes that name a function."""
    return keccak(text=signature)[:4]


class ManyCalls:
    """Asks by way of the contract ManyCalls, on a chain started with ``ROOMY``."""

    def __init__(self, evm: Evm) -> None:
        self._url = evm.chain.url
        self._asker: Contract = evm.deploy("ManyCalls")
        self._selector = selector("ask(address,uint256,bytes[])")

    def ask(self, target: Contract, calls: Sequence[bytes], *, gas_each: int) -> list[Answer]:
        """The answers in order; a call that needs more than ``gas_each`` counts as reverted."""
        with httpx.Client(timeout=120, trust_env=False) as http:
            return [Answer(byte) for part in _portions(calls) for byte in self._answers(http, target, part, gas_each)]

    def _answers(self, http: httpx.Client, target: Contract, calls: list[bytes], gas_each: int) -> bytes:
        head = self._selector + bytes(12) + bytes.fromhex(target.address[2:]) + word(gas_each) + word(3 * WORD)
        call = {
            "from": "0x" + "00" * 20,
            "to": self._asker.address,
            "gas": hex(REQUEST_GAS),
            "data": "0x" + (head + _bytes_array(calls)).hex(),
        }
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}
        reply = http.post(self._url, json=request).json()
        assert "result" in reply, reply
        answer = bytes.fromhex(reply["result"][2:])
        length = int.from_bytes(answer[WORD : 2 * WORD], "big")
        assert length == len(calls)
        return answer[2 * WORD : 2 * WORD + length]


def _portions(calls: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Calls in groups of about ``REQUEST_BYTES``."""
    portion: list[bytes] = []
    size = 0
    for call in calls:
        portion.append(call)
        size += len(call) + 2 * WORD
        if size >= REQUEST_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _bytes_array(items: Sequence[bytes]) -> bytes:
    """``bytes[]`` in the ABI, from its length on."""
    offsets, parts = [], []
    at = len(items) * WORD
    for item in items:
        padded = item + bytes(-len(item) % WORD)
        offsets.append(word(at))
        parts += [word(len(item)), padded]
        at += WORD + len(padded)
    return b"".join([word(len(items)), *offsets, *parts])
