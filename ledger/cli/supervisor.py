"""A child process that is started again when it dies, and stopped when we stop.

A child must look for itself whether its parent still lives: nobody can act after a SIGKILL.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from ledger.cli.output import say

STOP_SECONDS = 15.0
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
GOOD_RUN_SECONDS = 60.0
_POLL_SECONDS = 0.2


class Supervisor:
    """Runs ``command`` while the block lasts; after a death it waits longer each time, up to half a minute."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = list(command)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"supervisor of {name}")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        while not self._stopping.is_set():
            # Ctrl-C reaches the whole group of processes; the child's end is ours to order.
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, process_group=0)
            ran_seconds = 0.0
            while self._process.poll() is None:
                if self._stopping.wait(_POLL_SECONDS):
                    self._stop(self._process)
                    return
                ran_seconds += _POLL_SECONDS
            wait_seconds = FIRST_WAIT_SECONDS if ran_seconds >= GOOD_RUN_SECONDS else wait_seconds
            code = self._process.returncode
            say(f"The {self._name} ended ({code}); it starts again in {wait_seconds:g} s.", error=True)
            self._stopping.wait(wait_seconds)
            wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)

    @staticmethod
    def _stop(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
