"""An audit in a process of its own: reads one job from standard input, writes one answer to standard output.

It is the audit of ``crowdledger audit``. The job comes by standard input because a node's address may hold a key, which
a command line would show to everybody on the machine. It ends when its parent does: then the input is closed.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ExitStack

import msgspec

from ledger.audit.run import audit
from ledger.audit.source import open_source
from ledger.chain.rpc import Node
from ledger.errors import ChainError, CrowdLedgerError


class Job(msgspec.Struct, frozen=True):
    """What to audit: the log's address, nodes of the chain (the first that answers is asked) and the contract."""

    source: str
    nodes: tuple[str, ...]
    contract: str | None


class Answer(msgspec.Struct, frozen=True):
    """The report as JSON, or why there is none, in words for everybody."""

    report: str | None = None
    failure: str | None = None


def main() -> None:
    """Do the job on standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.buffer.write(msgspec.json.encode(answer(job)))
    sys.stdout.buffer.flush()


def answer(job: Job) -> Answer:
    """The report, or what kept the audit from being made. Which nodes there are is not for everybody."""
    try:
        with ExitStack() as stack:
            node = _first_that_answers(stack, job.nodes)
            source = stack.enter_context(open_source(job.source, None))
            report = audit(source, node=node, trusted_contract=job.contract if node else None)
            return Answer(report=report.encode().decode())
    except ChainError as error:
        return Answer(failure=f"{error.title}, so the audit could not be finished.")
    except MemoryError:
        return Answer(failure="It needed more memory than it may have.")
    except CrowdLedgerError as error:
        return Answer(failure=error.detail)


def _first_that_answers(stack: ExitStack, urls: tuple[str, ...]) -> Node | None:
    """None where there is no node to ask. Raises ChainError where none of them answers."""
    problem: ChainError | None = None
    for url in urls:
        try:
            node = stack.enter_context(Node(url))
            node.block("latest")
        except ChainError as error:
            problem = problem or error
        else:
            return node
    if problem is not None:
        raise problem
    return None


def _end_with_parent() -> None:
    """Nothing more comes on the input: it is read to its end, which is that of whoever started us."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
