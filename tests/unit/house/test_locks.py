"""The lock files: exact, with hashes, and free of download addresses, so that any mirror serves them."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
LOCKS = ("requirements.lock", "package-lock.json")
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.]*) \\$")
HASH = re.compile(r"^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$")


def pins() -> dict[str, str]:
    """Name -> version of the Python lock."""
    found = (PIN.match(line) for line in (ROOT / "requirements.lock").read_text().splitlines())
    return {canonicalize_name(match[1]): match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_no_download_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert [line for line in text.splitlines() if ":" + "//" in line or "file" + ":" in line] == []


def test_every_line_of_the_python_lock_is_a_pin_or_a_hash() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if not (line.startswith("#") or PIN.match(line) or HASH.match(line))] == []
    assert all(HASH.match(after) for line, after in pairwise(lines) if PIN.match(line))


def test_every_package_that_the_project_names_is_locked_in_a_version_it_accepts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    locked = pins()
    for requirement in map(Requirement, named):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in requirements.lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version} is locked"


def test_the_node_lock_has_a_hash_for_every_package() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


def test_the_node_lock_is_the_one_of_package_json() -> None:
    declared = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, version in declared.get(kind, {}).items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} is not pinned exactly"
            assert locked[f"node_modules/{name}"]["version"] == version
