"""Work in other processes: results in order, errors in their turn, and no child that outlives its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ledger.audit.processes import WORTH_IT, Processes, started
from ledger.audit.source import FolderSource
from ledger.errors import NotFoundError, UnavailableError


@pytest.fixture
def two() -> Iterator[Processes]:
    with Processes(2) as processes:
        yield processes


def pids(processes: Processes) -> list[int]:
    return [child._process.pid for child in processes._children]


def gone(pid: int) -> bool:
    """Whether there is no such process, or only what its parent has not yet asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(*children: int) -> None:
    end = time.monotonic() + 20
    while not all(map(gone, children)):
        assert time.monotonic() < end, "a child outlives its parent"
        time.sleep(0.02)


def test_results_come_in_the_order_of_the_jobs(two: Processes) -> None:
    for count in (0, 1, 2, 3, 50):
        assert list(two.each(partial(pow, 2), range(count))) == [2**each for each in range(count)]
    large = [bytes([each]) * 3_000_000 for each in range(5)]  # more than a socket takes at once, both ways
    assert list(two.each(bytes.upper, large)) == [each.upper() for each in large]


def test_an_error_comes_in_its_jobs_turn(two: Processes, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"yes")
    found = two.each(partial(FolderSource(tmp_path).fetch, limit=3), ["there", "there", "missing", "there"])
    assert [next(found), next(found)] == [b"yes", b"yes"]
    with pytest.raises(NotFoundError, match="has no file 'missing'") as caught:
        next(found)
    assert caught.value.remedy.startswith("Make it with")
    with pytest.raises(NotFoundError) as here:
        FolderSource(tmp_path).fetch("missing", 3)
    assert str(caught.value) == str(here.value)


def test_what_is_nobodys_error_says_where_it_came_from(two: Processes) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)A process of the audit failed.*invalid literal for int"):
        list(two.each(int, ["1", "x"]))
    assert pids(two) == []


def test_processes_that_have_ended_take_no_work(two: Processes) -> None:
    """Work that nobody does would look like work in which nothing was found."""
    with pytest.raises(RuntimeError):
        list(two.each(int, ["x"]))
    with pytest.raises(ValueError, match="take no more work"):
        list(two.each(int, ["1"]))
    with Processes(2) as left:
        results = left.each(int, ["1", "2", "3"])
        next(results)
        results.close()
        with pytest.raises(ValueError, match="take no more work"):
            next(left.each(int, ["1"]))


def test_a_child_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(UnavailableError, match="Only 0 of 2 processes could be started: No such file"):
        Processes(2)


def test_a_message_that_breaks_off_ends_a_child_in_silence() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-m", "ledger.audit.processes"]
        child = subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE)
        ours.sendall((1000).to_bytes(4, "big") + b"half of it")
    _, words = child.communicate(timeout=20)
    assert (child.returncode, words) == (0, b"")


def test_who_has_no_standard_files_has_children_all_the_same(tmp_path: Path) -> None:
    """As a service may be started: what is opened first then gets their numbers."""
    work = f"open({str(tmp_path / 'out')!r}, 'w').write(str(list(p.each(abs, [-1, 2]))))"
    code = f"from ledger.audit.processes import Processes\nwith Processes(2) as p:\n    {work}"
    subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code], timeout=60, check=True)
    assert (tmp_path / "out").read_text() == "[1, 2]"


@pytest.mark.parametrize(
    ("sent", "told"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGRTMIN + 6, str(signal.SIGRTMIN + 6))]
)
def test_a_child_that_somebody_ends_is_told(two: Processes, sent: int, told: str) -> None:
    results = two.each(partial(pow, 2), range(100))
    next(results)
    children = pids(two)
    os.kill(children[1], sent)
    with pytest.raises(UnavailableError, match=rf"ended by signal {told}\."):
        list(results)
    wait_until_gone(*children)


def test_the_children_end_with_the_context_whatever_they_do() -> None:
    with Processes(2) as processes:
        children = pids(processes)
        sleeping = processes.each(time.sleep, [0, 600, 600])
        next(sleeping)
    wait_until_gone(*children)


_PARENT = """
import sys, time
from ledger.audit.processes import Processes
with Processes(2) as processes:
    results = processes.each(time.sleep, [0, 0, 1, 1])
    print(*[child._process.pid for child in processes._children], flush=True)
    next(results)
    time.sleep(600)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_children_end_with_their_parent(sent: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert parent.stdout is not None
    with parent.stdout:
        children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    assert not any(map(gone, children))
    parent.send_signal(sent)
    parent.wait(20)
    wait_until_gone(*children)


def test_none_is_started_where_one_is_enough() -> None:
    for entries, count in ((WORTH_IT - 1, None), (10 * WORTH_IT, 1)):
        with started(entries, count) as processes:
            assert processes is None
