"""One compiled copy of the contracts in which every check can be switched off while it runs.

A switch is an account: the check is off while the account holds ether. There is one for the check itself, and one for
the check in calls of one function only (`msg.sig`), so that a check shared by several can be removed from each alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import solcx

from scripts import compile_contracts
from scripts.mutants.checks import Check, Edit
from scripts.mutants.entries import Entries
from scripts.mutants.syntax import DEVELOPMENT, PRODUCT, Node, Syntax, span, walk

SWITCH_SOURCE = "contracts/MutantSwitch.sol"
FIRST_SWITCH = 0x6D7574616E74 << 112
ENTRY_SHIFT = 32
# One is added to the selector because that of a constructor is 0, which must not mean every call.
SWITCH = f"""// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

library MutantSwitch {{
    function off(uint160 check) internal view returns (bool) {{
        return address(check).balance != 0
            || address(check + ((uint160(uint32(msg.sig)) + 1) << {ENTRY_SHIFT})).balance != 0;
    }}
}}
"""
PURE = re.compile(rb"\bpure\b")
FEW_RUNS = {"optimizer": {"enabled": True, "runs": 1}}
"""The copy is larger than the contracts; its initcode must stay below the limit of EIP-3860."""


@dataclass(frozen=True)
class Mutant:
    """A check that is off, in every call or, if ``entry`` names a function, in calls of that one."""

    name: str
    check: Check
    entry: str
    switch: str


def all_mutants(checks: Sequence[Check], entries: Entries) -> list[Mutant]:
    """All mutants; names are unique, and change only with what they name."""
    found = []
    seen: Counter[str] = Counter()
    for number, check in enumerate(checks):
        reached = entries.get(check.holder, {}) if check.by_entry else {}
        for selector, entry in reached.items() if len(reached) > 1 else [(-1, "")]:
            name = f"{check.name} via {entry}" if entry else check.name
            seen[name] += 1
            name = f"{name} #{seen[name]}" if seen[name] > 1 else name
            switch = FIRST_SWITCH + number + ((selector + 1) << ENTRY_SHIFT)
            found.append(Mutant(name, check, entry, f"0x{switch:040x}"))
    return found


def edited_sources(syntax: Syntax, checks: Sequence[Check]) -> dict[str, str]:
    """The sources of the copy, by name."""
    edits: defaultdict[str, list[Edit]] = defaultdict(list)
    for number, check in enumerate(checks):
        off = f"MutantSwitch.off({FIRST_SWITCH + number})"
        off_word = f"gt(balance({FIRST_SWITCH + number}), 0)"
        for edit in check.edits:
            before, after = (each.format(off=off, off_word=off_word) for each in (edit.before, edit.after))
            edits[edit.source].append(Edit(edit.source, edit.begin, edit.end, before, after))
    for name, tree in syntax.trees.items():
        if edits[name]:
            pragma = span(next(walk(tree, "PragmaDirective")))
            edits[name].append(Edit(name, *pragma, "", f' import {{MutantSwitch}} from "{SWITCH_SOURCE}";'))
        if name.startswith(PRODUCT):
            edits[name].extend(_no_longer_pure(syntax, name, tree))
    return {name: _apply(content, edits[name]) for name, content in syntax.sources.items()} | {SWITCH_SOURCE: SWITCH}


def _no_longer_pure(syntax: Syntax, name: str, tree: Node) -> Iterable[Edit]:
    """What was pure becomes a view, because it may look at a switch."""
    for function in walk(tree, "FunctionDefinition"):
        if function["stateMutability"] == "pure":
            begin = span(function["parameters"])[1]
            found = PURE.search(syntax.sources[name], begin)
            assert found is not None
            yield Edit(name, *found.span(), "/*", "*/ view")


def compiled_copy(sources: Mapping[str, str], parent: Path) -> Path:
    """The folder under ``parent`` with the copy's artifacts; they are made if they are not there from an earlier run.

    Raises SolcError.
    """
    folder = parent / f"copy-{hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]}"
    if not folder.is_dir():
        parent.mkdir(parents=True, exist_ok=True)
        for older in parent.glob("copy-*"):
            shutil.rmtree(older)
        with tempfile.TemporaryDirectory(dir=parent) as making:
            _compile_all(sources, Path(making))
            shutil.copytree(making, folder)
    return folder


def _compile_all(sources: Mapping[str, str], folder: Path) -> None:
    """Writes an artifact (name, ABI, bytecode) for each contract that can be deployed."""
    names = compile_contracts.deployable_sources()
    development = [name for name in names if name.startswith(DEVELOPMENT)]
    groups = [*([name] for name in names if name not in development), development]
    with compile_contracts.compiler() as binary, ThreadPoolExecutor(os.cpu_count()) as pool:
        for contracts in pool.map(_compile, repeat(sources), groups, repeat(binary)):
            for name, compiled in contracts.items():
                made = {"contractName": name, "abi": compiled["abi"]}
                made["bytecode"] = "0x" + compiled["evm"]["bytecode"]["object"]
                (folder / f"{name}.json").write_text(json.dumps(made))


def _compile(sources: Mapping[str, str], names: Iterable[str], binary: Path) -> dict[str, Any]:
    request = {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in sources.items()},
        "settings": compile_contracts.SETTINGS
        | FEW_RUNS
        | {"outputSelection": {name: {"*": ["abi", "evm.bytecode.object"]} for name in names}},
    }
    compiled = solcx.compile_standard(request, solc_binary=binary)["contracts"]
    return {contract: made for name in names for contract, made in compiled[name].items()}


def _apply(content: bytes, edits: Sequence[Edit]) -> str:
    """Puts in what the edits say; of edits that begin or end at one place, the longer one goes around the shorter."""
    pieces = [(edit.begin, 1, edit.begin - edit.end, edit.before) for edit in edits]
    pieces += [(edit.end, 0, edit.end - edit.begin, edit.after) for edit in edits]
    made, done = b"", 0
    for place, _, _, text in sorted(pieces):
        made += content[done:place] + text.encode()
        done = place
    return (made + content[done:]).decode()
