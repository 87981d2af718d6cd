"""The worker in a world full of faults, a seed a run: whatever happens, what must hold holds, and all comes right."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator

import pytest

from ledger.worker import ports
from tests.simulation.worker.client import SimClient
from tests.simulation.worker.log import SimClock, SimLog, SimSigning, SimWork
from tests.simulation.worker.planted import HOT, PLANTS, RARE, Plant
from tests.simulation.worker.rows import SimRows
from tests.simulation.worker.run import Run
from tests.simulation.worker.seeds import FOUND
from tests.simulation.worker.world import BrokenProperty

SEEDS, AT_A_TIME = 1_000, 125
LONG_SEEDS, LONG_AT_A_TIME = 20_000, 500
_FIRST_LONG = 1_000_000


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    """What the worker warns of is what happens here all the time."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def _play(seed: int, *, longer: bool = False) -> None:
    """One run; whatever goes wrong in it is told with its seed."""
    try:
        Run(seed, longer=longer).play()
    except Exception as error:
        again = f"python -m tests.simulation.worker {seed} --trace{' --longer' if longer else ''}"
        pytest.fail(f"seed {seed}: {type(error).__name__}: {error}\nTo see it: .venv/bin/{again}")


@pytest.mark.parametrize("first", range(0, SEEDS, AT_A_TIME))
def test_whatever_happens_all_comes_right(first: int) -> None:
    for seed in range(first, first + AT_A_TIME):
        _play(seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(_FIRST_LONG, _FIRST_LONG + LONG_SEEDS, LONG_AT_A_TIME))
def test_whatever_happens_for_longer_all_comes_right(first: int) -> None:
    for seed in range(first, first + LONG_AT_A_TIME):
        _play(seed, longer=True)


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once_stays_mended(name: str) -> None:
    _play(FOUND[name].seed, longer=FOUND[name].longer)


def _find(plant: Plant, seeds: int, *, longer: bool = False) -> None:
    for seed in range(seeds):
        try:
            Run(seed, longer=longer, hot=HOT.get(plant), plant=plant).play()
        except BrokenProperty:
            return
    pytest.fail(f"{plant.__doc__} Nobody noticed in {seeds} runs.")


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant: Plant) -> None:
    _find(plant, PLANTS[plant])


@pytest.mark.long
@pytest.mark.parametrize("plant", RARE, ids=lambda plant: plant.__name__)
def test_a_planted_bug_that_shows_rarely_is_found(plant: Plant) -> None:
    _find(plant, RARE[plant], longer=True)


def test_a_seed_is_a_run() -> None:
    """The same seed tells the same story, to the millisecond."""
    told: list[list[str]] = [[], []]
    for lines in told:
        Run(7, trace=lines.append).play()
    assert told[0] == told[1]
    assert len(told[0]) > 50


@pytest.mark.parametrize(
    ("port", "ours"),
    [
        (ports.Chain, SimClient),
        (ports.Rows, SimRows),
        (ports.Log, SimLog),
        (ports.Signing, SimSigning),
        (ports.Work, SimWork),
        (ports.Clock, SimClock),
    ],
)
def test_the_ports_are_those_of_the_worker(port: type, ours: type) -> None:
    """Names and parameters; what they mean is for the runs to show."""
    for name, wanted in inspect.getmembers(port, inspect.isfunction):
        if not name.startswith("_"):
            assert list(inspect.signature(getattr(ours, name)).parameters) == list(
                inspect.signature(wanted).parameters
            ), name
