from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from ledger.chain.deployments import Deployment, deployment_path
from ledger.errors import ConfigError

DEPLOYMENT = Deployment(
    chain_id=31337,
    contribution_log="0x" + "11" * 20,
    log_id="0x" + "22" * 32,
    origin="example.org/crowd",
    pool="0x" + "33" * 20,
    token="0x" + "44" * 20,
    settlement_delay=3,
    dev=True,
    block=2,
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = deployment_path(tmp_path / "deployments", 31337)
    DEPLOYMENT.save(path)
    DEPLOYMENT.save(path)
    assert path.name == "31337.json"
    assert Deployment.load(path) == DEPLOYMENT
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", list(asdict(DEPLOYMENT)))
def test_every_member_is_needed_and_checked(tmp_path: Path, name: str) -> None:
    path = tmp_path / "1.json"
    members = asdict(DEPLOYMENT)
    for wrong in ({k: v for k, v in members.items() if k != name}, members | {name: None}, members | {name: "X Y"}):
        path.write_text(json.dumps(wrong))
        with pytest.raises(ConfigError):
            Deployment.load(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff", json.dumps(asdict(DEPLOYMENT) | {"more": 1}), " " * 300_000])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError):
        Deployment.load(path)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="crowdledger deploy"):
        Deployment.load(tmp_path / "none.json")
