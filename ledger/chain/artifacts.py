"""The compiled contracts: ABI, bytecode and what must stand at an address of ours.

A wheel brings them beside this module, in ``compiled/``; in a checkout they are ``contracts/artifacts/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ledger.chain.abi import BUILT_IN_ERRORS, SELECTOR_SIZE, Abi, ErrorShape
from ledger.errors import ConfigError, NodeError

_INSTALLED = Path(__file__).with_name("compiled")
_CHECKOUT = Path(__file__).resolve().parents[2] / "contracts" / "artifacts"
_NAMES = ("ContributionLog", "RewardPool", "RewardToken", "DevToken")


def artifacts_folder() -> Path:
    """Where the artifacts are. Raises ConfigError where they are neither installed nor in the checkout."""
    for folder in (_INSTALLED, _CHECKOUT):
        if folder.is_dir():
            return folder
    raise ConfigError(
        f"The compiled contracts are missing: neither {_INSTALLED} nor {_CHECKOUT} exists.",
        remedy="Take a whole checkout, or install the package anew.",
    )


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract. ``deployed`` is the code that stands on the chain, its immutables zero."""

    name: str
    abi: Abi
    bytecode: bytes
    deployed: bytes
    version: str
    """The compiler's, such as ``0.8.37+commit.f401782d``."""
    source: str
    """The name of its source, such as ``contracts/RewardPool.sol``."""
    immutables: Mapping[str, tuple[tuple[int, int], ...]]
    """By variable, (begin, end) of every place in ``deployed`` that the constructor fills with its value."""

    def matches(self, code: bytes) -> bool:
        """Whether ``code`` is this contract, whatever its immutables are."""
        if len(code) != len(self.deployed):
            return False
        masked = bytearray(code)
        for begin, end in self._places():
            masked[begin:end] = bytes(end - begin)
        return bytes(masked) == self.deployed

    def wrong_immutables(self, code: bytes, values: Mapping[str, bytes]) -> list[str]:
        """The immutables of ``code``, which ``matches``, that are not ``values`` (whole words) everywhere; sorted.

        Raises ConfigError where ``values`` lack one; what the code does not hold, such as a part of a domain that the
        compiler found no use for, is not compared.
        """
        if unknown := sorted(self.immutables.keys() - values.keys()):
            raise ConfigError(
                f"The values of {self.name}'s immutables are not known: {', '.join(unknown)}.",
                remedy="Take program and compiled contracts of one version.",
            )
        return sorted(
            name
            for name, places in self.immutables.items()
            if any(code[begin:end] != values[name] for begin, end in places)
        )

    def _places(self) -> Iterator[tuple[int, int]]:
        for places in self.immutables.values():
            yield from places

    def creation(self, *arguments: object) -> bytes:
        """The data of the transaction that makes the contract."""
        return self.bytecode + self.abi.encode_constructor(*arguments)


@cache
def artifact(name: str) -> Artifact:
    """The artifact of a contract by its name, such as ``RewardPool``. Raises ConfigError where it cannot be read."""
    path = artifacts_folder() / f"{name}.json"
    try:
        members: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        immutables = {
            variable: tuple((place["start"], place["start"] + place["length"]) for place in places)
            for variable, places in members["immutableReferences"].items()
        }
        return Artifact(
            name=name,
            abi=Abi(members["abi"]),
            bytecode=bytes.fromhex(members["bytecode"].removeprefix("0x")),
            deployed=bytes.fromhex(members["deployedBytecode"].removeprefix("0x")),
            immutables=immutables,
            version=members["compiler"]["version"],
            source=members["sourceName"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"The compiled contract {path} cannot be read: {error!r}.",
            remedy="Run 'make contracts' in the checkout, or install the package anew.",
        ) from error


def compiler_input(name: str) -> str:
    """The compiler input (Solidity standard JSON) that gives the contract's bytecode. Raises ConfigError."""
    path = artifacts_folder() / "sources" / f"{name}.standard-input.json"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The source of a compiled contract, {path}, cannot be read: {error!r}.",
            remedy="Run 'make contracts' in the checkout, or install the package anew.",
        ) from error


def describe_revert(data: bytes) -> str:
    """The error in a call's revert data as text: ``DelayNotOver(readyAt=1790000000)``; empty data give ''."""
    if not data:
        return ""
    selector, arguments = data[:SELECTOR_SIZE], data[SELECTOR_SIZE:]
    shape = _known_errors().get(selector)
    if shape is None:
        return f"unknown error 0x{selector.hex()}"
    try:
        return shape.describe(arguments)
    except NodeError:
        return shape.name


@cache
def _known_errors() -> dict[bytes, ErrorShape]:
    errors = dict(BUILT_IN_ERRORS)
    for name in _NAMES:
        errors |= artifact(name).abi.errors
    return errors
