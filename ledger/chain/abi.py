"""Calls, results, events and errors of a contract by its ABI (Solidity's contract ABI specification).

Values are plain: ints, bools, strings, bytes for ``bytesN``, lower-case ``0x`` strings for addresses, tuples for
structs and arrays. What does not decode is a NodeError: only a node can have made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from ledger.errors import NodeError
from ledger.statements.onchain import keccak256

SELECTOR_SIZE = 4
_PANIC = "Panic"


def _type(entry: Mapping[str, Any]) -> str:
    """The canonical type of a parameter: a struct becomes the tuple of its members."""
    kind = str(entry["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(each) for each in entry['components'])}){kind.removeprefix('tuple')}"


def _types(entries: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(_type(each) for each in entries)


def _decode(types: Sequence[str], data: bytes, what: str) -> tuple[Any, ...]:
    try:
        return tuple(decode(types, data))
    except (DecodingError, UnicodeDecodeError, OverflowError, ValueError) as error:
        raise NodeError(f"The node's answer is not a result of {what}.") from error


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a contract."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    selector: bytes

    def encode(self, *values: object) -> bytes:
        """Call data: selector and arguments."""
        return self.selector + encode(self.inputs, values)

    def arguments(self, call: bytes) -> tuple[Any, ...]:
        """The arguments of call data. Raises NodeError where ``call`` is not one of this function."""
        if call[:4] != self.selector:
            raise NodeError(f"This is no call of {self.name}.")
        return _decode(self.inputs, call[4:], self.name)

    def decode(self, result: bytes) -> tuple[Any, ...]:
        """The returned values. Raises NodeError where ``result`` is not of the function's types."""
        return _decode(self.outputs, result, self.name)


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a contract; ``topic`` is the hash of its signature."""

    name: str
    topic: bytes
    names: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """The event's members by name; indexed members must be of one word. Raises NodeError on anything else."""
        indexed = [kind for kind, flag in zip(self.types, self.indexed, strict=True) if flag]
        if len(topics) != 1 + len(indexed) or topics[0] != self.topic:
            raise NodeError(f"The node gave a log that is not an event {self.name}.")
        from_topics = iter(_decode(indexed, b"".join(topics[1:]), self.name))
        plain = [kind for kind, flag in zip(self.types, self.indexed, strict=True) if not flag]
        from_data = iter(_decode(plain, data, self.name))
        return {
            name: next(from_topics if flag else from_data) for name, flag in zip(self.names, self.indexed, strict=True)
        }


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """A custom error of a contract."""

    name: str
    names: tuple[str, ...]
    types: tuple[str, ...]

    def describe(self, arguments: bytes) -> str:
        """The error as text: ``DelayNotOver(readyAt=1790000000)``."""
        values = _decode(self.types, arguments, self.name)
        shown = (f"{name}={_shown(value)}" for name, value in zip(self.names, values, strict=True))
        return f"{self.name}({', '.join(shown)})"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


class Abi:
    """The functions and events (by name) and errors (by selector) of one contract."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.functions: dict[str, Function] = {}
        self.events: dict[str, Event] = {}
        self.errors: dict[bytes, ErrorShape] = {}
        self.constructor: tuple[str, ...] = ()
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Mapping[str, Any]) -> None:
        kind, name, inputs = entry["type"], str(entry.get("name", "")), entry.get("inputs", [])
        types = _types(inputs)
        digest = keccak256(f"{name}({','.join(types)})".encode())
        names = tuple(str(each["name"]) for each in inputs)
        if kind == "function":
            selector = digest[:SELECTOR_SIZE]
            self.functions[name] = Function(name, types, _types(entry["outputs"]), selector)
        elif kind == "event":
            self.events[name] = Event(name, digest, names, types, tuple(bool(each["indexed"]) for each in inputs))
        elif kind == "error":
            self.errors[digest[:SELECTOR_SIZE]] = ErrorShape(name, names, types)
        elif kind == "constructor":
            self.constructor = types

    def encode_constructor(self, *values: object) -> bytes:
        """What follows the bytecode when the contract is made."""
        return encode(self.constructor, values)


# What Solidity itself reverts with: require(..., "reason") and failed assertions.
BUILT_IN_ERRORS = Abi(
    [
        {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
        {"type": "error", "name": _PANIC, "inputs": [{"name": "code", "type": "uint256"}]},
    ]
).errors
