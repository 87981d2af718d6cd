"""The contract that docs/contracts.md shows is taken by the pinned compiler, with the library that it imports."""

from __future__ import annotations

import pytest
import solcx

from scripts.compile_contracts import SETTINGS, compiler, imported_names, read_sources
from tests.services import snippets

pytestmark = pytest.mark.long


def test_the_contract_on_the_page_compiles() -> None:
    (shown,) = snippets.run_by(__file__)
    name = "contracts/Shown.sol"
    sources = read_sources(imported_names(name, shown.code)) | {name: shown.code}
    given = {
        "language": "Solidity",
        "sources": {each: {"content": content} for each, content in sources.items()},
        "settings": SETTINGS | {"outputSelection": {name: {"*": ["abi", "evm.bytecode"]}}},
    }
    with compiler() as binary:
        made = solcx.compile_standard(given, solc_binary=binary)["contracts"][name]["Reader"]
    assert [each["name"] for each in made["abi"] if each["type"] == "function"] == ["stands"]
    assert made["evm"]["bytecode"]["object"]
