"""The command with openings, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.cli import app
from ledger.tree.keys import LogSigner
from tests.unit.audit import logs
from tests.unit.audit.test_decisions import Labelled


@pytest.fixture
def labelled(tmp_path: Path, signer: LogSigner) -> Labelled:
    made = Labelled(tmp_path, signer)
    made.audit()
    return made


def test_openings_from_a_folder(labelled: Labelled) -> None:
    folder = labelled.folder
    result = CliRunner().invoke(app, ["audit", str(folder / "log"), "--openings", str(folder / "openings"), "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    evidence = {check["name"]: check["evidence"] for check in report["checks"]}
    assert evidence["methods"].startswith("run again with the same outcome: 6 of 6")
    assert any("not that the decisions were right" in each for each in report["proves"])


def test_a_wrong_opening_fails_the_audit(labelled: Labelled) -> None:
    path = next((labelled.folder / "openings" / "contribution").iterdir())
    logs.write(path, path.read_bytes().replace(b"cat", b"dog").replace(b"dog", b"bat"))
    arguments = ["audit", str(labelled.folder / "log"), "--openings", str(labelled.folder / "openings")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "not match the commitment" in result.stdout


def test_an_address_without_a_token(labelled: Labelled) -> None:
    arguments = ["audit", str(labelled.folder / "log"), "--openings", "https://crowd.example/v1/mandates/1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code != 0
    assert "--openings-token" in str(result.exception) + result.output
