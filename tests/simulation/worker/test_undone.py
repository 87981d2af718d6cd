"""Stories that chance tells too seldom: what a reorganisation undoes while people ask to be paid."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.worker.faults import claim_outside
from tests.simulation.worker.run import Run
from tests.simulation.worker.story import accounts

_SECOND = 2
_BLOCKS_BEFORE = 2
"""What is undone; less than what is permanent is above."""


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", [2, 4, 5, 6, 7])
def test_who_asked_for_what_a_reorganisation_undid_is_paid_in_the_end(seed: int) -> None:
    """On the settlement before, some have no share and others are paid up: neither is what they asked about."""
    run = Run(seed, longer=True)
    run.world.quiet = True
    asked: dict[str, str] = {}

    def strike() -> None:
        row = run.store.settlements.get(_SECOND)
        if asked or row is None or row.state != "activated":
            return
        for account in accounts():
            if run.offer(account) is not None:
                asked[run.ask_claim(account)] = account
        run.chain.reorganise(sum(block.state.number == _SECOND for block in run.chain.blocks), loses=True)
        assert run.chain.state.number < _SECOND

    run.chain.on_block.append(strike)
    run.play()
    first, who = {account for account, _ in run.store.settlements[1].tree}, set(asked.values())
    assert who - first, "somebody has no share in the settlement before"
    assert who & first, "somebody is paid up by the settlement before"
    for id_ in asked:
        row = run.store.claims_asked[id_]
        assert (row.state, row.transaction is not None) == ("paid", True), (id_, row)


@pytest.mark.parametrize("seed", range(8))
def test_who_was_paid_by_somebody_else_in_a_block_that_went_is_paid_in_the_end(seed: int) -> None:
    """The request came as the other payment was mined: it must not be called paid before that is permanent."""
    run = Run(seed, longer=True)
    run.world.quiet = True
    paid: list[str] = []
    asked: list[str] = []
    blocks = 0

    def strike() -> None:
        nonlocal blocks
        blocks += bool(paid)
        offered = [account for account in accounts() if run.offer(account) is not None]
        if not paid and offered:
            paid.append(offered[0])
            claim_outside(run.chain, run.store, lambda tree: next(each for each in tree if each[0] == paid[0]))
        elif blocks == 1:
            assert run.chain.state.claimed[paid[0]] > 0
            asked.append(run.ask_claim(paid[0]))
        elif blocks == _BLOCKS_BEFORE:
            run.chain.reorganise(_BLOCKS_BEFORE, loses=True)
            assert run.chain.state.claimed.get(paid[0], 0) == 0

    run.chain.on_block.append(strike)
    run.play()
    assert run.store.claims_asked[asked[0]].state == "paid"
