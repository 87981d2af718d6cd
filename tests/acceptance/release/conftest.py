"""A release made from this checkout, and the wheel in an environment that knows nothing of the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.chain.devchain import find_anvil
from scripts.release.build import build
from scripts.release.running import running_lock

ROOT = Path(__file__).parents[3]
EPOCH = 1_790_000_000


@dataclass(frozen=True)
class Release:
    """What ``make build`` makes."""

    wheel: Path
    archive: Path
    lock: Path

    def members(self) -> dict[str, bytes]:
        """The wheel's files."""
        with zipfile.ZipFile(self.wheel) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel and what it needs. ``folder`` is where its user works, empty at first."""

    environment: Path
    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """Its user's variables: nothing of ours, and no dev chain on PATH."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CROWDLEDGER_", "PYTHON"))}
        return kept | {"PATH": f"{self.environment / 'bin'}:/usr/bin:/bin", "HOME": str(self.folder)}

    def start(self, *command: str | Path, **also: str) -> subprocess.Popen[str]:
        """Start a program of the environment; ``also`` are further variables."""
        return subprocess.Popen(
            [str(self.environment / "bin" / command[0]), *map(str, command[1:])],
            cwd=self.folder,
            env=self.variables | also,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str | Path, code: int = 0, **also: str) -> str:
        """What a program says, which must end with ``code``."""
        started = self.start(*command, **also)
        words, _ = started.communicate(timeout=600)
        assert started.returncode == code, words
        return words

    def with_anvil(self) -> str:
        """A PATH that has the dev chain as well, as the npm package or Foundry puts it there."""
        place = self.environment / "anvil"
        if not place.exists():
            place.mkdir()
            shutil.copy(find_anvil(), place / "anvil")
        return f"{place}:{self.variables['PATH']}"


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The release of what stands here."""
    folder = tmp_path_factory.mktemp("dist")
    archive, wheel = sorted(build(ROOT, folder, EPOCH), key=lambda path: path.suffix)
    assert (wheel.suffix, archive.suffix) == (".whl", ".gz")
    lock = folder / "requirements.lock"
    lock.write_text(running_lock(ROOT))
    return Release(wheel, archive, lock)


@pytest.fixture(scope="session")
def installed(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with the locked packages; needs the network, or what pip keeps."""
    environment, folder = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("work")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--no-input", "--disable-pip-version-check"]
    options = ["install", "--quiet", "--no-deps"]
    hashed = ["--require-hashes", "--only-binary", ":all:", "-r", str(release.lock)]
    for arguments in ([*options, *hashed], [*options, "--no-index", str(release.wheel)], ["check"]):
        done = subprocess.run([*pip, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return Installed(environment, folder)
