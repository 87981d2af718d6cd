"""People outside: commands as processes of their own, with a folder, the URLs they know, and no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import CrowdLedgerError, ProofError

_PROGRAM = (sys.executable, "-m", "ledger.cli")


def run_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as somebody in ``folder`` types it, without any setting of the service."""
    return subprocess.run(
        [*_PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=own_environment(),
    )


@dataclass(frozen=True, slots=True)
class Auditor:
    """Somebody outside. ``folder`` is all they own; ``rpc`` is the node they trust."""

    folder: Path
    rpc: str

    def mirror(self, url: str) -> Path:
        """Copy the log; the mirror's folder. Raises CrowdLedgerError with what the command said if it fails."""
        folder = self.folder / "mirror"
        done = run_command(self.folder, "mirror", url, str(folder))
        if done.returncode != 0:
            raise CrowdLedgerError(f"The mirror failed: {done.stderr.strip()}")
        return folder

    def audit(self, source: str, *options: str) -> dict[str, Any]:
        """Replay a log, against the chain and what ``options`` name; the report."""
        return self._report(self.start_audit(source, *options))

    def start_audit(self, source: str, *options: str) -> subprocess.Popen[str]:
        """Begin an audit; ``finish_audit`` waits for it."""
        command = [*_PROGRAM, "audit", source, "--rpc", self.rpc, "--json", *options]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=own_environment(),
        )

    def finish_audit(self, started: subprocess.Popen[str]) -> dict[str, Any]:
        """The report of an audit that was begun."""
        return self._report(started)

    def verify(self, receipt: Path, *options: str) -> bool:
        """Whether a receipt's file verifies."""
        return run_command(self.folder, "verify", str(receipt), *options).returncode == 0

    def _report(self, started: subprocess.Popen[str]) -> dict[str, Any]:
        output, words = started.communicate()
        try:
            report = json.loads(output)
        except ValueError:
            raise ProofError(f"The audit gave no report: {words.strip()}") from None
        if not isinstance(report, dict):
            raise ProofError(f"The audit gave no report: {output[:200]}")
        return report


def own_environment() -> dict[str, str]:
    """The environment without any setting of the service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
