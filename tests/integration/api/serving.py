"""The application in a real server process, as uvicorn runs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.client import Client
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, ORIGIN, SECRETS_KEY

_START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A process that serves at ``url``, with everything it keeps in ``folder``."""

    url: str
    pid: int
    folder: Path

    def resident_bytes(self, *, highest: bool = False) -> int:
        """The memory that the process has, or the most it had since ``forget_highest``."""
        name = "VmHWM" if highest else "VmRSS"
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

    def forget_highest(self) -> None:
        """Measure the highest memory anew from now on (proc_pid_clear_refs(5))."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@contextmanager
def serving(folder: Path, database_url: str, log_signer: LogSigner) -> Iterator[Server]:
    """``uvicorn api.app:from_environment`` in a process of its own; its log must show no trace and no secret."""
    (folder / "log.pem").write_bytes(log_signer.to_pem())
    (folder / "admin.key").write_text(ADMIN_KEY)
    (folder / "secrets.key").write_bytes(SECRETS_KEY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
    environment |= {
        "CROWDLEDGER_DATABASE_URL": database_url,
        "CROWDLEDGER_ORIGIN": ORIGIN,
        "CROWDLEDGER_LOG_KEY_FILE": str(folder / "log.pem"),
        "CROWDLEDGER_ADMIN_KEY_FILE": str(folder / "admin.key"),
        "CROWDLEDGER_SECRETS_KEY_FILE": str(folder / "secrets.key"),
        "CROWDLEDGER_PORT": str(port),
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:from_environment", "--port", str(port)]
    with (folder / "server.log").open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_SECONDS
        with Client(url) as client:
            while not client.ready():
                assert process.poll() is None, (folder / "server.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield Server(url, process.pid, folder)
    finally:
        process.terminate()
        assert process.wait(10) in (0, -signal.SIGTERM)
    written = (folder / "server.log").read_text()
    assert "Traceback" not in written
    assert "cl_" not in written
    assert ADMIN_KEY not in written
