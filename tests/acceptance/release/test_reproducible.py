"""Two builds of the same files, apart in place, time, rights, time zone and language, are the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.release.tree import copy_sources, epoch

ROOT = Path(__file__).parents[3]
BUILD = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[3], 8))
from scripts.release.build import build
build(Path(sys.argv[1]), Path(sys.argv[2]), 1_790_000_000)
"""


def built(checkout: Path, target: Path, umask: str, **also: str) -> dict[str, bytes]:
    command = [sys.executable, "-c", BUILD, str(checkout), str(target), umask]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **also}, check=True)
    return {path.name: path.read_bytes() for path in target.iterdir()}


@pytest.mark.long
def test_the_same_files_give_the_same_release(tmp_path):
    here, there = tmp_path / "here", tmp_path / "far" / "away"
    copy_sources(ROOT, here)
    first = built(here, tmp_path / "first", "022")
    time.sleep(2.1)  # a ZIP's clock has steps of two seconds
    shutil.copytree(here, there, copy_function=shutil.copyfile)
    for path in there.rglob("*.py"):
        path.chmod(0o700)
    (there / "build" / "lib" / "ledger").mkdir(parents=True)
    (there / "build" / "lib" / "ledger" / "stale.py").write_text("left by an earlier build")
    second = built(there, tmp_path / "second", "077", TZ="Asia/Tehran", LC_ALL="C", PYTHONHASHSEED="7")
    assert sorted(path.rsplit(".", 1)[1] for path in first) == ["gz", "whl"]
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    (here / "ledger" / "__init__.py").write_text('__version__ = "0.1.0"  # changed\n')
    assert built(here, tmp_path / "third", "022") != first


def test_the_release_is_from_the_commits_time_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert epoch(tmp_path) == 1_700_000_000
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    (tmp_path / "pyproject.toml").touch()
    os.utime(tmp_path / "pyproject.toml", (1_600_000_000, 1_600_000_000))
    assert epoch(tmp_path) == 1_600_000_000
