"""Ethereum JSON-RPC over HTTP, as little of it as is needed, every answer checked (Ethereum Execution APIs).

Hashes, topics and data are bytes; addresses are ``0x`` and lower case; quantities are ints. A node that is down or
answers nonsense is a NodeError, a call that the contract refuses a TransactionError. One ``Node`` may be used by
several threads. An RPC URL can hold an access key, so that only its host is ever shown.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import orjson

from ledger.chain import answers
from ledger.chain.answers import Block, FeeHistory, LogEntry, TransactionReceipt
from ledger.chain.artifacts import describe_revert
from ledger.chain.log_span import LogSpan
from ledger.errors import ChainError, NodeError, TransactionError, WrongChainError

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_MAX_WORDS = 300
_URL_PARTS = re.compile(r"[/?&=@:#]+")
_LEAST_KEY = 8
"""Parts of a URL that are as long may be access keys."""
_MOST_LATE = 2
"""Answers on logs that may be late before the node is given up; each takes the whole timeout."""
_TOO_MANY_REQUESTS = 429
GAS_LIMIT = "gas-limit"
"""The reason of what needs more gas than one transaction may use."""
_NEEDS_TOO_MUCH = re.compile(r"gas required exceeds allowance\D*(\d+)|gas estimation failed due to out of gas", re.I)
"""geth, erigon, reth, anvil, each with what it tried; Nethermind."""
_LEAST_TRIED = 10_000_000
"""A node that tried less took the account's coins into account, which says nothing of the contract."""
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

BlockTag = int | str
"""A block number, or ``latest``, ``finalized``, ``pending``, ``earliest``."""


class Node:
    """One RPC node."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NodeError("An RPC URL begins with http:// or https:// and names a host.", remedy="Correct the URL.")
        self.shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self.is_local = parts.hostname in _LOCAL_HOSTS
        self._url = url
        self._keys = [part for part in _URL_PARTS.split(url) if len(part) >= _LEAST_KEY and part not in parts.hostname]
        self._timeout_seconds = timeout_seconds
        self._http = httpx.Client(timeout=timeout_seconds, trust_env=False)
        self._ids = count(1)
        self._log_span = LogSpan()

    def __repr__(self) -> str:
        return f"Node({self.shown!r})"

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def request(self, method: str, *params: object) -> Any:
        """``result`` of one JSON-RPC call, unchecked. Raises NodeError, or TransactionError where a call reverted."""
        number = next(self._ids)
        call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        reply = self._post(method, orjson.dumps(call))
        error = reply.get("error") if isinstance(reply, dict) else None
        # Who could not, or would not, read the call says null (JSON-RPC 2.0, section 5): gateways at their limits do.
        if not isinstance(reply, dict) or (
            reply.get("id") != number and (error is None or reply.get("id") is not None)
        ):
            raise NodeError(f"The node at {self.shown} does not speak JSON-RPC.", remedy="Check the RPC URL.")
        if error is not None:
            raise _refusal(self.shown, method, error, self._keys)
        if "result" not in reply:
            raise NodeError(f"The node at {self.shown} gave no result for {method}.")
        return reply["result"]

    def _post(self, method: str, body: bytes) -> Any:
        headers = {"content-type": "application/json"}
        deadline = time.monotonic() + self._timeout_seconds
        try:
            with self._http.stream("POST", self._url, content=body, headers=headers) as reply:
                data = bytearray()
                for part in reply.iter_bytes():
                    data += part
                    if len(data) > MAX_ANSWER_BYTES:
                        raise LateAnswer(f"The answer of {self.shown} to {method} is larger than is allowed.")
                    if time.monotonic() > deadline:  # httpx limits each wait, not their sum
                        raise LateAnswer(f"The node at {self.shown} does not answer {method} in time.")
                self._require_success(reply.status_code, method, data)
            return orjson.loads(data)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The name of the error only: its text can hold the whole URL.
            words = f"The node at {self.shown} does not answer ({type(error).__name__})."
            if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
                raise Unreached(words) from None
            raise (LateAnswer if isinstance(error, httpx.TimeoutException) else NodeError)(words) from None
        except orjson.JSONDecodeError:
            raise NodeError(f"The node at {self.shown} does not answer in JSON.", remedy="Check the RPC URL.") from None

    def _require_success(self, status: int, method: str, data: bytearray) -> None:
        """Raise NodeError for an HTTP error; nodes answer some refusals with 4xx and a JSON-RPC error inside."""
        if status < 400 or (status < 500 and status != _TOO_MANY_REQUESTS and data.lstrip().startswith(b"{")):
            return
        words = f"The node at {self.shown} answers {method} with HTTP {status}."
        if status == _TOO_MANY_REQUESTS:
            raise NodeError(words, remedy="Ask less often, or use a node with a higher limit.")
        raise (LateAnswer if status >= 500 else NodeError)(words)

    # ---- what is read ----

    def chain_id(self) -> int:
        """The chain's id (EIP-155)."""
        return answers.quantity(self.request("eth_chainId"), "eth_chainId")

    def client_version(self) -> str:
        """The node's own name, such as ``anvil/v1.7.1``; only for telling development chains."""
        return answers.text(self.request("web3_clientVersion"), "web3_clientVersion")

    def block(self, tag: BlockTag = "latest") -> Block:
        """A block's head. Raises NodeError where the node has no such block (yet)."""
        answer = self.request("eth_getBlockByNumber", _tag(tag), False)
        if answer is None:
            raise NodeError(f"The node at {self.shown} has no block {tag}.", remedy="Try again, or ask another node.")
        return answers.block(answer)

    def code(self, address: str, tag: BlockTag = "latest") -> bytes:
        """The code that stands at an address; empty where there is none."""
        return answers.data(self.request("eth_getCode", address, _tag(tag)), "eth_getCode")

    def call(self, to: str, call_data: bytes, tag: BlockTag = "latest", *, sender: str | None = None) -> bytes:
        """What a call would return (``eth_call``). Raises TransactionError with the contract's reason."""
        what = {"to": to, "data": "0x" + call_data.hex()} | ({"from": sender} if sender else {})
        return answers.data(self.request("eth_call", what, _tag(tag)), "eth_call")

    def nonce(self, address: str, tag: BlockTag = "pending") -> int:
        """Transactions of an account so far, by default those in the pool included."""
        return answers.quantity(self.request("eth_getTransactionCount", address, _tag(tag)), "eth_getTransactionCount")

    def balance(self, address: str) -> int:
        """The account's coins in wei."""
        return answers.quantity(self.request("eth_getBalance", address, "latest"), "eth_getBalance")

    def receipt(self, transaction: str) -> TransactionReceipt | None:
        """The receipt of a transaction (0x and 64 hex digits); None while it is not mined."""
        answer = self.request("eth_getTransactionReceipt", transaction)
        return None if answer is None else answers.receipt(answer, transaction)

    def knows(self, transaction: str) -> bool:
        """Whether the node has a transaction, mined or waiting."""
        return self.request("eth_getTransactionByHash", transaction) is not None

    def creation(self, transaction: str) -> bytes | None:
        """The data of a transaction that makes a contract, empty for any other; None where the node has none."""
        found = self.request("eth_getTransactionByHash", transaction)
        return None if found is None else answers.creation(found)

    def logs(self, address: str, topics: Sequence[bytes | list[bytes] | None], begin: int, end: int) -> list[LogEntry]:
        """The logs of one contract in blocks ``begin`` to ``end``, both included, in the chain's order.

        A node that refuses so many blocks or logs at once is asked for fewer, then and later.
        """
        found, late, first = list[LogEntry](), 0, self._log_span.blocks
        while begin <= end:
            asked = min(self._log_span.blocks, end - begin + 1)
            try:
                found += self._some_logs(address, topics, begin, begin + asked - 1)
            except Refusal as error:
                if asked == 1 or error.code == _TOO_MANY_REQUESTS:
                    self._log_span = LogSpan(first)  # it was not the number of blocks
                    raise
                self._log_span.refused(asked)
            except LateAnswer:
                self._log_span.late(asked)
                late += 1
                if late == _MOST_LATE or asked == 1:
                    raise
            else:
                self._log_span.worked(asked)
                begin += asked
        return found

    def _some_logs(
        self, address: str, topics: Sequence[bytes | list[bytes] | None], begin: int, end: int
    ) -> list[LogEntry]:
        """The same in one question."""
        wanted = [_topic(each) for each in topics]
        query = {"address": address, "topics": wanted, "fromBlock": hex(begin), "toBlock": hex(end)}
        found = answers.log_entries(self.request("eth_getLogs", query), "eth_getLogs")
        asked = (entry.address == address and begin <= entry.block <= end and _fits(entry, topics) for entry in found)
        if not all(asked):
            raise NodeError(f"The node at {self.shown} gave logs that were not asked for.")
        return _in_order(found, self.shown)

    @property
    def log_span(self) -> int:
        """How many blocks' logs the node is asked for at once, by what it answered so far."""
        return self._log_span.blocks

    # ---- what a sender needs ----

    def priority_fee(self) -> int:
        """What the node thinks a tip should be, in wei a gas."""
        return answers.quantity(self.request("eth_maxPriorityFeePerGas"), "eth_maxPriorityFeePerGas")

    def fee_history(self, blocks: int, percentile: int) -> FeeHistory:
        """What gas cost in the newest ``blocks``: of each the tip that this share of its gas paid at most."""
        return answers.fee_history(self.request("eth_feeHistory", hex(blocks), "latest", [percentile]), blocks)

    def gas_price(self) -> int:
        """What the node thinks gas should cost in all, in wei."""
        return answers.quantity(self.request("eth_gasPrice"), "eth_gasPrice")

    def estimate_gas(self, sender: str, to: str | None, call_data: bytes) -> int:
        """Gas that a transaction would need now. Raises TransactionError with the reason if it would fail, which is
        ``GAS_LIMIT`` where it needs more than a node tries."""
        what = {"from": sender, "data": "0x" + call_data.hex()} | ({"to": to} if to else {})
        return answers.quantity(self.request("eth_estimateGas", what), "eth_estimateGas")

    def send_raw(self, raw: bytes) -> str:
        """Hands a signed transaction to the node; its hash. Raises TransactionError where the node refuses it."""
        try:
            return answers.hash_text(self.request("eth_sendRawTransaction", "0x" + raw.hex()), "eth_sendRawTransaction")
        except Refusal as error:
            raise TransactionError(error.detail, reason=error.words, remedy="Read the node's words.") from None


class Refusal(NodeError):
    """The node answered with a JSON-RPC error that is no revert; ``words`` and ``code`` are the node's own."""

    def __init__(self, detail: str, words: str, code: object = None) -> None:
        super().__init__(detail, remedy="Read the node's words; another node may answer.")
        self.words = words
        self.code = code


class Unreached(NodeError):
    """No connection to the node was made: it has seen nothing of what it was asked."""


class LateAnswer(NodeError):
    """The node did not answer in time, with an answer that is too large, or with HTTP 5xx: it may have been too much
    to ask for. What it was told it may have done."""


def _refusal(shown: str, method: str, error: object, keys: Sequence[str]) -> ChainError:
    """The typed error of a JSON-RPC ``error`` member: with revert data, the contract refused.

    Gateways repeat the access key that they do not like: it is cut out.
    """
    members = error if isinstance(error, dict) else {}
    words = str(members.get("message", "no reason given"))
    for key in keys:
        words = words.replace(key, "...")
    words = words[:_MAX_WORDS]
    found = members.get("data")
    if method in ("eth_call", "eth_estimateGas") and (members.get("code") == 3 or "revert" in words):
        try:
            reason = describe_revert(answers.data(found, method)) if isinstance(found, str) else ""
        except NodeError:
            reason = ""
        return TransactionError(f"The contract refuses: {reason or words}.", reason=reason or words)
    beyond = _NEEDS_TOO_MUCH.search(words) if method == "eth_estimateGas" else None
    if beyond is not None and int(beyond[1] or _LEAST_TRIED) >= _LEAST_TRIED:
        return TransactionError(f"The transaction needs too much gas: {words}.", reason=GAS_LIMIT)
    return Refusal(f"The node at {shown} refuses {method}: {words}.", words, members.get("code"))


def _tag(tag: BlockTag) -> str:
    return hex(tag) if isinstance(tag, int) else tag


def _topic(topic: bytes | list[bytes] | None) -> object:
    if topic is None:
        return None
    return "0x" + topic.hex() if isinstance(topic, bytes) else ["0x" + each.hex() for each in topic]


def _in_order(entries: Iterable[LogEntry], shown: str) -> list[LogEntry]:
    """Logs in the chain's order, each once. Raises NodeError where they are not those of one chain."""
    hashes: dict[int, str] = {}
    found: dict[tuple[int, int], LogEntry] = {}
    for entry in entries:
        if (
            hashes.setdefault(entry.block, entry.block_hash) != entry.block_hash
            or found.setdefault((entry.block, entry.log_index), entry) != entry
        ):
            raise NodeError(f"The node at {shown} gave logs of two chains.", remedy="It reorganised: try again.")
    return [found[place] for place in sorted(found)]


def _fits(entry: LogEntry, topics: Sequence[bytes | list[bytes] | None]) -> bool:
    """Whether an event has the topics that were asked for: each one given, one of a list, or any."""
    return len(entry.topics) >= len(topics) and all(
        wanted is None or found == wanted or (isinstance(wanted, list) and found in wanted)
        for found, wanted in zip(entry.topics, topics, strict=False)
    )


def require_chain(node: Node, chain_id: int) -> None:
    """Raise WrongChainError unless the node serves ``chain_id``."""
    served = node.chain_id()
    if served != chain_id:
        raise WrongChainError(f"The node at {node.shown} serves chain {served}, expected is chain {chain_id}.")


def connect(urls: Sequence[str], chain_id: int, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Node:
    """The first node of ``urls`` that answers and serves ``chain_id``. Raises the last one's error if none does."""
    failure: ChainError = NodeError("No RPC URL is configured.", remedy="Set CROWDLEDGER_RPC_URLS.")
    for url in urls:
        node = Node(url, timeout_seconds=timeout_seconds)
        try:
            require_chain(node, chain_id)
        except ChainError as error:
            node.close()
            failure = error
        else:
            return node
    raise failure
