"""An audit in a child process: it reports, or says why not, and never takes more than it may."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from ledger.worker.audit_child import Answer, Job, answer
from ledger.worker.auditing import Bounds, run_child
from tests.unit.audit import logs

BOUNDS = Bounds(seconds=60, memory_bytes=1 << 31)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    signer = logs.log_signer()
    return logs.publish(tmp_path_factory.mktemp("log"), logs.a_story(signer, 20), signer)


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


@pytest.mark.long
async def test_a_child_audits_a_log(published: Path) -> None:
    got = await run_child(Job(str(published), (), None), BOUNDS)
    assert got.failure is None
    assert got.report is not None
    report = msgspec.json.decode(got.report)
    assert (report["verdict"], report["source"]) == ("pass", str(published))


def test_what_keeps_an_audit_from_being_made_is_said_without_the_nodes(published: Path) -> None:
    missing = answer(Job(str(published / "nothing"), (), None))
    assert missing.report is None
    assert "nor a folder" in str(missing.failure)
    secret = "http://127.0.0.1:9/v3/0123456789abcdef"
    assert answer(Job(str(published), (secret, secret), None)) == Answer(
        failure="The RPC node does not answer, so the audit could not be finished."
    )


async def test_a_child_that_takes_too_long_is_killed() -> None:
    begun = time.monotonic()
    got = await run_child(Job("x", (), None), Bounds(1, 1 << 31), script("import time; time.sleep(600)"))
    assert got == Answer(failure="It took longer than the 1 seconds that it may take.")
    assert time.monotonic() - begun < 30


async def test_a_child_that_takes_too_much_memory_dies() -> None:
    greedy = "import sys; sys.stdin.readline(); b = [bytearray(1 << 28) for _ in range(64)]"
    got = await run_child(Job("x", (), None), Bounds(60, 1 << 29), script(greedy))
    assert "more memory" in str(got.failure)


async def test_a_report_that_is_too_long_is_not_kept() -> None:
    endless = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    got = await run_child(Job("x", (), None), Bounds(60, 1 << 31, report_bytes=100_000), script(endless))
    assert got == Answer(failure="Its report is longer than what is kept.")


async def test_a_child_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    lasting = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    waiting = asyncio.create_task(run_child(Job("x", (), None), BOUNDS, script(lasting)))
    while not (note.exists() and note.read_text()):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_a_child_ends_when_its_parent_was_killed() -> None:
    """The input is closed then, and the child looks for that while it works: here on a source that never answers."""
    with subprocess.Popen([sys.executable, "-c", _SILENT], stdout=subprocess.PIPE, text=True) as silent:
        assert silent.stdout is not None
        job = Job(f"http://127.0.0.1:{silent.stdout.readline().strip()}", (), None)
        command = [sys.executable, "-m", "ledger.worker.audit_child"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None
        child.stdin.write(msgspec.json.encode(job) + b"\n")
        child.stdin.flush()
        assert silent.stdout.readline() == "asked\n"
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(20) == 1
        silent.send_signal(signal.SIGKILL)


_SILENT = """
import socket, time
place = socket.create_server(("127.0.0.1", 0))
print(place.getsockname()[1], flush=True)
kept = place.accept()
print("asked", flush=True)
time.sleep(600)
"""


def test_bounds_grow_with_the_log() -> None:
    small, large = Bounds.of(0), Bounds.of(1_000_000)
    assert small.memory_bytes == 1 << 30
    assert large.memory_bytes > 2 * 700 * 1_000_000
    assert large.seconds > small.seconds >= 600
