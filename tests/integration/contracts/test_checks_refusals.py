"""Refusals that other tests do not come by: what each call says when it is made out of its turn."""

from __future__ import annotations

import pytest

from tests.integration.contracts.world import DAY, NO_ROOT, Settlement, World

UNKNOWN = b"\1" * 32
NOTHING: Settlement = (0, 0, NO_ROOT, 0, [], [], [])


@pytest.mark.parametrize("name", ["transferOperator", "closeLog"])
def test_a_log_that_nobody_opened_has_no_operator(world: World, name: str) -> None:
    argument = world.stranger if name == "transferOperator" else bytes(32)
    call = getattr(world.log.functions, name)(UNKNOWN, argument)
    assert world.evm.refusal(world.operator, call) == ("LogNotOpen", (UNKNOWN,))


def test_nothing_is_pending_after_a_veto_nor_after_an_activation(world: World) -> None:
    campaign = world.funded_campaign(10)
    world.propose(world.settlement({campaign: 1}))
    assert world.pool.functions.pending().call()[0] == 1
    world.evm.send(world.guardian, world.pool.functions.veto(1, "wrong"))
    assert world.pool.functions.pending().call() == [0, NO_ROOT, 0]
    world.settle({campaign: 1})
    assert world.pool.functions.pending().call() == [0, NO_ROOT, 0]


def test_a_pause_stops_the_clock_for_what_begins_in_it(world: World) -> None:
    """A notice given in a pause that is ended early waits for its grace from then on, and no less."""
    closing = world.evm.now() + DAY
    campaign = world.open_campaign(closing=closing)
    world.fund(campaign, 10)
    world.evm.send(world.guardian, world.pool.functions.pause(), at=closing + 1)
    world.evm.send(world.backer, world.pool.functions.giveNotice(campaign), at=closing + 50)
    assert world.record(campaign)["noticed"] == closing + 1
    world.evm.send(world.guardian, world.pool.functions.unpause(), at=closing + 100)
    over = closing + 100 + world.pool.functions.GRACE().call()
    close = world.pool.functions.closeAfterGrace(campaign, *NOTHING)
    assert world.evm.refusal(world.backer, close, at=over - 1) == ("GraceNotOver", (campaign, over))
    world.evm.send(world.backer, close, at=over)


def test_a_settlement_gives_no_notice(world: World) -> None:
    campaign = world.funded_campaign(10)
    world.settle({campaign: 1})
    assert world.record(campaign)["noticed"] == 0
