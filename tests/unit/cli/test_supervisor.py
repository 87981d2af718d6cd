import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.cli import supervisor
from ledger.cli.supervisor import Supervisor

CHILD = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"


def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_a_child_that_dies_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT_SECONDS", 0.01)
    file = tmp_path / "pids"
    with Supervisor("child", [sys.executable, "-c", CHILD, str(file)]):
        eventually(lambda: len(pids(file)) == 1)
        os.kill(pids(file)[0], signal.SIGKILL)
        eventually(lambda: len(pids(file)) == 2)
        second = pids(file)[1]
        assert is_alive(second)
    assert not is_alive(second)
    assert "The child ended (-9)" in capsys.readouterr().err
