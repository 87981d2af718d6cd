"""The contracts as the compiler's syntax trees, which say of every piece of code where in its source it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import solcx

from scripts import compile_contracts

PRODUCT = "contracts/"
DEVELOPMENT = "contracts/dev/"

Node = dict[str, Any]


@dataclass(frozen=True)
class Syntax:
    """``sources`` are the texts by name, ``trees`` their syntax trees, ``files`` the names by the compiler's number."""

    sources: dict[str, bytes]
    trees: dict[str, Node]
    files: dict[int, str]

    def name_of(self, node: Node) -> str:
        """Name of the source that a node stands in."""
        return self.files[int(node["src"].split(":")[2])]

    def text(self, node: Node) -> str:
        """The code of a node on one line."""
        begin, end = span(node)
        return " ".join(self.sources[self.name_of(node)][begin:end].decode().split())

    def place(self, node: Node) -> str:
        """``file:line`` of a node, for messages."""
        name = self.name_of(node)
        line = self.sources[name][: span(node)[0]].count(b"\n") + 1
        return f"{name}:{line}"

    def product(self) -> Iterator[tuple[str, Node]]:
        """Names and trees of the contracts that are deployed for real, with their interfaces and libraries."""
        for name, tree in self.trees.items():
            if name.startswith(PRODUCT) and not name.startswith(DEVELOPMENT):
                yield name, tree


def span(node: Node) -> tuple[int, int]:
    """Begin and end of a node in bytes."""
    begin, length, _ = map(int, node["src"].split(":"))
    return begin, begin + length


def children(node: Node) -> Iterator[Node]:
    """The nodes right under a node, in no particular order."""
    for value in node.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and "nodeType" in each:
                yield each


def walk(node: Node, *kinds: str) -> Iterator[Node]:
    """A node and all below it, in the order of the source; only those of the given kinds, if any are."""
    if not kinds or node["nodeType"] in kinds:
        yield node
    for child in sorted(children(node), key=lambda each: span(each)[0]):
        yield from walk(child, *kinds)


def parse() -> Syntax:
    """Reads and parses contracts/. Raises SolcError if they do not compile, SetUpError without a compiler."""
    return parse_sources(compile_contracts.read_sources(compile_contracts.deployable_sources()))


def parse_sources(sources: Mapping[str, str]) -> Syntax:
    """The same for sources by name, which must bring along all that they import."""
    request = {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in sources.items()},
        "settings": compile_contracts.SETTINGS | {"outputSelection": {"*": {"": ["ast"]}}},
    }
    with compile_contracts.compiler() as binary:
        output = solcx.compile_standard(request, solc_binary=binary)["sources"]
    return Syntax(
        sources={name: content.encode() for name, content in sources.items()},
        trees={name: output[name]["ast"] for name in sources},
        files={output[name]["id"]: name for name in sources},
    )
