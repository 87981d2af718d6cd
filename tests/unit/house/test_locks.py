"""The lock files: exact, with hashes, and free of download addresses, so that any mirror serves them."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
PYTHON_LOCKS = ("requirements.lock", "requirements-consensus.lock")
LOCKS = (*PYTHON_LOCKS, "package-lock.json")
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.]*) \\$")
HASH = re.compile(r"^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(*names: str) -> dict[str, str]:
    """Name -> version of Python locks."""
    found = (PIN.match(line) for name in names for line in (ROOT / name).read_text().splitlines())
    return {canonicalize_name(match[1]): match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_no_download_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert [line for line in text.splitlines() if ":" + "//" in line or "file" + ":" in line] == []


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_every_line_of_a_python_lock_is_a_pin_or_a_hash(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert [line for line in lines if not (line.startswith("#") or PIN.match(line) or HASH.match(line))] == []
    assert all(HASH.match(after) for line, after in pairwise(lines) if PIN.match(line))


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_every_package_that_the_project_names_is_locked_in_a_version_it_accepts(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = extras["consensus"] if "consensus" in lock else [*project["dependencies"], *extras["dev"]]
    assert set(extras) == {"dev", "consensus", "mturk", "otel", "s3"}
    assert {*extras["mturk"], *extras["otel"], *extras["s3"]} <= set(extras["dev"])
    locked = pins(lock)
    for requirement in map(Requirement, named):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version} is locked"


def test_the_extra_pins_nothing_that_is_pinned_already() -> None:
    assert pins("requirements.lock").keys() & pins("requirements-consensus.lock").keys() == set()


def test_what_the_extra_needs_is_locked() -> None:
    """Installed or not: where it is, no requirement of a package of the extra is missing or in a wrong version."""
    locked = pins(*PYTHON_LOCKS)
    for name in pins("requirements-consensus.lock"):
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            pytest.skip("the extra is not installed")
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                version = locked.get(canonicalize_name(need.name))
                assert version is not None, f"{name} needs {need}"
                assert need.specifier.contains(version, prereleases=True), f"{name} needs {need}, not {version}"


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
