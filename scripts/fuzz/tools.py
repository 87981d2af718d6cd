"""Schemathesis in an environment of its own, `.fuzz/`: requirements.lock stays free of it and of what it needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from scripts.analysis.environment import made_from, make_packages
from scripts.compile_contracts import ROOT

LOCK: Final = ROOT / "requirements-fuzz.lock"
_HOME: Final = ROOT / ".fuzz"


def schemathesis() -> Path:
    """The program, installed where it is missing or out of date. Raises SetUpError."""
    _HOME.mkdir(exist_ok=True)
    packages = _HOME / "packages"
    made_from(packages, [LOCK], lambda folder: make_packages(folder, LOCK), sys.version + str(ROOT))
    return packages / "bin" / "schemathesis"
