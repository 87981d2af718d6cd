"""Schemathesis and Atheris in an environment of their own, `.fuzz/`: requirements.lock stays free of what they need."""

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
    return _packages() / "bin" / "schemathesis"


def atheris_packages() -> Path | None:
    """The folder that Atheris is in; None where it is not built for this system. Raises SetUpError."""
    return next((path.parent for path in _packages().glob("lib/python*/site-packages/atheris")), None)


def _packages() -> Path:
    _HOME.mkdir(exist_ok=True)
    packages = _HOME / "packages"
    made_from(packages, [LOCK], lambda folder: make_packages(folder, LOCK), sys.version + str(ROOT))
    return packages
