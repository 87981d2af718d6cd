"""The files that a release is made of: where they stand, from when they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from scripts.compile_contracts import ROOT

DIST: Final = ROOT / "dist"
FOLDERS: Final = ("api", "ledger", "contracts/artifacts", "tests/data", "scripts/release")
FILES: Final = ("LICENSE", "README.md", "pyproject.toml")


def git(root: Path, *arguments: str) -> str | None:
    """What git says of a checkout; None where it is none, or there is no git."""
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def sources(root: Path) -> list[Path]:
    """Paths from ``root`` of what wheel and source archive are built from, sorted: all that .gitignore lets through."""
    listing = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *FOLDERS, *FILES)
    if listing is not None:
        found = {Path(name) for name in listing.split("\0") if name}
    else:
        walked = (path for folder in FOLDERS for path in (root / folder).rglob("*") if "__pycache__" not in path.parts)
        found = {path.relative_to(root) for path in walked} | {Path(name) for name in FILES}
    return sorted(path for path in found if (root / path).is_file())


def copy_sources(root: Path, folder: Path) -> None:
    """The sources in an empty folder, with rights that do not depend on whoever checked them out."""
    for path in sources(root):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)
        target.chmod(0o644)


def changed(root: Path) -> bool:
    """Whether the checkout holds what is not committed: such a build is nobody else's to repeat."""
    return bool(git(root, "status", "--porcelain", "--", *FOLDERS, *FILES))


def epoch(root: Path) -> int:
    """Seconds since 1970 that all files of the release carry: SOURCE_DATE_EPOCH, else the last commit's time.

    Without either, as in an unpacked source archive, the time of its pyproject.toml, which the archive kept.
    See reproducible-builds.org, "SOURCE_DATE_EPOCH".
    """
    told = os.environ.get("SOURCE_DATE_EPOCH") or git(root, "log", "-1", "--format=%ct")
    return int(told) if told else int((root / "pyproject.toml").stat().st_mtime)
