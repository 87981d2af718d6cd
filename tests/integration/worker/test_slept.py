"""A service that was off for days: its own clock is not believed, the chain's is, before anything else is written."""

from __future__ import annotations

from ledger.chain.devchain import DevChain
from ledger.log.writer import Writer
from ledger.statements.log import ClockTick
from ledger.worker import Signers, Worker
from tests.integration.worker.conftest import AMOUNT, World, now_ms

DAYS_MS = 3 * 86_400_000


async def test_deadlines_that_passed_meanwhile_do_not_keep_it_from_starting(
    own_chain_world: tuple[DevChain, World],
) -> None:
    _, world = own_chain_world
    await world.open_campaign()
    await world.accept("ann")
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    world.node.request("evm_setNextBlockTimestamp", (now_ms() + DAYS_MS) // 1000)
    world.node.request("evm_mine")

    def clock() -> int:
        return now_ms() + DAYS_MS

    signer = world.config.log_signer()
    async with Writer(world.database, "main", signer, clock=clock) as writer:
        signers = Signers(operator=world.signers["operator"])
        late = Worker(
            world.config, world.database, writer, deployment=world.deployment, signers=signers, now_ms=clock
        )  # fmt: skip
        await world.step(late)
        await world.step(late)
        assert len(await world.statements(ClockTick)) == 1
        assert late.context.book.earned(world.people["ann"]) == {world.campaign: AMOUNT}
        await late.close()
