"""The wheel holds all that the code opens at run time, and nothing else."""

from __future__ import annotations

import email
import subprocess
import tarfile
from pathlib import Path

import pytest

from ledger import __version__
from ledger.chain import artifacts, contracts
from ledger.cli import demo
from scripts.release.shipping import SHIPPED
from scripts.release.tree import sources

ROOT = Path(__file__).parents[3]
FOR_TRANSLATORS = {"api/pages/languages/template.pot"}
"""Files beside the code that no code reads."""


@pytest.fixture(scope="module")
def members(release):
    return release.members()


def test_every_file_of_the_packages_is_in_the_wheel_as_it_is_here(members):
    ours = {str(path) for path in sources(ROOT) if path.parts[0] in ("ledger", "api")} - FOR_TRANSLATORS
    assert len([name for name in ours if not name.endswith(".py")]) > 100
    assert sorted(ours - members.keys()) == []
    assert [name for name in sorted(ours) if members[name] != (ROOT / name).read_bytes()] == []


def test_every_contract_that_the_code_names_is_in_the_wheel(members):
    names = {contracts.LOG_CONTRACT, contracts.POOL_CONTRACT, contracts.TOKEN_CONTRACT, contracts.DEV_TOKEN}
    assert set(artifacts._NAMES) == names
    wanted = {f"{name}.json" for name in names}
    wanted |= {f"sources/{name}.standard-input.json" for name in names - {contracts.DEV_TOKEN}}
    kept = ROOT / "contracts" / "artifacts"
    assert {name: members[f"ledger/chain/compiled/{name}"] for name in wanted} == {
        name: (kept / name).read_bytes() for name in wanted
    }


def test_the_answers_of_the_demo_are_in_the_wheel_with_their_sources_and_licences(members):
    data = ROOT / "tests" / "data"
    wanted = {path.relative_to(data) for path in demo.DATA.values()} | {Path("README.md")}
    for path in wanted:
        assert members[f"ledger/demo/data/{path}"] == (data / path).read_bytes()


def test_nothing_else_is_in_the_wheel(members):
    ours = {str(path) for path in sources(ROOT)}
    shipped = {f"{folder}/{Path(name).name}" for folder, names in SHIPPED.items() for name in names}
    about = f"crowdledger-{__version__}.dist-info/"
    assert [name for name in members if name not in ours | shipped and not name.startswith(about)] == []


def test_what_the_wheel_says_of_itself(members):
    about = f"crowdledger-{__version__}.dist-info"
    told = email.message_from_bytes(members[f"{about}/METADATA"])
    assert (told["Name"], told["Version"], told["License-Expression"]) == ("crowdledger", __version__, "Apache-2.0")
    assert told["Requires-Python"] == ">=3.11"
    assert "crowdledger = ledger.cli:main" in members[f"{about}/entry_points.txt"].decode()
    assert members[f"{about}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert members["ledger/py.typed"] == members["api/py.typed"] == b""


def test_no_file_names_the_folder_that_it_was_built_in(members):
    assert [name for name, data in members.items() if str(ROOT).encode() in data or b"crowdledger-build-" in data] == []


def test_the_archive_is_settled(release):
    with tarfile.open(release.archive) as archive:
        each = archive.getmembers()
        assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in each} == {(1_790_000_000, 0, 0, "", "")}
        assert {one.mode for one in each} == {0o644, 0o755}
        names = [one.name for one in each]
    assert names == sorted(names)
    assert f"crowdledger-{__version__}/contracts/artifacts/RewardPool.json" in names


def test_the_lock_of_what_runs_is_a_part_of_the_lock(release):
    whole, part = (ROOT / "requirements.lock").read_text(), release.lock.read_text()
    pins = [line for line in part.splitlines() if "==" in line]
    assert 40 < len(pins) < whole.count("==")
    assert set(part.splitlines()) - set(whole.splitlines()) <= set(part.splitlines()[:2])
    assert not {line.split("==")[0] for line in pins} & {"pytest", "mypy", "ruff", "playwright", "web3", "setuptools"}


def test_git_ignores_what_a_release_makes():
    ignored = ["dist/x.whl", ".release/packages/x"]
    done = subprocess.run(["git", "check-ignore", *ignored], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a checkout")
    assert done.stdout.splitlines() == ignored
