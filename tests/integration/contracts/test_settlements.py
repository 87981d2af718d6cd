"""Settlements: what may be proposed, the delay that nobody can shorten, and activation that cannot fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.integration.contracts.world import DAY, DELAY, NO_ROOT, Settlement, World

TYPES = ["uint256", "uint256", "bytes32", "uint256", "bytes32[]", "uint256[]", "bool[]"]
ROOT = b"\x5a" * 32


def proposal_hash(settlement: Settlement) -> bytes:
    return keccak(encode(TYPES, settlement))


def refused(world: World, settlement: Settlement) -> str:
    """The error with which this proposal is refused."""
    return world.evm.refused(world.reporter, world.pool.functions.propose(*settlement))


class TestProposing:
    def test_is_kept_as_a_hash(self, world: World) -> None:
        world.anchor(4)
        campaign = world.funded_campaign(100)
        settlement = world.settlement({campaign: 30}, root=ROOT, final=(campaign,))
        receipt = world.propose(settlement)
        proposal = proposal_hash(settlement)
        event = world.evm.event(world.pool.events.SettlementProposed(), receipt)
        assert event == {
            "number": 1,
            "parent": 0,
            "root": ROOT,
            "logSize": 4,
            "proposal": proposal,
            "campaigns": [campaign],
            "totals": [30],
            "finals": [True],
        }
        assert world.pool.functions.proposalHash(*settlement).call() == proposal
        assert world.pool.functions.pending().call() == [1, proposal, world.evm.now() + DELAY]
        assert world.pool.functions.count().call() == 1
        assert world.pool.functions.lastActivated().call() == [0, NO_ROOT, 0]
        assert world.record(campaign)["awarded"] == 0

    def test_only_by_the_reporter(self, world: World) -> None:
        call = world.pool.functions.propose(*world.settlement({}))
        for account in (world.admin, world.guardian, world.operator, world.stranger):
            assert world.evm.refused(account, call) == "NotRole"

    def test_one_at_a_time_and_never_replaced(self, world: World) -> None:
        first = world.settlement({})
        world.propose(first)
        second = world.settlement({}, root=ROOT)
        assert refused(world, second) == "SettlementIsPending"
        assert refused(world, first) == "SettlementIsPending"
        ready = world.pool.functions.pending().call()[2]
        assert world.evm.refused(world.reporter, world.pool.functions.propose(*second), at=ready) == (
            "SettlementIsPending"
        )
        assert world.pool.functions.pending().call()[1] == proposal_hash(first)

    def test_numbers_have_no_gaps_and_parents_are_the_last_activated(self, world: World) -> None:
        good = world.settlement({})
        assert refused(world, (0, *good[1:])) == "WrongNumber"
        assert refused(world, (2, *good[1:])) == "WrongNumber"
        assert refused(world, (1, 1, *good[2:])) == "WrongParent"
        world.settle({})
        world.propose(world.settlement({}))
        world.evm.send(world.guardian, world.pool.functions.veto(2, "wrong"))
        good = world.settlement({})
        assert good[:2] == (3, 1)
        assert refused(world, (2, *good[1:])) == "WrongNumber"
        assert refused(world, (3, 2, *good[2:])) == "WrongParent"
        assert refused(world, (3, 0, *good[2:])) == "WrongParent"
        world.propose(good)

    def test_log_size_is_anchored_and_never_falls(self, world: World) -> None:
        assert refused(world, world.settlement({}, log_size=1)) == "WrongLogSize"
        world.anchor(5)
        assert refused(world, world.settlement({}, log_size=6)) == "WrongLogSize"
        world.settle({})
        world.anchor(5)
        assert refused(world, world.settlement({}, log_size=4)) == "WrongLogSize"
        world.propose(world.settlement({}, log_size=5))

    def test_lists_are_well_formed(self, world: World) -> None:
        campaigns = sorted(world.funded_campaign(10) for _ in range(2))
        head = world.settlement({})[:4]
        for lists in (
            (campaigns, [1], [False, False]),
            (campaigns, [1, 1], [False]),
            (campaigns[:1], [1, 1], [False, False]),
            ([b"\1" * 32] * 501, [0] * 501, [False] * 501),
        ):
            assert refused(world, (*head, *lists)) == "BadLength"
        for wrong in (campaigns[::-1], campaigns[:1] * 2, [bytes(32), campaigns[0]]):
            assert refused(world, (*head, wrong, [1, 1], [False, False])) == "NotAscending"
        unknown = (campaigns[0][:-1] + bytes([campaigns[0][-1] ^ 1]),)
        assert refused(world, (*head, list(unknown), [0], [False])) == "CampaignNotOpen"

    def test_totals_stay_within_funds_and_never_fall(self, world: World) -> None:
        campaign = world.funded_campaign(100)
        for total in (101, 2**120, 2**256 - 1):
            assert refused(world, world.settlement({campaign: total})) == "WrongTotal"
        world.settle({campaign: 60})
        assert refused(world, world.settlement({campaign: 59})) == "WrongTotal"
        assert refused(world, world.settlement({campaign: 101})) == "WrongTotal"
        world.settle({campaign: 60})
        world.settle({campaign: 100})
        assert world.record(campaign)["awarded"] == 100

    def test_nothing_before_the_goal(self, world: World) -> None:
        campaign = world.funded_campaign(99, goal=100, deadline=world.evm.now() + DAY)
        assert refused(world, world.settlement({campaign: 1})) == "WrongTotal"
        world.fund(campaign, 1)
        world.settle({campaign: 100})

    def test_nothing_after_finality(self, world: World) -> None:
        campaign = world.funded_campaign(100)
        world.settle({campaign: 60}, final=(campaign,))
        for total in (60, 61):
            assert refused(world, world.settlement({campaign: total})) == "CampaignIsFinal"

    def test_not_while_paused(self, world: World) -> None:
        world.evm.send(world.guardian, world.pool.functions.pause())
        assert refused(world, world.settlement({})) == "IsPaused"


class TestActivating:
    def test_takes_effect_after_the_delay(self, world: World) -> None:
        world.anchor(3)
        campaigns = sorted(world.funded_campaign(100) for _ in range(2))
        settlement = world.settlement(dict(zip(campaigns, (30, 40), strict=True)), root=ROOT, final=(campaigns[1],))
        world.propose(settlement)
        ready = world.evm.now() + DELAY
        activate = world.pool.functions.activate(*settlement)
        assert world.evm.refusal(world.reporter, activate) == ("DelayNotOver", (ready,))
        assert world.evm.refused(world.stranger, activate, at=ready - 1) == "DelayNotOver"
        assert world.pool.functions.activeRoot().call() == NO_ROOT
        receipt = world.evm.send(world.stranger, activate, at=ready)
        event = world.evm.event(world.pool.events.SettlementActivated(), receipt)
        assert event == {
            "number": 1,
            "proposal": proposal_hash(settlement),
            "root": ROOT,
            "totalAwarded": 70,
        }
        assert world.pool.functions.lastActivated().call() == [1, ROOT, 3]
        assert world.pool.functions.activeRoot().call() == ROOT
        assert world.pool.functions.pending().call() == [0, NO_ROOT, 0]
        records = [world.record(campaign) for campaign in campaigns]
        assert [(record["awarded"], record["finalised"]) for record in records] == [(30, False), (40, True)]
        assert world.evm.refused(world.stranger, activate) == "NotPending"
        world.assert_solvent()

    def test_only_what_was_proposed(self, world: World) -> None:
        world.anchor(3)
        campaign = world.funded_campaign(100)
        settlement = world.settlement({campaign: 30}, root=ROOT)
        world.propose(settlement)
        ready = world.pool.functions.pending().call()[2]
        number, parent, root, size, campaigns, totals, finals = settlement
        world.evm.mine(at=ready)
        for wrong in (
            (number + 1, parent, root, size, campaigns, totals, finals),
            (number, parent + 1, root, size, campaigns, totals, finals),
            (number, parent, NO_ROOT, size, campaigns, totals, finals),
            (number, parent, root, size - 1, campaigns, totals, finals),
            (number, parent, root, size, [], totals, finals),
            (number, parent, root, size, campaigns, [31], finals),
            (number, parent, root, size, campaigns, totals, [True]),
        ):
            assert world.evm.refused(world.reporter, world.pool.functions.activate(*wrong)) == "NotPending"
        world.evm.send(world.stranger, world.pool.functions.activate(*settlement))

    def test_nothing_to_activate(self, world: World) -> None:
        call = world.pool.functions.activate(0, 0, NO_ROOT, 0, [], [], [])
        assert world.evm.refused(world.stranger, call) == "NotPending"

    def test_growth_is_summed_over_settlements(self, world: World) -> None:
        first, second = (world.funded_campaign(100) for _ in range(2))
        world.settle({first: 10, second: 20})
        world.settle({second: 25})
        world.settle({first: 10, second: 100})
        assert world.pool.functions.books().call() == [200, 0, 110, 0]

    def test_funding_in_between_does_no_harm(self, world: World) -> None:
        campaign = world.funded_campaign(100)
        settlement = world.settlement({campaign: 100}, final=(campaign,))
        world.propose(settlement)
        world.fund(campaign, 50, backer=world.second_backer)
        ready = world.pool.functions.pending().call()[2]
        world.evm.send(world.stranger, world.pool.functions.activate(*settlement), at=ready)
        world.evm.send(world.second_backer, world.pool.functions.refund(campaign))
        assert world.balance(world.second_backer) == 16  # 50 * 50 / 150
        world.assert_solvent()

    def test_the_longest_list_fits_into_a_transaction(self, world: World) -> None:
        """Gas grows by the same with every campaign, so that two short lists tell it."""
        campaigns = [world.funded_campaign(1) for _ in range(12)]
        few = [receipt["gasUsed"] for receipt in world.settle(dict.fromkeys(campaigns[:2], 1))]
        many = [receipt["gasUsed"] for receipt in world.settle(dict.fromkeys(campaigns[2:], 1))]
        bound = world.pool.functions.MAX_CAMPAIGNS().call()
        for gas_of_two, gas_of_ten in zip(few, many, strict=True):
            assert gas_of_two + (bound - 2) * (gas_of_ten - gas_of_two) / 8 < 2**24


class TestVeto:
    def test_discards_for_good(self, world: World) -> None:
        settlement = world.settlement({}, root=ROOT)
        world.propose(settlement)
        ready = world.pool.functions.pending().call()[2]
        veto = world.pool.functions.veto(1, "totals do not match the log")
        for account in (world.admin, world.reporter, world.stranger):
            assert world.evm.refused(account, veto) == "NotRole"
        assert world.evm.refused(world.guardian, world.pool.functions.veto(2, "")) == "NotPending"
        receipt = world.evm.send(world.guardian, veto)
        event = world.evm.event(world.pool.events.SettlementVetoed(), receipt)
        assert event == {
            "number": 1,
            "proposal": proposal_hash(settlement),
            "reason": "totals do not match the log",
        }
        activate = world.pool.functions.activate(*settlement)
        assert world.evm.refused(world.stranger, activate, at=ready + 1) == "NotPending"
        assert refused(world, settlement) == "WrongNumber"
        assert world.evm.refused(world.guardian, veto) == "NotPending"

    def test_until_the_activation(self, world: World) -> None:
        world.propose(world.settlement({}))
        late = world.pool.functions.pending().call()[2] + DAY
        world.evm.send(world.guardian, world.pool.functions.veto(1, "just in time"), at=late)
        world.settle({})
        assert world.evm.refused(world.guardian, world.pool.functions.veto(2, "too late")) == "NotPending"


class TestPauseAndDelay:
    def test_paused_time_does_not_count(self, world: World) -> None:
        settlement = world.settlement({})
        world.propose(settlement)
        proposed = world.evm.now()
        world.evm.send(world.guardian, world.pool.functions.pause(), at=proposed + 40)
        activate = world.pool.functions.activate(*settlement)
        assert world.evm.refused(world.stranger, activate, at=proposed + DELAY + 1) == "IsPaused"
        world.evm.send(world.guardian, world.pool.functions.unpause(), at=proposed + 1040)
        assert world.pool.functions.pending().call()[2] == proposed + DELAY + 1000
        assert world.evm.refused(world.stranger, activate, at=proposed + DELAY + 999) == "DelayNotOver"
        world.evm.send(world.stranger, activate, at=proposed + DELAY + 1000)

    def test_a_pause_that_ended_by_itself_does_not_count_either(self, world: World) -> None:
        settlement = world.settlement({})
        world.propose(settlement)
        proposed = world.evm.now()
        longest = world.pool.functions.MAX_PAUSE().call()
        world.evm.send(world.guardian, world.pool.functions.pause(), at=proposed + DELAY - 1)
        activate = world.pool.functions.activate(*settlement)
        end = proposed + DELAY - 1 + longest
        assert world.evm.refused(world.stranger, activate, at=end - 1) == "IsPaused"
        assert world.evm.refused(world.stranger, activate, at=end) == "DelayNotOver"
        world.evm.send(world.stranger, activate, at=end + 1)

    def test_veto_while_paused(self, world: World) -> None:
        world.propose(world.settlement({}))
        world.evm.send(world.guardian, world.pool.functions.pause())
        world.evm.send(world.guardian, world.pool.functions.veto(1, "looked again"))

    def test_two_pauses_add_up(self, world: World) -> None:
        begin = world.evm.now() + 10
        cooldown = world.pool.functions.PAUSE_COOLDOWN().call()
        world.evm.send(world.guardian, world.pool.functions.pause(), at=begin)
        world.evm.send(world.guardian, world.pool.functions.unpause(), at=begin + 50)
        settlement = world.settlement({})
        world.evm.send(world.reporter, world.pool.functions.propose(*settlement), at=begin + 50 + cooldown - DELAY // 2)
        proposed = world.evm.now()
        world.evm.send(world.guardian, world.pool.functions.pause(), at=proposed + DELAY // 2)
        world.evm.send(world.guardian, world.pool.functions.unpause(), at=proposed + DELAY // 2 + 70)
        activate = world.pool.functions.activate(*settlement)
        assert world.evm.refused(world.stranger, activate, at=proposed + DELAY + 69) == "DelayNotOver"
        world.evm.send(world.stranger, activate, at=proposed + DELAY + 70)


class TestConstructor:
    @pytest.mark.parametrize("delay", [0, 90 * DAY + 1])
    def test_delay_is_bounded(self, world: World, delay: int) -> None:
        assert world.token is not None
        roles = (world.admin, world.reporter, world.guardian)
        arguments = (world.log.address, world.log_id, world.token.address, *roles, delay)
        assert world.evm.deploy_refused("RewardPool", *arguments) == "BadSettlementDelay"

    def test_log_is_open_and_token_is_a_contract(self, world: World) -> None:
        assert world.token is not None
        roles = (world.admin, world.reporter, world.guardian)
        unknown = (world.log.address, bytes(32), world.token.address, *roles, DELAY)
        assert world.evm.deploy_refused("RewardPool", *unknown) == "LogNotOpen"
        no_token = (world.log.address, world.log_id, world.stranger, *roles, DELAY)
        assert world.evm.deploy_refused("RewardPool", *no_token) == "NotContract"

    def test_every_role_is_held(self, world: World) -> None:
        assert world.token is not None
        nobody = "0x" + "00" * 20
        for roles in (
            (nobody, world.reporter, world.guardian),
            (world.admin, nobody, world.guardian),
            (world.admin, world.reporter, nobody),
        ):
            arguments = (world.log.address, world.log_id, world.token.address, *roles, DELAY)
            assert world.evm.deploy_refused("RewardPool", *arguments) == "ZeroAccount"

    def test_says_what_it_serves(self, world: World) -> None:
        assert world.token is not None
        pool = world.pool.functions
        assert pool.CONTRIBUTION_LOG().call() == world.log.address
        assert pool.LOG_ID().call() == world.log_id
        assert pool.TOKEN().call() == world.token.address
        assert pool.SETTLEMENT_DELAY().call() == DELAY


def test_pools_of_one_log_are_apart(world: World) -> None:
    assert world.token is not None
    roles = (world.admin, world.reporter, world.guardian)
    pool = world.evm.deploy("RewardPool", world.log.address, world.log_id, world.token.address, *roles, DELAY)
    other = replace(world, pool=pool)
    campaign = world.funded_campaign(10)
    other.settle({})
    assert world.pool.functions.count().call() == 0
    assert refused(other, other.settlement({campaign: 1})) == "CampaignNotOpen"
