"""The auditor: processes of their own, with the URLs of a service and of a node, a folder, and no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import CrowdLedgerError, ProofError


@dataclass(frozen=True, slots=True)
class Auditor:
    """Somebody outside. ``folder`` is all they own; ``rpc`` is the node they trust."""

    folder: Path
    rpc: str

    def mirror(self, url: str) -> Path:
        """Copy the log; the mirror's folder. Raises CrowdLedgerError with what the command said if it fails."""
        folder = self.folder / "mirror"
        done = self._command("mirror", url, str(folder))
        if done.returncode != 0:
            raise CrowdLedgerError(f"The mirror failed: {done.stderr.strip()}")
        return folder

    def audit(self, source: str, *options: str) -> dict[str, Any]:
        """Replay a log, against the chain and what ``options`` name; the report."""
        return self._report(self.start_audit(source, *options))

    def start_audit(self, source: str, *options: str) -> subprocess.Popen[str]:
        """Begin an audit; ``finish_audit`` waits for it."""
        command = [*self._program(), "audit", source, "--rpc", self.rpc, "--json", *options]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder, env=_environment()
        )

    def finish_audit(self, started: subprocess.Popen[str]) -> dict[str, Any]:
        """The report of an audit that was begun."""
        return self._report(started)

    def verify(self, receipt: Path, *options: str) -> bool:
        """Whether a receipt's file verifies."""
        return self._command("verify", str(receipt), *options).returncode == 0

    def _report(self, started: subprocess.Popen[str]) -> dict[str, Any]:
        output, words = started.communicate()
        try:
            report = json.loads(output)
        except ValueError:
            raise ProofError(f"The audit gave no report: {words.strip()}") from None
        if not isinstance(report, dict):
            raise ProofError(f"The audit gave no report: {output[:200]}")
        return report

    def _program(self) -> Sequence[str]:
        return (sys.executable, "-m", "ledger.cli")

    def _command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._program(), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=_environment(),
        )


def _environment() -> dict[str, str]:
    """The environment without any setting of the service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
