"""The committed artifacts are what the sources compile to, with what package.json pins."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import solcx

from scripts import compile_contracts
from scripts.compile_contracts import ARTIFACTS, ROOT

CODE_LIMIT = 24_576  # EIP-170
EXACT = re.compile(r"\d+\.\d+\.\d+")


def committed() -> dict[str, str]:
    return {path.relative_to(ARTIFACTS).as_posix(): path.read_text() for path in compile_contracts.kept_files()}


def test_artifacts_are_of_these_sources_and_settings() -> None:
    files = committed()
    for source in compile_contracts.deployable_sources():
        artifact = json.loads(files[f"{Path(source).stem}.json"])
        assert artifact["sourceName"] == source
        assert artifact["sourceHash"] == compile_contracts.source_hash(compile_contracts.read_sources([source]))
        made_by = artifact["compiler"]
        assert made_by.pop("version").split("+")[0] == compile_contracts.pinned_version()
        assert made_by == compile_contracts.SETTINGS


def test_an_artifact_is_what_its_source_compiles_to() -> None:
    """The one that compiles in seconds; with the long test, all of them."""
    with compile_contracts.compiler() as binary:
        compiled = compile_contracts.compile_together(["contracts/ContributionLog.sol"], binary)
    assert set(compiled) == {"ContributionLog.json", "sources/ContributionLog.standard-input.json"}
    assert compiled.items() <= committed().items()


@pytest.mark.long
def test_artifacts_are_what_the_sources_compile_to() -> None:
    assert compile_contracts.differences(compile_contracts.compile_all()) == []


@pytest.mark.long
@pytest.mark.parametrize("name", ["ContributionLog", "RewardPool", "RewardToken"])
def test_what_explorers_are_given_compiles_to_the_committed_bytecode(name: str) -> None:
    """The committed file itself through the pinned compiler, as an explorer does: the metadata's hash included.

    The test before shows the same in short: what `compile_all` gives the compiler is what it keeps, to the last byte.
    """
    given = json.loads(committed()[f"sources/{name}.standard-input.json"])
    with compile_contracts.compiler() as binary:
        output = solcx.compile_standard(given, solc_binary=binary)
    made = output["contracts"][f"contracts/{name}.sol"][name]["evm"]
    artifact = json.loads(committed()[f"{name}.json"])
    assert "0x" + made["bytecode"]["object"] == artifact["bytecode"]
    assert "0x" + made["deployedBytecode"]["object"] == artifact["deployedBytecode"]
    assert artifact["deployedBytecode"][-4:] == "0033"  # the length of the CBOR that holds the metadata's hash


def test_every_contract_for_production_has_its_input() -> None:
    """The others compile the same way: `compile_all` gives the compiler exactly what it keeps."""
    names = [name for name in compile_contracts.deployable_sources() if "/dev/" not in name]
    kept = {name: text for name, text in committed().items() if name.startswith("sources/")}
    assert {compile_contracts.INPUT_NAME.format(Path(name).stem) for name in names} == set(kept)
    for name in names:
        given = json.loads(kept[compile_contracts.INPUT_NAME.format(Path(name).stem)])
        assert given == compile_contracts.standard_input([name])
        assert given["settings"]["viaIR"] is True
        assert not [source for source in given["sources"] if "/dev/" in source]


def test_check_names_what_differs() -> None:
    changed = committed()
    assert compile_contracts.differences(changed) == []
    del changed["DevToken.json"]
    changed["RewardPool.json"] = changed["RewardPool.json"].replace('"0x', '"0x00', 1)
    changed["New.json"] = "{}"
    assert compile_contracts.differences(changed) == [
        "New.json: missing",
        "DevToken.json: no source compiles to it",
        "RewardPool.json: differs",
    ]


def test_every_contract_that_can_be_deployed_has_an_artifact() -> None:
    names = {Path(source).stem for source in compile_contracts.deployable_sources()}
    assert names >= {"ContributionLog", "RewardPool", "RewardToken", "DevToken"}
    assert {f"{name}.json" for name in names} == {name for name in committed() if "/" not in name}


def test_nothing_depends_on_where_the_project_lies() -> None:
    assert not [name for name, text in committed().items() if str(ROOT) in text]


def test_source_hash_covers_everything_imported() -> None:
    sources = compile_contracts.read_sources(["contracts/RewardPool.sol"])
    assert {"contracts/interfaces/IPauses.sol", "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol"} <= set(
        sources
    )
    assert not [name for name in sources if "dev/" in name]
    changed = sources | {"@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol": "changed"}
    assert compile_contracts.source_hash(changed) != compile_contracts.source_hash(sources)


def test_imports_are_named_from_the_project() -> None:
    content = 'import {A} from "./A.sol";\nimport {\n    B\n} from "../lib/B.sol";\nimport "@openzeppelin/C.sol";\n'
    assert compile_contracts.imported_names("contracts/dev/D.sol", content) == [
        "contracts/dev/A.sol",
        "contracts/lib/B.sol",
        "@openzeppelin/C.sol",
    ]


@pytest.mark.parametrize("path", sorted(ARTIFACTS.glob("*.json")), ids=lambda path: path.stem)
def test_code_fits_and_immutables_lie_within(path: Path) -> None:
    artifact = json.loads(path.read_text())
    code = bytes.fromhex(artifact["deployedBytecode"].removeprefix("0x"))
    assert 0 < len(code) <= CODE_LIMIT
    for places in artifact["immutableReferences"].values():
        for place in places:
            assert not any(code[place["start"] : place["start"] + place["length"]])


def test_lock_file_holds_no_addresses() -> None:
    """Addresses would tie the project to one registry. After `npm install` drop `funding` members."""
    assert "://" not in (ROOT / "package-lock.json").read_text()


def test_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, version in package[kind].items():
            assert EXACT.fullmatch(version), f"{name} is not pinned"
            assert locked[f"node_modules/{name}"]["version"] == version


def test_sources_name_the_pinned_compiler_and_the_licence() -> None:
    pragma = f"pragma solidity {compile_contracts.pinned_version()};"
    for path in (ROOT / "contracts").rglob("*.sol"):
        licence, second = path.read_text().splitlines()[:2]
        assert (licence, second) == ("// SPDX-License-Identifier: Apache-2.0", pragma), path
