"""Running the tools: within a time limit, with their output in a file, and with nothing of theirs left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.compile_contracts import SetUpError

LOG_TAIL_LINES = 15


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    folder: Path,
    limit_seconds: int,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Exit code of a command whose output goes to `log`. Past the limit all that it started is ended: `SetUpError`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            raise SetUpError(f"{command[0]} took more than {limit_seconds} s; its output is in {log}.") from None
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and all that it started, solvers for instance."""
    if process.poll() is None or group_lives(process.pid):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def group_lives(leader: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def must_run(command: Sequence[str | Path], *, log: Path, folder: Path, limit_seconds: int, remedy: str) -> None:
    """Runs a command that has to succeed: `SetUpError` with the remedy and the last lines of its output otherwise."""
    code = run(command, log=log, folder=folder, limit_seconds=limit_seconds)
    if code:
        tail = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        raise SetUpError(f"{remedy}\nThe last lines of {log} (exit code {code}):\n{tail}")
