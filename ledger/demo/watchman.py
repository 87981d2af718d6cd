"""The guardian's watchman: ``crowdledger guard`` as a process of its own, with the guardian's key."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ledger.chain.deployments import deployment_path
from ledger.demo.outside import own_environment
from ledger.demo.stage import Stage
from ledger.errors import CrowdLedgerError

PATIENCE_SECONDS: Final = 60.0
_INTERVAL_SECONDS: Final = 0.5


class Watchman:
    """Watches the stage's pool by the log at ``url`` from ``folder``, as a context manager."""

    def __init__(self, stage: Stage, url: str, folder: Path) -> None:
        deployment = deployment_path(stage.folder / "deployments", stage.deployment.chain_id)
        key = stage.signer_file["guardian"]
        self._command = [sys.executable, "-m", "ledger.cli", "guard", url, "--folder", str(folder)]
        self._command += ["--deployment", str(deployment), "--rpc", stage.chain.url, "--signer", f"file:{key}"]
        self._command += ["--interval", str(_INTERVAL_SECONDS)]
        self._words = folder.with_suffix(".log")
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                self._command, env=own_environment(), stdout=subprocess.PIPE, stderr=words, text=True
            )
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.wait_for(lambda line: line.get("event") == "watching")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line that is wanted. Raises CrowdLedgerError where the watchman ends, or none comes in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise CrowdLedgerError("The watchman did not see in time what it should have seen.") from None
            if line is None:
                raise CrowdLedgerError(f"The watchman ended: {self._words.read_text(errors='replace').strip()}")
            if wanted(line):
                return line

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._lines.put(json.loads(text))
        self._lines.put(None)

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
