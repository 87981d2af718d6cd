"""The contracts against a plain model of the money, step by step, by whatever hypothesis thinks of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ledger.chain.devchain import DevChain
from tests.simulation.contracts.machine import Machine, Tally
from tests.simulation.contracts.model_pool import Pool
from tests.simulation.contracts.model_roles import Role, Roles
from tests.simulation.contracts.rules_tokens import TokenRules
from tests.simulation.contracts.scenery import Scenery, build
from tests.simulation.contracts.scenes import Scenes
from tests.simulation.contracts.stage import ANVIL

STEPS_VARIABLE = "CROWDLEDGER_INVARIANT_STEPS"
LONG_STEPS = 30_000
STEPS_A_RUN = 60
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example]


class Money(Scenes, TokenRules):
    """Everybody at once."""


@pytest.fixture(scope="module")
def scenery() -> Iterator[Scenery]:
    with DevChain(mining=(), arguments=ANVIL) as chain:
        built = build(chain)
        Machine.scenery, Machine.tally, Machine.opening = built, Tally(), None
        opening = Money()
        opening.open_the_scene()
        opening.remember_the_opening()
        yield built
        built.chain.close()


def run(runs: int, steps: int, *, derandomize: bool, shrink: bool = True) -> Tally:
    """Plays; returns what happened."""
    Machine.tally = Tally()
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        derandomize=derandomize,
        database=None,
        deadline=None,
        suppress_health_check=QUIET,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        report_multiple_bugs=False,
        print_blob=True,
    )
    run_state_machine_as_test(Money, settings=chosen)
    return Machine.tally


@pytest.mark.usefixtures("scenery")
def test_money_is_where_the_model_says() -> None:
    """Some steps, the same ones each time."""
    tally = run(15, 40, derandomize=True)
    assert tally.steps > 420


def everybody_may(_roles: Roles, _role: Role, _caller: str) -> list[str]:
    return []


def nobody_has_a_payee(_pool: Pool, account: str) -> str:
    return account


@pytest.mark.usefixtures("scenery")
@pytest.mark.parametrize(
    ("part", "name", "wrong"), [(Roles, "not_role", everybody_may), (Pool, "payee_of", nobody_has_a_payee)]
)
def test_a_difference_is_noticed(
    monkeypatch: pytest.MonkeyPatch, part: type[Roles], name: str, wrong: Callable[..., object]
) -> None:
    """The same with a model that is wrong."""
    monkeypatch.setattr(part, name, wrong)
    with pytest.raises(AssertionError):
        run(40, 40, derandomize=True, shrink=False)


@pytest.mark.long
@pytest.mark.usefixtures("scenery")
def test_money_is_where_the_model_says_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """As many steps as the variable says or a little more, other ones each time; every rule succeeded at least once."""
    wanted, done = int(os.environ.get(STEPS_VARIABLE, LONG_STEPS)), 0
    total = Tally()
    while done < wanted:
        tally = run(50, STEPS_A_RUN, derandomize=False)
        done += tally.steps
        total.add(tally)
    with capsys.disabled():
        print("\n" + total.table())
    assert not total.never_done()
