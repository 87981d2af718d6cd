"""Wheel and source archive, the same bytes from the same files."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from scripts.compile_contracts import SetUpError
from scripts.release.archive import settle
from scripts.release.tree import copy_sources

# Umask before anything is written: a wheel keeps the rights of its files.
_BACKEND: Final = """
import os, sys
os.umask(0o022)
from setuptools import build_meta
getattr(build_meta, sys.argv[1])(sys.argv[2])
"""


def build(root: Path, target: Path, epoch: int) -> list[Path]:
    """Make source archive and wheel of the checkout ``root`` in ``target``, all their files from ``epoch``.

    The wheel is built from the archive, which is so shown to be whole. Raises SetUpError where setuptools fails.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="crowdledger-build-") as name:
        checkout, unpacked, made = (Path(name, part) for part in ("checkout", "unpacked", "made"))
        made.mkdir()
        copy_sources(root, checkout)
        _backend("build_sdist", checkout, made, epoch)
        (archive,) = made.iterdir()
        settle(archive, epoch)
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        (folder,) = unpacked.iterdir()
        _backend("build_wheel", folder, made, epoch)
        # Not moved: the two places may be on two disks.
        return sorted(Path(target, path.name) for path in made.iterdir() if _write(path, target))


def _backend(hook: str, folder: Path, made: Path, epoch: int) -> None:
    """One hook of the build backend (PEP 517), in a process of its own, by the locked setuptools."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", _BACKEND, hook, str(made)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetUpError(f"The package could not be built ({hook}):\n{(done.stdout + done.stderr)[-2_000:]}")


def _write(path: Path, target: Path) -> int:
    return (target / path.name).write_bytes(path.read_bytes())
