"""The part of requirements.lock that a service needs to run: no compilers, test tools or type checkers on a server.

It is found from the installed packages' own metadata, so it needs no network and cannot differ from what was tested.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ledger import __version__
from scripts.compile_contracts import SetUpError

_HEADER = """\
# What crowdledger {version} needs to run{extras}: versions and hashes of requirements.lock. Install with --no-deps and
# --require-hashes, then the wheel with --no-deps. Found under Python 3.11 on Linux, where it was tested.
"""


def running_lock(root: Path, extras: Sequence[str] = ()) -> str:
    """The text of the lock for the project with these extras. Raises SetUpError where a package is not locked.

    Its packages must be installed in this environment in the locked versions (``make setup``).
    """
    lock = root / "requirements.lock"
    blocks = _blocks(lock)
    names = _closure(_direct(root, extras))
    if missing := sorted(names - blocks.keys()):
        raise SetUpError(f"{lock.name} does not pin {', '.join(missing)}. Renew it as its first lines say.")
    words = f" with {', '.join(sorted(extras))}" if extras else ""
    return _HEADER.format(version=__version__, extras=words) + "".join(blocks[name] for name in sorted(names))


def _direct(root: Path, extras: Sequence[str]) -> list[Requirement]:
    """What pyproject.toml names. Raises SetUpError for an extra that it does not."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    if unknown := sorted(set(extras) - set(optional)):
        raise SetUpError(f"There is no extra {', '.join(unknown)}: {', '.join(sorted(optional))}.")
    named = [*project["dependencies"], *(text for extra in extras for text in optional[extra])]
    return [Requirement(text) for text in named]


def _blocks(lock: Path) -> dict[str, str]:
    """By name, the pin of a package with its hashes."""
    found: dict[str, str] = {}
    name = ""
    for line in lock.read_text().splitlines(keepends=True):
        if not line.startswith(("#", " ")):
            name = canonicalize_name(line.partition("==")[0])
            found[name] = ""
        if name:
            found[name] += line
    return found


def _closure(direct: Sequence[Requirement]) -> set[str]:
    """The names of what is required, and of what that requires, under this Python on this system."""
    todo = [need for need in direct if need.marker is None or need.marker.evaluate()]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        need = todo.pop()
        found = (canonicalize_name(need.name), frozenset(need.extras))
        if found not in seen:
            seen.add(found)
            todo += _needs(*found)
    return {name for name, _ in seen}


def _needs(name: str, extras: frozenset[str]) -> list[Requirement]:
    """What an installed package requires. Raises SetUpError where it is not installed."""
    try:
        needs = [Requirement(text) for text in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        raise SetUpError(f"{name} is not installed. Run 'make setup'.") from None
    return [
        need
        for need in needs
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
