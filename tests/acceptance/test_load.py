"""``make load`` and ``make scale`` in short form: that they run and hold; the times are nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.load.crowd import KINDS

ROOT = Path(__file__).resolve().parents[2]
CHECKS = {
    "every receipt that was kept verifies in the log", "audit of the database", "audit of the mirror, with the chain",
    "what the processes said",
}  # fmt: skip
SHARE = "0.15"


def load(*arguments: str) -> tuple[dict[str, Any], str]:
    """The outcome of 12 seconds of load, and all that was said."""
    command = [sys.executable, "-m", "scripts.load", "--minutes", "0.2", "--share", SHARE, "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    lines = done.stdout.splitlines()
    assert lines
    assert lines[-1].startswith("{"), done.stdout + done.stderr
    outcome = json.loads(lines[-1])
    assert (done.returncode == 0) == (outcome["missed"] == [])
    return outcome, done.stdout


@pytest.mark.long
def test_the_mix_is_answered_without_an_error() -> None:
    outcome, said = load()
    assert outcome["errors"] == 0, said
    assert outcome["sent_again"] == {}
    assert outcome["checks"] == dict.fromkeys(CHECKS, 0), said
    assert outcome["requests"] > 10
    assert outcome["acknowledged"] > 10
    assert {each["kind"] for each in outcome["kinds"]} <= {"all of the mix", *KINDS, "event in a stream"}
    assert {"contribution", "decision", "event in a stream"} <= {each["kind"] for each in outcome["kinds"]}
    assert {"service 1", "service 2", "worker"} == set(outcome["memory"])


@pytest.mark.long
def test_nothing_acknowledged_is_lost_by_faults() -> None:
    outcome, said = load("--faults")
    assert outcome["missed"] == [], said
    assert outcome["checks"] == dict.fromkeys(CHECKS, 0), said
    assert sum(outcome["faults"].values()) >= 1
    assert outcome["acknowledged"] > 10


@pytest.mark.long
def test_processes_and_logs_are_measured() -> None:
    command = [sys.executable, "-m", "scripts.load.scale", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])["rows"]
    assert {(row["services"], row["logs"], row["workers"]) for row in rows} == {
        (1, 1, 0), (2, 1, 0), (4, 1, 0), (1, 4, 0), (2, 2, 0), (4, 4, 0), (2, 1, 1), (2, 1, 2), (4, 4, 1),
    }  # fmt: skip
    for row in rows:
        assert row["per_second"] > 0
        assert (row["worker_us"] > 0) == (row["workers"] > 0)
