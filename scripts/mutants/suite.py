"""The contract tests, run in a process of its own against the copy, with one check switched off."""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.errors import ConfigError, NodeError
from scripts.compile_contracts import ROOT
from scripts.mutants.touches import Touches

TESTS = "tests/integration/contracts"
# Figures of gas are those of the contracts themselves, not of a copy with switches in it.
LEFT_OUT = ("test_gas.py",)
LIMIT_SECONDS = 600
WORD = re.compile(r"\w+")
PRELOADED = ["eth_account", "hypothesis", "pytest", "web3", "ledger.chain.devchain", "ledger.tree.merkle"]


@dataclass
class Outcome:
    """``failed`` are the tests that failed, in order; with a mutant the first ends the run.

    Of every test, with all checks in place: ``words`` of its source, the ``seconds`` it took and the accounts it
    ``touches``; ``shared`` are the accounts touched while a test, and what it shares with others, was set up.
    ``report`` is what pytest printed.
    """

    failed: list[str] = field(default_factory=list)
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    touches: dict[str, set[str]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    report: str = ""


class _Plugin:
    """Puts the likeliest killers first and notes what happens."""

    def __init__(self, order: Sequence[str], touches: Touches) -> None:
        self._rank = {name: rank for rank, name in enumerate(order)}
        self._touches = touches
        self.outcome = Outcome()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._rank.get(item.nodeid, len(self._rank)))
        for item in items:
            code = getattr(getattr(item, "obj", None), "__code__", None)
            self.outcome.words[item.nodeid] = _words(code) if code else frozenset()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        taken = self.outcome.seconds.get(report.nodeid, 0.0) + report.duration
        self.outcome.seconds[report.nodeid] = taken
        self.outcome.touches.setdefault(report.nodeid, set()).update(self._touches.seen)
        if report.when == "setup":
            self.outcome.shared |= self._touches.seen
        self._touches.seen.clear()
        if report.failed and report.nodeid not in self.outcome.failed:
            self.outcome.failed.append(report.nodeid)

    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        """A test that could not be run says nothing about the contracts and must not count as one that failed."""
        if call.excinfo is not None and is_trouble(call.excinfo.value):
            pytest.exit(f"{call.excinfo.typename}: {call.excinfo.value}", returncode=pytest.ExitCode.INTERNAL_ERROR)


def is_trouble(error: BaseException) -> bool:
    """Whether an error is the machine's, not the contracts': no file, no chain, no answer, no time.

    A dev chain that refuses what a test asks of it, a time in the past say, has answered.
    """
    if isinstance(error, NodeError):
        return "refused" not in str(error)
    return isinstance(error, (OSError, httpx.HTTPError, ConfigError))


def _words(code: Any) -> frozenset[str]:
    """Names and words of texts that a function's code holds."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, str):
            found.update(WORD.findall(constant))
        elif hasattr(constant, "co_consts"):
            found |= _words(constant)
        elif isinstance(constant, tuple):
            found.update(each for each in constant if isinstance(each, str))
    return frozenset(found)


def run(artifacts: Path, switch: str = "", tests: Sequence[str] = ()) -> Outcome:
    """Runs all tests against ``artifacts``, or with a check switched off some of them until one fails.

    Call it in a process that does nothing else: it takes over standard output, the environment and the alarm.
    Raises RuntimeError when pytest does not come to run tests.
    """
    os.chdir(ROOT)
    touches = Touches()
    plugin = _Plugin(tests, touches)
    with (
        tempfile.TemporaryDirectory(prefix="crowdledger-mutant-") as folder,
        Path(folder, "report").open("w+") as report,
        nullcontext() if switch else touches.watching(),
    ):
        os.environ |= {
            "CROWDLEDGER_TEST_ARTIFACTS": str(artifacts),
            "CROWDLEDGER_TEST_SWITCH": switch,
            "HYPOTHESIS_STORAGE_DIRECTORY": folder,
        }
        os.dup2(report.fileno(), sys.stdout.fileno())
        os.dup2(report.fileno(), sys.stderr.fileno())
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(LIMIT_SECONDS)
        arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *(["-x"] if switch else [])]
        arguments += [f"--ignore={TESTS}/{name}" for name in LEFT_OUT]
        code = pytest.main([*arguments, *(tests or [TESTS])], plugins=[plugin])
        signal.alarm(0)
        report.seek(0)
        plugin.outcome.report = report.read()
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"pytest ended with {code!r}:\n{plugin.outcome.report}")
    return plugin.outcome


def _too_long(*_: object) -> None:
    raise TimeoutError(f"the tests take more than {LIMIT_SECONDS} s")
