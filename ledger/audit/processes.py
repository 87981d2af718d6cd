"""Work that is spread over child processes, with results in the order of the jobs.

A child has one job at a time and gets the next one when its result is taken, so no more results wait than there are
children. Children are in process groups of their own: Ctrl-C reaches whoever started them, who ends them. Should that
process be killed, their connection closes, and they end as well.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, TypeVar

from ledger.errors import CrowdLedgerError, UnavailableError

MAX_BY_DEFAULT = 4
"""Where nobody says how many: the process that replays keeps up with no more, unless most entries are signed."""
WORTH_IT = 200_000
"""Entries from which on starting processes costs less than they save."""
_STANDARD_INPUT = 0
JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


def started(entries: int, count: int | None) -> AbstractContextManager[Processes | None]:
    """So many processes beside this one, which end with the context; none where it is a single one.

    Without ``count`` it is as many as pay for a log of so many entries on this machine.
    """
    if count is None:
        count = min(_processors(), MAX_BY_DEFAULT) if entries >= WORTH_IT else 1
    return Processes(count) if count > 1 else nullcontext()


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Processes:
    """Children that wait for work; a context manager that ends them. ``count`` is how many there are."""

    def __init__(self, count: int) -> None:
        """Start them. UnavailableError where the system lets us have no more."""
        self.count = count
        self._children: list[_Child] = []
        try:
            for _ in range(count):
                self._children.append(_Child())
        except OSError as error:
            begun = len(self._children)
            self.close()
            raise UnavailableError(
                f"Only {begun} of {count} processes could be started: {error.strerror or error}.",
                remedy="Use fewer (--processes 1 starts none).",
            ) from error
        except BaseException:
            self.close()
            raise

    def each(self, work: Callable[[JobT], ResultT], jobs: Iterable[JobT]) -> Iterator[ResultT]:
        """Yield ``work(job)`` for each job, in their order. Work, jobs and results must be fit for pickling.

        What the work raises is raised here in its job's turn, if it is one of our errors; anything else as a
        RuntimeError that shows where. UnavailableError where a child was ended by somebody else, ValueError once they
        are closed: work that nobody does must not look like work in which nothing was found.
        """
        if not self._children:
            raise ValueError("The processes have ended, by close or by an error, and take no more work.")
        busy: deque[_Child] = deque()
        following = iter(jobs)
        try:
            for child in self._children:
                child.send((True, work))
                _give_next(child, following, busy)
            while busy:
                child = busy.popleft()
                result: ResultT = child.result()
                _give_next(child, following, busy)
                yield result
        except BaseException:
            self.close()  # those that still work would give their results to whoever asks next
            raise

    def close(self) -> None:
        """End the children, whatever they do, and wait for that."""
        for child in self._children:
            child.end()
        self._children.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _give_next(child: _Child, jobs: Iterator[Any], busy: deque[_Child]) -> None:
    for job in jobs:
        child.send((False, job))
        busy.append(child)
        return


class _Child:
    """The parent's side of one process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._connection = Connection(ours.detach())
            # It looks for modules where this process does, and nowhere else: not in the folder that we happen to be in.
            command = [sys.executable, "-P", "-m", "ledger.audit.processes"]
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                process_group=0,
            )

    def send(self, message: tuple[bool, object]) -> None:
        """Hand over work (True) or a job for it (False)."""
        try:
            self._connection.send(message)
        except OSError:
            raise self._gone() from None

    def result(self) -> Any:
        """The result of the job, or the error that it raised, raised."""
        try:
            result, error = self._connection.recv()
        except (EOFError, OSError):
            raise self._gone() from None
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        """Kill it: there is nothing that it would have to put in order."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def _gone(self) -> UnavailableError:
        code = self._process.wait()
        how = f"by signal {_signal_name(-code)}" if code < 0 else f"with code {code}"
        return UnavailableError(
            f"A process of the audit ended {how}.",
            remedy="If the memory was too little, use fewer (--processes 1 takes the least); try again.",
        )


def _signal_name(number: int) -> str:
    """SIGKILL for 9; the number itself for one without a name, such as a real-time signal."""
    return signal.Signals(number).name if number in set(signal.Signals) else str(number)


def main() -> None:
    """A child: take work and jobs from the connection that is its standard input, until it closes."""
    # An OSError of other kinds is a message that broke off: whoever sent it was killed.
    with Connection(_STANDARD_INPUT) as connection, suppress(EOFError, OSError):
        serve(connection)


def serve(connection: Connection) -> None:
    """Do what comes, one job after the other. Raises EOFError or OSError when the other side is gone."""
    work: Callable[[Any], object] | None = None
    while True:
        is_work, given = connection.recv()
        if is_work:
            work = given
            continue
        assert work is not None
        result: object = None
        failure: Exception | None = None
        try:
            result = work(given)
        except (CrowdLedgerError, MemoryError) as error:
            failure = error
        except Exception:
            failure = RuntimeError(f"A process of the audit failed:\n{traceback.format_exc()}")
        connection.send((result, failure))


if __name__ == "__main__":
    main()
