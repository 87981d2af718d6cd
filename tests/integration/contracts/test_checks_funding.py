"""Both ways to fund a campaign keep the same rules: with an allowance, and with a permit, be it worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from web3.contract.contract import ContractFunction

from tests.integration.contracts.evm import Evm
from tests.integration.contracts.world import DAY, NO_ROOT, Settlement, World, deploy_pool

NOTHING: Settlement = (0, 0, NO_ROOT, 0, [], [], [])
Fund = Callable[[World, bytes, int], ContractFunction]


def with_allowance(world: World, campaign: bytes, amount: int) -> ContractFunction:
    return world.pool.functions.fund(campaign, amount)


def with_permit(world: World, campaign: bytes, amount: int) -> ContractFunction:
    return world.pool.functions.fundWithPermit(campaign, amount, 0, 27, bytes(32), bytes(32))


@pytest.fixture(params=[with_allowance, with_permit])
def fund(request: pytest.FixtureRequest) -> Fund:
    chosen: Fund = request.param
    return chosen


@pytest.fixture(scope="module")
def session_hostile(session_evm: Evm) -> World:
    return deploy_pool(session_evm, session_evm.deploy("HostileToken"))


def test_only_an_open_campaign(world: World, fund: Fund) -> None:
    world.endow(world.backer, 1)
    assert world.evm.refused(world.backer, fund(world, b"\1" * 32, 1)) == "CampaignNotOpen"


def test_amounts_are_bounded(world: World, fund: Fund) -> None:
    campaign, other = world.open_campaign(), world.open_campaign()
    world.endow(world.backer, 2**121)
    for amount in (0, 2**120, 2**255):
        assert world.evm.refused(world.backer, fund(world, campaign, amount)) == "BadAmount"
    world.evm.send(world.backer, fund(world, campaign, 2**120 - 2))
    for amount in (2, 2**256 - 1):
        assert world.evm.refused(world.backer, fund(world, other, amount)) == "BadAmount"
    world.evm.send(world.backer, fund(world, other, 1))
    assert world.evm.refused(world.backer, fund(world, campaign, 1)) == "BadAmount"
    world.assert_solvent()


def test_all_that_ever_came_fits_its_bits(world: World, fund: Fund) -> None:
    """Money that went back and came again counts twice in the books, which must not run over."""
    campaign = world.funded_campaign(7)
    storage = world.evm.web3.eth.get_storage_at
    slot = next(each for each in range(40) if int.from_bytes(storage(world.pool.address, each)) == 7)
    books = (2**128 - 2**119) << 128 | 2**128 - 2
    world.evm.chain.rpc("anvil_setStorageAt", world.pool.address, hex(slot), f"0x{books:064x}")
    assert world.pool.functions.books().call()[:2] == [2**128 - 2, 2**128 - 2**119]
    world.endow(world.backer, 2)
    assert world.evm.refused(world.backer, fund(world, campaign, 2)) == "BadAmount"
    world.evm.send(world.backer, fund(world, campaign, 1))


def test_until_the_deadline(world: World, fund: Fund) -> None:
    deadline = world.evm.now() + DAY
    campaign = world.open_campaign(goal=10, deadline=deadline)
    world.endow(world.backer, 2)
    world.evm.send(world.backer, fund(world, campaign, 1), at=deadline)
    assert world.evm.refused(world.backer, fund(world, campaign, 1), at=deadline + 1) == "FundingIsOver"


def test_not_once_the_pay_is_fixed(world: World, fund: Fund) -> None:
    campaign = world.funded_campaign(5)
    world.settle({campaign: 5}, final=(campaign,))
    world.endow(world.backer, 1)
    assert world.evm.refused(world.backer, fund(world, campaign, 1)) == "FundingIsOver"


def test_what_arrives_is_what_was_sent(session_hostile: World, evm: Evm, fund: Fund) -> None:
    world = replace(session_hostile, leaves=[])
    assert world.token is not None
    campaign = world.open_campaign()
    world.endow(world.backer, 200)
    evm.send(world.stranger, world.token.functions.setMode(1))  # takes a fee of one in a hundred
    assert evm.refusal(world.backer, fund(world, campaign, 200)) == ("WrongAmountArrived", (200, 198))
    assert world.record(campaign)["funded"] == 0


class TestGoal:
    def test_is_reached_bit_by_bit(self, world: World, fund: Fund) -> None:
        deadline = world.evm.now() + DAY
        campaign = world.open_campaign(goal=100, deadline=deadline)
        world.endow(world.backer, 100)
        world.evm.send(world.backer, fund(world, campaign, 99))
        early = world.pool.functions.propose(*world.settlement({campaign: 1}))
        assert world.evm.refusal(world.reporter, early) == ("WrongTotal", (campaign, 1, 0, 0))
        assert world.record(campaign)["reached"] is False
        world.evm.send(world.backer, fund(world, campaign, 1))
        assert world.record(campaign)["reached"] is True
        assert world.evm.refused(world.backer, world.pool.functions.refund(campaign), at=deadline + 1) == (
            "NotRefundable"
        )
        world.settle({campaign: 100})

    def test_more_than_the_goal_can_be_awarded(self, world: World) -> None:
        campaign = world.open_campaign(goal=100, deadline=world.evm.now() + DAY)
        world.fund(campaign, 150)
        world.fund(campaign, 50)
        world.settle({campaign: 200})
        assert world.record(campaign)["awarded"] == 200

    def test_a_finished_campaign_stays_finished(self, world: World) -> None:
        """A missed goal makes a campaign refundable, however it ended."""
        deadline = world.evm.now() + DAY
        campaign = world.open_campaign(goal=100, deadline=deadline, closing=deadline + DAY)
        world.fund(campaign, 40)
        world.settle({campaign: 0}, final=(campaign,))
        assert world.record(campaign)["finalised"] is True
        assert world.evm.refused(world.backer, world.pool.functions.fund(campaign, 60)) == "FundingIsOver"
        world.evm.send(world.backer, world.pool.functions.refund(campaign))
        assert world.balance(world.backer) == 40


class TestClosed:
    """A campaign that its backer closed is as fixed as one that a settlement finished."""

    @pytest.fixture
    def campaign(self, world: World) -> bytes:
        closing = world.evm.now() + DAY
        campaign = world.open_campaign(closing=closing)
        world.fund(campaign, 60)
        world.fund(campaign, 40, backer=world.second_backer)
        world.evm.mine(at=closing + 1)
        world.evm.send(world.backer, world.pool.functions.giveNotice(campaign))
        over = world.evm.now() + world.pool.functions.GRACE().call()
        world.evm.send(world.backer, world.pool.functions.closeAfterGrace(campaign, *NOTHING), at=over)
        assert world.record(campaign)["closed"] is True
        return campaign

    def test_takes_no_notice_and_no_closing_any_more(self, world: World, campaign: bytes) -> None:
        notice = world.pool.functions.giveNotice(campaign)
        assert world.evm.refused(world.second_backer, notice) == "NoticeNotPossible"
        again = world.pool.functions.closeAfterGrace(campaign, *NOTHING)
        assert world.evm.refused(world.second_backer, again) == "CampaignIsFinal"

    def test_is_settled_no_more(self, world: World, campaign: bytes) -> None:
        late = world.pool.functions.propose(*world.settlement({campaign: 1}))
        assert world.evm.refused(world.reporter, late) == "CampaignIsFinal"

    def test_gives_back(self, world: World, campaign: bytes) -> None:
        for backer, share in ((world.backer, 60), (world.second_backer, 40)):
            world.evm.send(backer, world.pool.functions.refund(campaign))
            assert world.balance(backer) == share
            again = world.pool.functions.refund(campaign)
            assert world.evm.refused(backer, again) == "NotBacker"

    def test_is_funded_no_more(self, world: World, campaign: bytes, fund: Fund) -> None:
        world.endow(world.backer, 1)
        assert world.evm.refused(world.backer, fund(world, campaign, 1)) == "FundingIsOver"


def test_a_finished_campaign_cannot_be_closed(world: World) -> None:
    closing = world.evm.now() + DAY
    campaign = world.open_campaign(closing=closing)
    world.fund(campaign, 10)
    world.evm.mine(at=closing + 1)
    world.evm.send(world.backer, world.pool.functions.giveNotice(campaign))
    world.settle({campaign: 4}, final=(campaign,))
    over = world.evm.now() + 2 * world.pool.functions.GRACE().call()
    close = world.pool.functions.closeAfterGrace(campaign, *NOTHING)
    assert world.evm.refused(world.backer, close, at=over) == "CampaignIsFinal"
    assert world.record(campaign)["closed"] is False
