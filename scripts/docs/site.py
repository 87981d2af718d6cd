"""MkDocs in an environment of its own, `.docs/`: requirements.lock stays free of it and of what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from scripts.analysis.environment import made_from, make_packages
from scripts.compile_contracts import ROOT

LOCK: Final = ROOT / "requirements-docs.lock"
SITE: Final = ROOT / "build" / "site"
_HOME: Final = ROOT / ".docs"


def mkdocs() -> Path:
    """The program, installed where it is missing or out of date. Raises SetUpError."""
    _HOME.mkdir(exist_ok=True)
    packages = _HOME / "packages"
    made_from(packages, [LOCK], lambda folder: make_packages(folder, LOCK), sys.version + str(ROOT))
    return packages / "bin" / "mkdocs"


def build(site: Path) -> bool:
    """Whether the site could be built into ``site`` without a warning; what MkDocs says goes to stderr."""
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "true"}
    command = [str(mkdocs()), "build", "--strict", "--clean", "--quiet", "--site-dir", str(site)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
