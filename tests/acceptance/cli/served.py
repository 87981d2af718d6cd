"""A platform on a running service, and commands run as their console script runs them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.app import main
from ledger.client import Client


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code in (0, 2), self.err
        return json.loads(self.out)


def run_here(capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> Ended:
    """Run ``crowdledger`` with these arguments in this process."""
    monkeypatch.setattr(sys, "argv", ["crowdledger", *map(str, arguments)])
    capture.readouterr()
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capture.readouterr()
    return Ended(code, said.out, said.err)


@dataclass
class Site:
    """The service at ``url`` and the platform's key in a file."""

    url: str
    client: Client
    key_file: Path
    folder: Path
    capture: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *arguments: object, connected: bool = True) -> Ended:
        """Run ``crowdledger`` with these arguments, and with the service and the key unless not ``connected``."""
        place = ["--url", self.url, "--api-key-file", str(self.key_file)] if connected else []
        return run_here(self.capture, self.monkeypatch, *arguments, *place)
