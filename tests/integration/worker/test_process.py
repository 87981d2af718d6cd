"""The worker as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.chain import anchors
from tests.integration.worker.conftest import KEYS, World

WORKER = [sys.executable, "-m", "ledger.worker"]


@pytest.fixture
def environment(sqlite_world: World, sqlite_database_url: str, tmp_path: Path) -> dict[str, str]:
    for role in ("operator", "reporter", "relayer"):
        (tmp_path / role).write_text(KEYS[role])
    settings = {
        "DATABASE_URL": sqlite_database_url,
        "ORIGIN": sqlite_world.config.origin,
        "LOG_KEY_FILE": str(tmp_path / "log.pem"),
        "RPC_URLS": sqlite_world.config.rpc_urls[0],
        "DEPLOYMENT_FILE": str(tmp_path / "31337.json"),
        "OPERATOR_SIGNER": f"file:{tmp_path / 'operator'}",
        "REPORTER_SIGNER": f"file:{tmp_path / 'reporter'}",
        "RELAYER_SIGNER": f"file:{tmp_path / 'relayer'}",
        "WORKER_INTERVAL_SECONDS": "0.1",
    }
    return {**os.environ, **{f"CROWDLEDGER_{name}": value for name, value in settings.items()}}


def _until_anchored(world: World) -> None:
    deadline = time.monotonic() + 30
    while anchors.read_head(world.node, world.deployment).size == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_it_works_until_it_is_told_to_stop(sqlite_world: World, environment: dict[str, str]) -> None:
    process = subprocess.Popen(WORKER, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        _until_anchored(sqlite_world)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 5  # those who wait for the API come first
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Sent anchor:1 in transaction 0x" in said
    assert KEYS["operator"] not in said


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_ends_with_its_parent(sqlite_world: World, environment: dict[str, str]) -> None:
    start = f"import subprocess, time; print(subprocess.Popen({WORKER!r}).pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", start], env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    try:
        _until_anchored(sqlite_world)
        parent.kill()
        parent.wait()
        assert _gone(pid, 10)
    finally:
        parent.kill()
        if not _gone(pid, 0.1):
            os.kill(pid, signal.SIGKILL)


def test_a_wrong_configuration_is_said_in_one_line(environment: dict[str, str]) -> None:
    environment["CROWDLEDGER_DEPLOYMENT_FILE"] = "/nowhere/1.json"
    done = subprocess.run(WORKER, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "Run 'crowdledger deploy', or give its path." in done.stderr
    assert "Traceback" not in done.stderr
