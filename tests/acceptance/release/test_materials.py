"""The bills of materials by the real tool, and advisories where there is no network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import __version__
from ledger.demo.stage import free_port
from scripts.release.materials import bill_of, environment_bill, validate
from scripts.release.tools import tools

ROOT = Path(__file__).parents[3]
EPOCH = 1_790_000_000


@pytest.mark.long
def test_the_bill_names_what_is_locked_and_keeps_the_schema(release):
    places = tools()
    lock = release.lock.read_text()
    first, second = (bill_of(lock, environment_bill(places, EPOCH)) for _ in range(2))
    assert first == second
    text = json.dumps(first)
    validate(places, text)
    assert str(ROOT) not in text
    assert first["metadata"]["component"]["version"] == __version__
    assert first["metadata"]["timestamp"].startswith("2026-09-21T")
    pins = {(name, version) for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE)}
    assert {tuple(each["purl"].removeprefix("pkg:pypi/").split("@")) for each in first["components"]} == pins
    assert len([each for each in first["components"] if "licenses" in each]) > 0.9 * len(pins)
    hashes = re.findall(r"sha256:([0-9a-f]{64})", lock)
    assert all(digest in text for digest in hashes)
    (root,) = (each for each in first["dependencies"] if each["ref"] == "root-component")
    assert 20 < len(root["dependsOn"]) < len(pins)
    with pytest.raises(Exception, match="could not be made"):
        validate(places, text.replace('"library"', '"librarian"'))


@pytest.mark.long
def test_without_a_network_it_says_so_and_fails_with_a_code_of_its_own(monkeypatch):
    tools()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    command = [sys.executable, "-m", "scripts.release", "advisories"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "could not be asked for, so nothing is known" in done.stdout
    assert "Is the network there?" in done.stdout
