"""Contracts with one check taken out: their sources edited in memory, compiled once and kept under ``build/``."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

from ledger.errors import ConfigError
from scripts import compile_contracts
from scripts.gas.checks import Check

BUILD = compile_contracts.ROOT / "build" / "gas"
_COMMENT_OR_STRING = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variant:
    """A contract without a check. ``given`` is all that the compiler is told.

    ``digest`` is the SHA-256 of it without the sources' comments, which change no gas.
    """

    contract: str
    given: dict[str, Any]
    digest: str

    @property
    def path(self) -> Path:
        """Where its creation code is kept, as hex."""
        return BUILD / f"{self.contract}-{self.digest}.hex"

    def bytecode(self) -> bytes:
        """Its creation code; it must be compiled."""
        return bytes.fromhex(self.path.read_text())


def variant(contract: str, check: Check) -> Variant:
    """A contract's sources without a check. Raises ConfigError where an edit does not match exactly once."""
    name = f"contracts/{contract}.sol"
    given = compile_contracts.standard_input([name])
    given["settings"] = given["settings"] | {"outputSelection": {name: {contract: ["evm.bytecode.object"]}}}
    edited = 0
    for edit in check.edits:
        if edit.source not in given["sources"]:
            continue
        content: str = given["sources"][edit.source]["content"]
        if (found := content.count(edit.old)) != 1:
            raise ConfigError(
                f"The check '{check.key}' is taken out of {edit.source} by a text that stands there {found} times.",
                remedy="Bring scripts/gas/checks.py in line with the contracts.",
            )
        given["sources"][edit.source] = {"content": content.replace(edit.old, edit.new)}
        edited += 1
    if not edited:
        raise ConfigError(f"Nothing takes the check '{check.key}' out of {contract}.", remedy="Add an edit for it.")
    code = {source: _code(found["content"]) for source, found in given["sources"].items()}
    told = json.dumps([compile_contracts.pinned_version(), given | {"sources": code}], sort_keys=True)
    return Variant(contract, given, hashlib.sha256(told.encode()).hexdigest())


def _code(source: str) -> str:
    """A source without its comments and empty lines."""
    bare = _COMMENT_OR_STRING.sub(lambda found: found[0] if found[0][0] in "\"'" else " ", source)
    return "\n".join(line.rstrip() for line in bare.splitlines() if line.strip())


def compile_missing(variants: Iterable[Variant]) -> None:
    """Compiles those that are not kept yet, as many at a time as there are cores.

    Raises ConfigError with what the compiler says, or where there is no compiler.
    """
    missing = list({each.digest: each for each in variants if not each.path.is_file()}.values())
    if not missing:
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    print(f"Compiling {len(missing)} contracts with a check taken out; kept in {BUILD}.", file=sys.stderr)
    try:
        with compile_contracts.compiler() as binary, ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(lambda each: _compile(each, binary), missing):
                pass
    except compile_contracts.SetUpError as error:
        raise ConfigError("The contracts cannot be compiled here.", remedy=str(error)) from error
    except SolcError as error:
        raise ConfigError(
            f"A contract without a check does not compile: {error.message}", remedy="Correct scripts/gas/checks.py."
        ) from error


def _compile(each: Variant, binary: Path) -> None:
    """What takes out a check may leave unused names behind, of which the compiler warns; nobody else sees them."""
    output = solcx.compile_standard(each.given, solc_binary=binary)
    made = output["contracts"][f"contracts/{each.contract}.sol"][each.contract]
    partial = each.path.with_suffix(".part")
    partial.write_text(made["evm"]["bytecode"]["object"])
    partial.replace(each.path)
