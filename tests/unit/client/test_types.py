"""Type checkers know what each call gives, of both clients."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.long
def test_a_type_checker_knows_both_clients() -> None:
    checked = [sys.executable, "-m", "mypy", "--strict", "tests/unit/client/typed.py"]
    done = subprocess.run(checked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
