"""The chain that the state machines act on: one request a step sends an act and brings back all that is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import httpx
import orjson
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak

from ledger.chain.devchain import DevChain
from tests.integration.contracts.evm import PANIC, known_errors, load_artifact

GENESIS = 2_000_000_000
ANVIL = [
    *("--auto-impersonate", "--gas-price", "0", "--block-base-fee-per-gas", "0", "--prune-history"),
    *("--disable-block-gas-limit", "--disable-code-size-limit", "--timestamp", str(GENESIS)),
]
STAGE_GAS = 400_000_000
CALL_GAS = 20_000_000
NOBODY = "0x" + "00" * 20
STAGEHAND = "0x" + "5a" * 20
_SEEN = keccak(text="Seen(uint256,bool,bytes,bytes)")
_WATCHED = "(address,bytes32[],address,address[],address[],bytes32[][],address[])"
_HEAD_BYTES = 5 * 32
_TIMEOUT = "Transaction confirmation timeout"


@cache
def _types(contract: str, name: str) -> tuple[bytes, tuple[str, ...]]:
    """Selector and parameter types of a function of a compiled contract."""
    for part in load_artifact(contract)["abi"]:
        if part["type"] == "function" and part["name"] == name:
            types = tuple(collapse_if_tuple(parameter) for parameter in part["inputs"])
            return keccak(text=f"{name}({','.join(types)})")[:4], types
    raise LookupError(f"{contract} has no function {name}")


def call_data(contract: str, name: str, *arguments: object) -> bytes:
    """The bytes of a call."""
    selector, types = _types(contract, name)
    return selector + encode(types, arguments)


def error_name(answer: bytes) -> str:
    """The name of the error that revert data holds; empty without data, ``unknown`` if it is no error of ours."""
    if not answer:
        return ""
    if answer[:4] == PANIC:
        return f"Panic {int.from_bytes(answer[4:36], 'big'):#x}"
    return known_errors().get(answer[:4], ("unknown", ()))[0]


@dataclass(frozen=True)
class Event:
    """A log entry of the act."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Outcome:
    """How an act ended: ``error`` is None where it succeeded, ``state`` is what `Stage.look` answers afterwards.

    ``answer`` is what came back, if a wallet acted.
    """

    time: int
    error: str | None
    answer: bytes
    events: tuple[Event, ...]
    state: bytes


@dataclass
class Watched:
    """What `Stage.look` looks at, see there; ``campaigns`` grows with each that is opened."""

    log: str
    log_ids: list[bytes]
    token: str
    pools: list[str]
    tokens: list[str]
    campaigns: list[list[bytes]]
    people: list[str]

    def values(self) -> tuple[object, ...]:
        return self.log, self.log_ids, self.token, self.pools, self.tokens, self.campaigns, self.people

    def encoded(self) -> bytes:
        """Its tail among the parameters of a call."""
        return _encoded(*map(_frozen, self.values()))


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


@lru_cache(maxsize=512)
def _encoded(*values: object) -> bytes:
    return encode([_WATCHED], [values])[32:]


class Chain:
    """One anvil whose every account can send and pays nothing for gas."""

    def __init__(self, chain: DevChain) -> None:
        self._chain = chain
        self._http = httpx.Client(base_url=chain.url, timeout=120, trust_env=False)
        self.stage = self.deploy("Stage")
        self._snapshot = ""

    def close(self) -> None:
        self._http.close()

    def deploy(self, name: str, *arguments: object) -> str:
        """Deploys an artifact; its address in lower case."""
        compiled = load_artifact(name)
        inputs = [part["inputs"] for part in compiled["abi"] if part["type"] == "constructor"]
        types = [collapse_if_tuple(parameter) for parameter in (inputs[0] if inputs else [])]
        receipt = self._send(STAGEHAND, None, bytes.fromhex(compiled["bytecode"][2:]) + encode(types, arguments), None)
        assert receipt["status"] == "0x1", f"{name} was not deployed"
        return str(receipt["contractAddress"]).lower()

    def remember(self) -> None:
        """What `start_over` goes back to."""
        self._snapshot = self._chain.snapshot()

    def start_over(self) -> None:
        """Back to what was remembered; a snapshot is used up by going back to it, so that a new one is taken."""
        (done,) = self._request(("evm_revert", [self._snapshot]))
        assert done is True
        self.remember()

    def send(self, sender: str, to: str, data: bytes, at: int | None = None) -> None:
        """A transaction that must succeed, for the scenery."""
        assert self._send(sender, to, data, at)["status"] == "0x1"

    def play(self, wallet: str, to: str, data: bytes, at: int, watched: Watched, gas: int = CALL_GAS) -> Outcome:
        """Has a wallet contract act in a block of time ``at``."""
        act = _play_data(wallet, to, data, gas, watched)
        receipt = self._send(STAGEHAND, self.stage, act, at)
        assert receipt["status"] == "0x1", "the stage ran out of gas"
        *events, seen = _events(receipt)
        assert seen.topics == (_SEEN,)
        time, success = _uint(seen.data, 0), _uint(seen.data, 1)
        answer, state = _tail(seen.data, 2), _tail(seen.data, 3)
        return Outcome(time, None if success else error_name(answer), answer, tuple(events), state)

    def act(self, account: str, to: str, data: bytes, at: int, watched: Watched, gas: int = CALL_GAS) -> Outcome:
        """The same for any other account, in more requests."""
        receipt = self._send(account, to, data, at, gas)
        look = call_data("Stage", "look", watched.values())
        (state,) = self._request(("eth_call", [{"to": self.stage, "data": "0x" + look.hex()}, "latest"]))
        error = None if receipt["status"] == "0x1" else self._refusal(account, to, data, receipt["blockNumber"])
        words = _tail(bytes.fromhex(state[2:]), 0)
        return Outcome(at, error, b"", tuple(_events(receipt)), words)

    def read(self, to: str, data: bytes) -> bytes:
        """What a view answers now."""
        (answer,) = self._request(("eth_call", [{"to": to, "data": "0x" + data.hex()}, "latest"]))
        return bytes.fromhex(answer[2:])

    def _send(self, sender: str, to: str | None, data: bytes, at: int | None, gas: int = STAGE_GAS) -> dict[str, Any]:
        transaction = {"from": sender, "data": "0x" + data.hex(), "gas": hex(gas), "gasPrice": "0x0"}
        calls: list[tuple[str, list[object]]] = [
            ("eth_sendTransactionSync", [transaction | ({"to": to} if to else {})])
        ]
        if at is not None:
            calls.insert(0, ("evm_setNextBlockTimestamp", [at]))
        reply = self._replies(*calls)[-1]
        if reply.get("error", {}).get("message") == _TIMEOUT:
            return self._late_receipt(sender, data, at)
        receipt: dict[str, Any] = _result(reply)
        return receipt

    def _late_receipt(self, sender: str, data: bytes, at: int | None) -> dict[str, Any]:
        """What anvil did not mine, or mined without noticing: once in some ten thousand times, when it is busy."""
        (block,) = self._request(("eth_getBlockByNumber", ["latest", True]))
        if not block["transactions"]:
            _, block = self._request(("evm_mine", []), ("eth_getBlockByNumber", ["latest", True]))
        (found,) = block["transactions"]
        assert (found["from"], bytes.fromhex(found["input"][2:])) == (sender, data)
        assert at in (None, int(block["timestamp"], 16))
        (receipt,) = self._request(("eth_getTransactionReceipt", [found["hash"]]))
        return dict(receipt)

    def _refusal(self, sender: str, to: str, data: bytes, block: str) -> str:
        """Asks the same again in the same block: a refused transaction has changed nothing there."""
        call = {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        (reply,) = self._replies(("eth_call", [call, block]))
        found = reply["error"].get("data") or "0x"
        return error_name(bytes.fromhex(found[2:]))

    def _request(self, *calls: tuple[str, list[object]]) -> list[Any]:
        return [_result(reply) for reply in self._replies(*calls)]

    def _replies(self, *calls: tuple[str, Sequence[object]]) -> list[dict[str, Any]]:
        asked = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            for number, (method, parameters) in enumerate(calls)
        ]
        reply = self._http.post("/", content=orjson.dumps(asked), headers={"content-type": "application/json"})
        replies: list[dict[str, Any]] = orjson.loads(reply.raise_for_status().content)
        return sorted(replies, key=lambda each: int(each["id"]))


def _play_data(wallet: str, to: str, data: bytes, gas: int, watched: Watched) -> bytes:
    """The call of `Stage.play`, packed by hand: the long part of it seldom changes."""
    selector, _ = _types("Stage", "play")
    padded = len(data).to_bytes(32, "big") + data + bytes(-len(data) % 32)
    types, offset = ["address", "address", "uint256", "uint256", "uint256"], _HEAD_BYTES + len(padded)
    head = encode(types, [wallet, to, _HEAD_BYTES, gas, offset])
    return selector + head + padded + watched.encoded()


def _uint(data: bytes, word: int) -> int:
    return int.from_bytes(data[32 * word : 32 * word + 32], "big")


def _tail(data: bytes, word: int) -> bytes:
    """The bytes that the offset in a word of the head points to."""
    begin = _uint(data, word)
    size = int.from_bytes(data[begin : begin + 32], "big")
    return data[begin + 32 : begin + 32 + size]


def _result(reply: dict[str, Any]) -> Any:
    assert "result" in reply, reply
    return reply["result"]


def _events(receipt: dict[str, Any]) -> list[Event]:
    return [
        Event(
            str(entry["address"]).lower(),
            tuple(bytes.fromhex(topic[2:]) for topic in entry["topics"]),
            bytes.fromhex(entry["data"][2:]),
        )
        for entry in receipt["logs"]
    ]
