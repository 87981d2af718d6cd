"""Advisories are never taken for none where nobody was asked; bills and locks are those of what is locked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ledger import __version__
from scripts.compile_contracts import ROOT, SetUpError
from scripts.release.advisories import NONE_KNOWN, NOT_ASKED, SOME_KNOWN, read
from scripts.release.materials import bill_of
from scripts.release.running import running_lock

GOOD = {"name": "good", "version": "1.0", "vulns": []}
WEAK = {
    "name": "weak",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.1"], "description": "..."}],
}
UNKNOWN = {"name": "gone", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([GOOD], NONE_KNOWN, "1 packages asked for, 0 known weaknesses."),
        ([GOOD, WEAK], SOME_KNOWN, "weak 2.0: PYSEC-1, CVE-2026-1 (repaired in: 2.1)"),
        ([GOOD, UNKNOWN], NOT_ASKED, "Nothing could be learnt of 1 packages: gone"),
        ([WEAK, UNKNOWN], SOME_KNOWN, "Nothing could be learnt of 1 packages: gone"),
        ([], NOT_ASKED, "0 packages asked for"),
    ],
)
def test_what_pip_audit_answers(packages: list[dict[str, Any]], code: int, words: str) -> None:
    known = read(json.dumps({"dependencies": packages, "fixes": []}), "")
    assert known.code == code
    assert words in known.words()


@pytest.mark.parametrize("answer", ["", "Traceback", "{}", "[]", "null"])
def test_no_answer_is_no_all_clear(answer: str) -> None:
    known = read(answer, "a\nConnectionError: no route\n")
    assert known.code == NOT_ASKED
    assert "ConnectionError: no route" in known.words()
    assert "Is the network there?" in known.words()


def component(name: str, version: str) -> dict[str, Any]:
    return {"name": name, "version": version, "bom-ref": f"{name}=={version}", "purl": f"pkg:pypi/{name}@{version}"}


ENVIRONMENT = {
    "specVersion": "1.6",
    "metadata": {"component": {"bom-ref": "root-component", "name": "crowdledger"}},
    "components": [component("Some_Thing", "1.0"), component("needed", "2.0"), component("tester", "3.0")],
    "dependencies": [
        {"ref": "root-component", "dependsOn": ["Some_Thing==1.0", "tester==3.0"]},
        {"ref": "Some_Thing==1.0", "dependsOn": ["needed==2.0"]},
        {"ref": "needed==2.0"},
        {"ref": "tester==3.0", "dependsOn": ["needed==2.0"]},
    ],
}
LOCK = f"""# words with some==1.0 in them
needed==2.0 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
some-thing==1.0 \\
    --hash=sha256:{"c" * 64}
"""


def test_a_bill_is_of_what_is_locked_with_the_locks_hashes() -> None:
    bill = bill_of(LOCK, ENVIRONMENT)
    assert bill["metadata"]["component"]["version"] == __version__
    assert [each["name"] for each in bill["components"]] == ["needed", "Some_Thing"]
    hashes = [each["externalReferences"][-1]["hashes"] for each in bill["components"]]
    assert [[one["content"][0] for one in each] for each in hashes] == [["a", "b"], ["c"]]
    assert bill["dependencies"] == [
        {"ref": "root-component", "dependsOn": ["Some_Thing==1.0"]},
        {"ref": "Some_Thing==1.0", "dependsOn": ["needed==2.0"]},
        {"ref": "needed==2.0", "dependsOn": []},
    ]


@pytest.mark.parametrize("wrong", [LOCK.replace("needed==2.0", "needed==2.1"), LOCK + "absent==1.0 \\\n"])
def test_a_bill_is_refused_where_something_else_is_installed(wrong: str) -> None:
    with pytest.raises(SetUpError, match="is locked, but not installed"):
        bill_of(wrong, ENVIRONMENT)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_an_extra_brings_its_packages_into_the_lock(checkout: Path) -> None:
    plain, more = running_lock(checkout), running_lock(checkout, ["mturk"])
    assert "\nboto3==" not in plain
    assert "\nboto3==" in more
    assert "with mturk" in more.splitlines()[0]
    assert more.count("==") > plain.count("==")
    with pytest.raises(SetUpError, match="There is no extra nonsense"):
        running_lock(checkout, ["nonsense"])


def test_what_is_not_locked_is_named(checkout: Path) -> None:
    lock = checkout / "requirements.lock"
    lock.write_text(lock.read_text().replace("\nsqlalchemy==", "\nsqlalchemist=="))
    with pytest.raises(SetUpError, match=r"does not pin .*sqlalchemy"):
        running_lock(checkout)
