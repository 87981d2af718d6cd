"""cyclonedx-py and pip-audit in an environment of their own, `.release/`: requirements.lock stays free of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from scripts.analysis.environment import made_from, make_packages
from scripts.compile_contracts import ROOT

LOCK: Final = ROOT / "requirements-release.lock"
_HOME: Final = ROOT / ".release"


def tools() -> Path:
    """The folder of the tools' programs, made where it is missing or out of date. Raises SetUpError."""
    _HOME.mkdir(exist_ok=True)
    packages = _HOME / "packages"
    made_from(packages, [LOCK], lambda folder: make_packages(folder, LOCK), sys.version + str(ROOT))
    return packages / "bin"
