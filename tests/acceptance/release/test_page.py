"""The lines of docs/deploying.md and docs/releasing.md that install a release and make it again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.release.conftest import ROOT, Release
from tests.services import snippets

pytestmark = pytest.mark.long
INSTALL, AGAIN = (each.code for each in snippets.run_by(__file__))
MAKE = f'make() {{ command make -n -C "{ROOT}" "$@" >/dev/null; }}\n'
"""That the same files come again is shown by test_reproducible.py; here the targets are asked for."""


def shell(code: str, folder: Path) -> str:
    """What the lines say, in a folder of somebody who has the Python that this is and nothing of ours."""
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CROWDLEDGER_", "PYTHON"))}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env={**kept, "PATH": f"{folder / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_installed_as_the_page_says(release: Release, tmp_path: Path) -> None:
    for file in (release.wheel, release.lock):
        shutil.copy(file, tmp_path)
    assert "Verifier key:" in shell(INSTALL.replace("/srv/", f"{tmp_path}/srv/"), tmp_path)
    assert (tmp_path / "srv" / "crowdledger" / "crowdledger.toml").is_file()


def test_it_is_made_again_as_the_page_says(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", tmp_path]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "a"], ["tag", "vX.Y.Z"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "a.whl").write_bytes(b"a")
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(b'a').hexdigest()}  a.whl\n")
    assert "a.whl: OK" in shell(MAKE + AGAIN, tmp_path)
