"""Commands of ours as processes that are killed, stopped, continued and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_STOP_SECONDS = 30.0


class Process:
    """``crowdledger`` with some arguments; ``log`` takes all that its lives say."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.lives = 0
        self.is_paused = False
        self._command = [sys.executable, "-m", "ledger.cli", *arguments]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it is there, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id while it is there."""
        return self._process.pid if self._process is not None and self.runs else None

    @property
    def ended_by_itself(self) -> int | None:
        """The exit code of one that nobody ended; None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it unless it runs."""
        if self.runs:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self.lives += 1
        self.is_paused = False

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Let it end softly; kill it if it does not."""
        if self._process is None:
            return
        self.resume()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.kill()

    def pause(self) -> None:
        """SIGSTOP."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGSTOP)
            self.is_paused = True

    def resume(self) -> None:
        """SIGCONT."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGCONT)
        self.is_paused = False

    def words(self) -> str:
        """All that it said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""
