"""What a node answers, checked: every value has its type and length, or it is a NodeError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import NodeError

_QUANTITY = re.compile(r"0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MAX_TEXT = 200
_MAX_TOPICS = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A block's head. ``timestamp`` in seconds; ``base_fee`` in wei a gas, None before EIP-1559."""

    number: int
    hash: str
    timestamp: int
    base_fee: int | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event as a node tells it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: str
    transaction: str
    log_index: int


@dataclass(frozen=True, slots=True)
class TransactionReceipt:
    """What became of a mined transaction."""

    transaction: str
    block: int
    block_hash: str
    succeeded: bool
    sender: str
    to: str | None
    made: str | None
    """The address of the contract that the transaction made."""
    gas_used: int
    logs: tuple[LogEntry, ...]
    gas_price: int | None = None
    """What was paid, in wei a gas; None where a node of an old chain does not say: then the price that was offered."""


@dataclass(frozen=True, slots=True)
class FeeHistory:
    """What gas has cost in some blocks, in wei a gas."""

    next_base_fee: int
    """Of the block after the last one."""
    tips: tuple[int, ...]
    """By block the tip that the asked share of its gas paid at most; empty where the node gives none."""


def _nonsense(what: str) -> NodeError:
    return NodeError(f"The node answers nonsense: {what}.", remedy="Check the RPC URL, or ask another node.")


def quantity(value: object, what: str) -> int:
    """An integer in hex without leading zeros."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise _nonsense(f"{what} is not a number")
    return int(value, 16)


def data(value: object, what: str) -> bytes:
    """Bytes in hex."""
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise _nonsense(f"{what} is not hex")
    return bytes.fromhex(value[2:])


def hash_text(value: object, what: str) -> str:
    """32 bytes as 0x and lower case."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise _nonsense(f"{what} is not a hash")
    return value.lower()


def address(value: object, what: str) -> str:
    """An address as 0x and lower case."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise _nonsense(f"{what} is not an address")
    return value.lower()


def text(value: object, what: str) -> str:
    """A short text."""
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise _nonsense(f"{what} is not a short text")
    return value


def _members(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _nonsense(f"{what} is not an object")
    return value


def block(value: object) -> Block:
    """The answer of ``eth_getBlockByNumber``."""
    members = _members(value, "the block")
    fee = members.get("baseFeePerGas")
    return Block(
        number=quantity(members.get("number"), "the block's number"),
        hash=hash_text(members.get("hash"), "the block's hash"),
        timestamp=quantity(members.get("timestamp"), "the block's time"),
        base_fee=None if fee is None else quantity(fee, "the block's base fee"),
    )


def _log_entry(value: object) -> LogEntry:
    members = _members(value, "a log")
    topics = members.get("topics")
    if not isinstance(topics, list) or len(topics) > _MAX_TOPICS or members.get("removed"):
        raise _nonsense("a log has no good topics or was removed")
    return LogEntry(
        address=address(members.get("address"), "a log's address"),
        topics=tuple(bytes.fromhex(hash_text(each, "a log's topic")[2:]) for each in topics),
        data=data(members.get("data"), "a log's data"),
        block=quantity(members.get("blockNumber"), "a log's block"),
        block_hash=hash_text(members.get("blockHash"), "a log's block hash"),
        transaction=hash_text(members.get("transactionHash"), "a log's transaction"),
        log_index=quantity(members.get("logIndex"), "a log's index"),
    )


def log_entries(value: object, what: str) -> list[LogEntry]:
    """A list of logs."""
    if not isinstance(value, list):
        raise _nonsense(f"{what} is not a list")
    return [_log_entry(each) for each in value]


def creation(value: object) -> bytes:
    """The answer of ``eth_getTransactionByHash``: its data where it makes a contract, empty where it calls one."""
    members = _members(value, "the transaction")
    return b"" if members.get("to") is not None else data(members.get("input"), "the transaction's data")


def receipt(value: object, transaction: str) -> TransactionReceipt:
    """The answer of ``eth_getTransactionReceipt`` for ``transaction``."""
    members = _members(value, "the receipt")
    to, made, price = members.get("to"), members.get("contractAddress"), members.get("effectiveGasPrice")
    status = quantity(members.get("status"), "the receipt's status")
    found = TransactionReceipt(
        transaction=hash_text(members.get("transactionHash"), "the receipt's transaction"),
        block=quantity(members.get("blockNumber"), "the receipt's block"),
        block_hash=hash_text(members.get("blockHash"), "the receipt's block hash"),
        succeeded=status == 1,
        sender=address(members.get("from"), "the receipt's sender"),
        to=None if to is None else address(to, "the receipt's recipient"),
        made=None if made is None else address(made, "the receipt's contract"),
        gas_used=quantity(members.get("gasUsed"), "the receipt's gas"),
        logs=tuple(log_entries(members.get("logs"), "the receipt's logs")),
        gas_price=None if price is None else quantity(price, "the receipt's gas price"),
    )
    if found.transaction != transaction:
        raise _nonsense("the receipt is another transaction's")
    return found


def fee_history(value: object, blocks: int) -> FeeHistory:
    """The answer of ``eth_feeHistory`` for at most so many blocks and one percentile."""
    members = _members(value, "the fee history")
    fees, rewards = members.get("baseFeePerGas"), members.get("reward")
    if not isinstance(fees, list) or not 1 <= len(fees) <= blocks + 1:
        raise _nonsense("the fee history has no base fees of the blocks that were asked for")
    if rewards is not None and (not isinstance(rewards, list) or len(rewards) > blocks):
        raise _nonsense("the fee history has no tips of the blocks that were asked for")
    if not all(isinstance(each, list) and len(each) == 1 for each in rewards or ()):
        raise _nonsense("the fee history has not one tip a block")
    return FeeHistory(
        next_base_fee=[quantity(fee, "a base fee") for fee in fees][-1],
        tips=tuple(quantity(each[0], "a tip") for each in rewards or ()),
    )
