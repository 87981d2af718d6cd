"""``make soak``, for a short while."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CHECKS = {
    "audit of the mirror, with the chain", "audit of the database", "findings of the book", "balances",
    "books of the pool", "funds", "transactions", "requests", "what the processes said",
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("database", [[], ["--postgres"]], ids=["sqlite", "postgresql"])
def test_everything_agrees_after_a_minute_of_faults(database: list[str]) -> None:
    command = [sys.executable, "-m", "scripts.soak", "--minutes", "1", "--quiet", "--json", *database]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["agrees"], done.stdout + done.stderr
    assert done.returncode == 0
    assert set(outcome["disagreements"]) == CHECKS
    assert outcome["contributions"] > 0
    assert sum(outcome["faults"].values()) > 3
