"""The README's first ten minutes, line by line, against ``crowdledger dev``."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.demo.stage import free_port
from tests.acceptance import stranger
from tests.services import snippets

ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60


def shell_lines() -> list[str]:
    """The lines of 'The first ten minutes', wherever they stand."""
    return [line for block in snippets.run_by(__file__) for line in block.code.splitlines()]


@pytest.fixture
def dev(tmp_path):
    """A directory in which ``crowdledger dev`` runs."""
    command = [sys.executable, "-m", "ledger.cli", "dev", "--port", str(free_port())]
    with (tmp_path / "dev.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (tmp_path / ".crowdledger/dev/env").exists():
        assert process.poll() is None, (tmp_path / "dev.log").read_text()
        assert time.monotonic() < deadline, (tmp_path / "dev.log").read_text()
        time.sleep(0.1)
    try:
        yield tmp_path
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def shell(line, folder):
    line = line.replace(".venv/bin/crowdledger", f"{shlex.quote(sys.executable)} -m ledger.cli")
    done = subprocess.run(
        ["bash", "-c", f". .crowdledger/dev/env; {line}"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def has_curl() -> bool:
    """Whether there is a curl that knows ``--json`` (7.82)."""
    if shutil.which("curl") is None:
        return False
    words = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=False).stdout.split()
    return tuple(map(int, words[1].split(".")[:2])) >= (7, 82)


@pytest.mark.skipif(not has_curl(), reason="the README's lines need curl 7.82 or later")
def test_every_line_does_what_the_readme_says(dev):
    source, contribution, decision, receipt, verify, verify_chain, audit = shell_lines()
    assert source == ". .crowdledger/dev/env"
    written = json.loads(shell(contribution, dev)[1])
    assert json.loads(shell(contribution, dev)[1])["receipt"] == written["receipt"]
    assert json.loads(shell(decision, dev)[1])["status"] == "recorded"
    assert shell(receipt, dev)[0] == 0
    assert json.loads((dev / "receipt.json").read_text())["proof"] == written["receipt"]["proof"]
    assert shell(verify, dev)[0] == 0
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while "anchor" not in json.loads((dev / "receipt.json").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
        shell(receipt, dev)
    code, words = shell(verify_chain, dev)
    assert code == 0, words
    code, words = shell(audit, dev)
    assert code == 0, words
    check_as_a_stranger(dev, written)
    page = shell(f"curl -s {written['url']}", dev)[1]
    assert "Accepted" in page
    assert "receipt" in page


def check_as_a_stranger(dev, written):
    """Log, receipt and opening under a verifier that shares no code with the project."""
    url = written["url"].split("/c/")[0]
    receipt = (dev / "receipt.json").read_bytes()
    entries = stranger.read_log(url, "main", json.loads(receipt)["key"])
    index, statement = stranger.verify_receipt(receipt)
    assert json.loads(entries[index]) == statement
    assert (index, statement["id"]) == (written["index"], written["id"])
    opening = json.dumps(written["opening"]).encode()
    assert stranger.verify_opening(opening, statement["commitment"]) == {"label": "cat"}
