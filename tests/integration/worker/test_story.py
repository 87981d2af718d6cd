"""From contributions to balances, with a new worker for every step: nothing is done twice."""

from __future__ import annotations

import asyncio

import pytest

from ledger.chain import anchors, contracts
from ledger.db import tables
from ledger.errors import TransactionError
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.settlements import RewardsSettled, SettlementActivated
from ledger.worker.settling import proposal_of
from tests.integration.worker.conftest import AMOUNT, World


# On PostgreSQL test_publishing.py goes as far among the short ones, with a new worker for every step too.
@pytest.mark.parametrize("database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True)
async def test_awards_become_balances_whoever_works(world: World) -> None:
    await world.open_campaign()
    world.fund(1_000)
    await world.accept("ann", 3)
    await world.accept("bob", 2)
    await world.accept("cy")
    await world.link("ann")
    await world.link("bob")
    await asyncio.sleep(1.2)  # the appeal window
    await world.ask("settle")
    await world.until(lambda: world.all_done(tables.requests))

    (settled,) = await world.statements(RewardsSettled)
    assert (settled.number, settled.parent, settled.total) == (1, 0, str(5 * AMOUNT))
    assert [(line.campaign, line.total, line.final) for line in settled.campaigns] == [
        (world.campaign, str(6 * AMOUNT), False)
    ]
    (funded,) = await world.statements(CampaignFunded)
    assert (funded.funded, funded.returned, funded.goal_reached, funded.closed) == ("1000", "0", True, False)

    await _refuses_early_activation(world)

    async def activated() -> bool:
        return "activated" in await world.rows(tables.settlements, "state")

    await world.until(activated)
    await world.ask_claim(world.wallets["ann"], world.wallets["bob"])
    await world.until(lambda: world.all_done(tables.claim_requests))
    assert (world.balance("ann"), world.balance("bob")) == (3 * AMOUNT, 2 * AMOUNT)
    assert set(await world.rows(tables.claim_requests, "state")) == {"paid"}

    await _second_round(world)
    await _nothing_twice(world)


async def _refuses_early_activation(world: World) -> None:
    worker = world.worker()
    await world.step(worker)
    settlement = worker.context.book.pools[worker.context.pool].pending()
    await worker.close()
    assert settlement is not None
    with pytest.raises(TransactionError) as caught:
        world.send("relayer", world.deployment.pool, contracts.activate_call(proposal_of(settlement)))
    assert caught.value.reason.startswith("DelayNotOver(readyAt=")


async def _second_round(world: World) -> None:
    """A wallet linked late is reason enough for the next settlement."""
    await world.link("cy")
    await world.accept("ann")
    await asyncio.sleep(1.2)
    await world.ask("settle")

    async def paid() -> bool:
        return await world.rows(tables.settlements, "number", "state") == [(1, "activated"), (2, "activated")]

    await world.until(paid)
    await world.ask_claim(*world.wallets.values())
    await world.until(lambda: world.all_done(tables.claim_requests))
    assert [world.balance(person) for person in ("ann", "bob", "cy")] == [4 * AMOUNT, 2 * AMOUNT, AMOUNT]


async def _nothing_twice(world: World) -> None:
    async def both_recorded() -> bool:
        return len(await world.statements(SettlementActivated)) == 2

    await world.until(both_recorded)
    end = world.node.block().number
    deployment = world.deployment
    anchored = anchors.anchor_events(world.node, deployment.contribution_log, deployment.log_id, 0, end)
    sizes = [event.size for event in anchored]
    assert sizes == sorted(set(sizes))
    events = anchors.pool_events(world.node, deployment.pool, 0, end)
    assert [(event.kind, event.number) for event in events.settlements] == [
        ("proposed", 1),
        ("activated", 1),
        ("proposed", 2),
        ("activated", 2),
    ]
    assert await world.rows(tables.settlements, "proposed_tx", "ended_tx") == [
        (proposed.place.transaction, activated.place.transaction)
        for proposed, activated in zip(events.settlements[::2], events.settlements[1::2], strict=True)
    ]
    assert len(events.claims) == 4  # ann and bob, then ann and cy: bob had nothing new
    assert [each.number for each in await world.statements(RewardsSettled)] == [1, 2]
    states = set(await world.rows(tables.transactions, "state"))
    assert states <= {"mined", "final"}
    rows = dict(await world.rows(tables.anchors, "size", "root"))
    assert set(rows) >= {event.size for event in anchored[:-1]}
    assert all(rows[event.size] == event.root for event in anchored if event.size in rows)
