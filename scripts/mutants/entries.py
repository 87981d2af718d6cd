"""Which calls from outside reach a function: a check that several of them share counts once for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from scripts.mutants.syntax import Syntax, walk

CONSTRUCTOR = 0
"""`msg.sig` while a contract is made: there is no calldata then."""

Entries = Mapping[int, Mapping[int, str]]
"""By AST id of a function or modifier: the selectors from which it is reached, with their functions' names."""


def find_entries(syntax: Syntax) -> Entries:
    """Goes through every contract that can be deployed; a virtual function is what that contract makes of it."""
    reached: dict[int, dict[int, str]] = defaultdict(dict)
    homes = {
        function["id"]: contract["id"]
        for tree in syntax.trees.values()
        for contract in walk(tree, "ContractDefinition")
        if contract["contractKind"] == "contract"
        for function in walk(contract, "FunctionDefinition")
    }
    callees = _callees(syntax)
    for _, tree in syntax.product():
        for contract in walk(tree, "ContractDefinition"):
            if contract["contractKind"] == "contract" and not contract["abstract"]:
                bases = set(contract["linearizedBaseContracts"])
                foreign = {function for function, home in homes.items() if home not in bases}
                for function, selector, name in _entries(syntax, bases):
                    for callee in _closure(callees, function, foreign):
                        reached[callee][selector] = name
    return reached


def _entries(syntax: Syntax, bases: set[int]) -> list[tuple[int, int, str]]:
    """AST id, selector and name of what can be called from outside in the contracts that make up one."""
    return [
        (function["id"], int(function.get("functionSelector", "0"), 16), function["name"] or "constructor")
        for tree in syntax.trees.values()
        for contract in walk(tree, "ContractDefinition")
        if contract["id"] in bases and contract["contractKind"] == "contract"
        for function in walk(contract, "FunctionDefinition")
        if "functionSelector" in function or function["kind"] == "constructor"
    ]


def _callees(syntax: Syntax) -> dict[int, set[int]]:
    """What each function or modifier calls within its contract, overriding functions and modifiers included."""
    callees: dict[int, set[int]] = defaultdict(set)
    for tree in syntax.trees.values():
        for function in walk(tree, "FunctionDefinition", "ModifierDefinition"):
            for overridden in function.get("baseFunctions", []):
                callees[overridden].add(function["id"])
            for node in walk(function, "Identifier", "MemberAccess", "IdentifierPath"):
                kind = node.get("typeDescriptions", {}).get("typeIdentifier", "")
                declared = node.get("referencedDeclaration")
                if declared is not None and not kind.startswith("t_function_external"):
                    callees[function["id"]].add(declared)
    return callees


def _closure(callees: dict[int, set[int]], start: int, foreign: set[int]) -> set[int]:
    """A function and all that it reaches, without what is foreign to the contract."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        found = waiting.pop()
        if found not in seen and found not in foreign:
            seen.add(found)
            waiting.extend(callees.get(found, ()))
    return seen
