"""Runs the tests against every mutant, likely killers first, on all cores."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.mutants.schemata import Mutant
from scripts.mutants.suite import PRELOADED, Outcome, run


@dataclass(frozen=True)
class Verdict:
    """``killer`` is the test that failed without the check, None if none did. ``tests`` are those that could tell."""

    mutant: Mutant
    killer: str | None
    tests: int


class TestsFail(Exception):
    """The tests do not even pass with every check in place."""


def baseline(artifacts: Path) -> Outcome:
    """All tests with nothing switched off. Raises TestsFail unless they pass."""
    with _processes(1) as pool:
        outcome = pool.submit(run, artifacts).result()
    if outcome.failed:
        raise TestsFail(outcome.report)
    return outcome


def judge(
    mutants: Sequence[Mutant],
    artifacts: Path,
    sound: Outcome,
    killers: Mapping[str, str],
    tell: Callable[[Verdict], None],
    workers: int = os.cpu_count() or 1,
) -> list[Verdict]:
    """A verdict for each mutant, in their order; ``tell`` hears of each as it comes.

    ``killers`` says by a mutant's name which test killed it the last time.
    """
    tests = {mutant.name: likely_killers(mutant, sound, killers) for mutant in mutants}
    verdicts = {}
    with _processes(workers) as pool:
        waiting = {
            pool.submit(_killer, artifacts, mutant.switch, tests[mutant.name]): mutant
            for mutant in sorted(mutants, key=lambda mutant: len(tests[mutant.name]))
        }
        for done in as_completed(waiting):
            mutant = waiting[done]
            verdicts[mutant.name] = Verdict(mutant, done.result(), len(tests[mutant.name]))
            tell(verdicts[mutant.name])
    return [verdicts[mutant.name] for mutant in mutants]


def likely_killers(mutant: Mutant, sound: Outcome, killers: Mapping[str, str]) -> list[str]:
    """The tests that can tell: those that look at the switch, or all if it is looked at while something is set up.

    First the last killer, then those that speak of the error and of the function, then the quickest.
    """
    error = mutant.check.subject.rpartition(".")[2]
    function = mutant.entry or mutant.check.function
    able = [test for test, touched in sound.touches.items() if mutant.switch in touched | sound.shared]

    def rank(test: str) -> tuple[bool, int, float]:
        words = sound.words[test]
        speaks = 2 * (error in words) + (function in words)
        return killers.get(mutant.name) != test, -speaks, sound.seconds[test]

    return sorted(able, key=rank)


def _killer(artifacts: Path, switch: str, tests: Sequence[str]) -> str | None:
    """The first test that fails. Runs in a process of its own, once."""
    failed = run(artifacts, switch, tests).failed if tests else []
    return failed[0] if failed else None


@contextmanager
def _processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that do one job each and begin with the slow imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def read_killers(path: Path) -> dict[str, str]:
    """The killers of the last run, if there was one."""
    if not path.is_file():
        return {}
    found: dict[str, str] = json.loads(path.read_text())
    return found
