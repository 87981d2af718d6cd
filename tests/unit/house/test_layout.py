"""The tree as the design lays it out, and nothing in it that belongs elsewhere."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOP = {
    "contracts",
    "ledger",
    "api",
    "scripts",
    "tests",
    "docs",
    "pyproject.toml",
    "README.md",
    "Makefile",
    "LICENSE",
    "CHANGELOG.md",
    "package.json",
    "package-lock.json",
    "requirements.lock",
    "requirements-consensus.lock",
    "requirements-analysis.lock",
    "requirements-release.lock",
    "requirements-fuzz.lock",
    "requirements-docs.lock",
    "mkdocs.yml",
    "Containerfile",
}
IN_TESTS = {
    *("unit", "integration", "acceptance", "browser", "simulation", "independent", "data", "services"),
    *("conftest.py", "__init__.py"),
}
LONGEST_MODULE_LINES = 400
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "manager", "misc", "common", "stuff"}
# Put together here so that this file does not hold them itself.
FORBIDDEN = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.",
    "registry." + "yarnpkg",
    "find" + "-links =",
    "extra-index" + "-url",
    "/work" + "/main",
    "/work" + "/shared",
    "/opt" + "/py",
    "/root" + "/",
]


def files_of_the_project() -> list[Path]:
    """What is tracked, and what would be: everything that .gitignore lets through."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listing.split("\0") if name and (path := Path(name)) and (ROOT / path).is_file()]


def test_the_top_of_the_tree_holds_only_what_the_design_names() -> None:
    top = {path.parts[0] for path in files_of_the_project()}
    assert {name for name in top if not name.startswith(".")} <= TOP
    assert {"ledger", "api", "contracts", "tests", "pyproject.toml", "Makefile", "LICENSE"} <= top


def test_tests_have_their_kinds_and_services() -> None:
    assert {path.parts[1] for path in files_of_the_project() if path.parts[0] == "tests"} <= IN_TESTS


def test_tests_stand_in_the_shape_of_the_tree() -> None:
    rooms = {path.parts[1].removesuffix(".py") for path in files_of_the_project() if path.parts[0] == "ledger"}
    allowed = rooms | {"contracts", "api", "scripts", "house", "scenarios"}
    for path in files_of_the_project():
        if path.parts[0] == "tests" and path.parts[1] in ("unit", "integration") and len(path.parts) > 3:
            assert path.parts[2] in allowed, f"{path} tests no room of the house"


def test_modules_are_short_and_named_for_their_subject() -> None:
    for path in files_of_the_project():
        if path.suffix == ".py":
            assert len((ROOT / path).read_text().splitlines()) <= LONGEST_MODULE_LINES, f"{path} is too long"
            assert path.stem not in VAGUE_NAMES, f"{path} says nothing of its subject"


def test_nothing_speaks_of_registries_or_of_a_machine() -> None:
    found = []
    for path in files_of_the_project():
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        found += [(str(path), word) for word in FORBIDDEN if word in text]
    assert found == []


def test_the_ci_script_can_be_run() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_every_real_input_has_its_source_beside_it() -> None:
    sources = (ROOT / "tests" / "data" / "README.md").read_text()
    data = [path for path in files_of_the_project() if path.parts[:2] == ("tests", "data") and path.name != "README.md"]
    assert [str(path) for path in data if f"| {path.relative_to('tests/data')} |" not in sources] == []
