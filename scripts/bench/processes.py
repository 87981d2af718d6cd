"""The servers that are measured, each a process of its own on a free port, and what a process has used."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_PATIENCE_SECONDS = 60.0
_ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int, *, children: bool = False) -> float:
    """Processor time that a process has used so far, its threads included; with all its children's, gone or not."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    used = sum(map(int, stat[11:15] if children else stat[11:13])) * _TICK_SECONDS
    if children:
        for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with suppress(FileNotFoundError):  # it has just ended
                used += cpu_seconds(int(each), children=True)
    return used


def memory(pid: int, name: Literal["VmRSS", "VmHWM"] = "VmRSS") -> int:
    """The memory that a process holds, or the most that it ever held (VmHWM), in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"This system does not tell a process's {name}.")


class ServerProcess:
    """A server on ``port``; entering it waits until it takes connections."""

    def __init__(self, command: Sequence[str], port: int, log: Path, environment: Mapping[str, str]) -> None:
        self._command = command
        self._log = log
        # A setting of a service that the user runs must not get in.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
        self._environment = {**kept, **environment}
        self.port = port
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=_ROOT, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                end = self._log.read_text()[-2000:]
                raise RuntimeError(f"{self._command[-1]} did not start, it ended with {self._process.poll()}:\n{end}")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Processor time that the process has used so far, its threads included."""
        return cpu_seconds(self.pid)

    def peak_memory(self) -> int:
        """The most memory that the process ever held, in bytes."""
        return memory(self.pid, "VmHWM")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def asgi_server(application: str, folder: Path, environment: Mapping[str, str] | None = None) -> ServerProcess:
    """``application`` (module:name) under uvicorn with the settings of ``crowdledger serve``."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--no-access-log", "--port", str(port), application]
    return ServerProcess(command, port, folder / f"{application.partition(':')[0]}.log", environment or {})
