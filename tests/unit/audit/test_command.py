"""The command with openings, as a person types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.cli import app
from ledger.tree.keys import LogSigner
from tests.unit.audit import logs
from tests.unit.audit.test_decisions import Labelled
from tests.unit.audit.test_source import Service, service  # noqa: F401


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


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in tasks.split()]


@pytest.mark.long
def test_ctrl_c_leaves_no_process(service: Service) -> None:  # noqa: F811
    """As a terminal sends it, to the whole group, while the service makes the readers wait."""
    service.replies["/logs/main/tile/0/000"] = [(503, b"", {})] * 1000
    command = [sys.executable, "-m", "ledger.cli", "audit", service.url, "--processes", "2"]
    audit = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0)
    while "/logs/main/tile/0/000" not in service.asked:
        time.sleep(0.02)
    children = children_of(audit.pid)
    assert len(children) == 2
    os.killpg(audit.pid, signal.SIGINT)
    _, words = audit.communicate(timeout=20)
    assert audit.returncode == 130
    assert b"Traceback" not in words
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_processes_are_not_for_the_check_of_a_database() -> None:
    result = CliRunner().invoke(app, ["audit", "--database", "--processes", "2"])
    assert result.exit_code == 2
