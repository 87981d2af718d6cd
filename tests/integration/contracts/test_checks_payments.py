"""What is paid, by what the account was paid before, and what a token says of a payment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.contracts.conftest import TOKEN_CAP
from tests.integration.contracts.evm import Evm
from tests.integration.contracts.reward_trees import RewardTree, reward_tree
from tests.integration.contracts.test_claims import account
from tests.integration.contracts.world import DELAY, World, deploy_pool

NOBODY = "0x" + "00" * 20
FIRST, SECOND, THIRD = account(1), account(2), account(3)
AMOUNTS = {FIRST: 10, SECOND: 20, THIRD: 30}


@pytest.fixture(scope="module")
def tree() -> RewardTree:
    return reward_tree(AMOUNTS, [list(AMOUNTS)])


@pytest.fixture(scope="module")
def session_fickle(session_evm: Evm) -> World:
    return deploy_pool(session_evm, session_evm.deploy("FickleToken"))


class TestBatches:
    def test_what_was_paid_before_leaves_no_trace(self, world: World, tree: RewardTree) -> None:
        campaign = world.funded_campaign(100)
        world.settle({campaign: 60}, root=tree.root)
        batch = world.pool.functions.claimMany(*tree.batches[0].arguments())
        world.evm.send(world.relayer, batch)
        assert batch.call() == 0
        assert world.evm.send(world.relayer, batch)["logs"] == []

    def test_a_lower_amount_in_a_later_root_takes_nothing_back(self, world: World, tree: RewardTree) -> None:
        campaign = world.funded_campaign(100)
        world.settle({campaign: 60}, root=tree.root)
        world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        later = reward_tree({**AMOUNTS, SECOND: 5, THIRD: 45}, [list(AMOUNTS)])
        world.settle({campaign: 75}, root=later.root)
        world.evm.send(world.relayer, world.pool.functions.claimMany(*later.batches[0].arguments()))
        assert [world.balance(each) for each in AMOUNTS] == [10, 20, 45]
        assert world.pool.functions.claimed(SECOND).call() == 20
        world.assert_solvent()

    def test_awards_bound_a_batch_as_a_whole(self, world: World, tree: RewardTree) -> None:
        campaign = world.funded_campaign(100)
        world.settle({campaign: 59}, root=tree.root)
        batch = world.pool.functions.claimMany(*tree.batches[0].arguments())
        assert world.evm.refusal(world.relayer, batch) == ("AwardsExceeded", (60, 59))
        world.settle({campaign: 60}, root=tree.root)
        world.evm.send(world.relayer, batch)


class TestAnswers:
    """A token that moves nothing and says so is believed as long as the pool holds what it must."""

    @pytest.fixture
    def world(self, session_fickle: World, evm: Evm, tree: RewardTree) -> World:
        world = replace(session_fickle, leaves=[])
        campaign = world.funded_campaign(100)
        world.settle({campaign: 60}, root=tree.root)
        return world

    @pytest.mark.parametrize("conduct", [6, 7])
    def test_no_answer_and_a_long_one_are_good(self, world: World, tree: RewardTree, conduct: int) -> None:
        assert world.token is not None
        world.evm.send(world.stranger, world.token.functions.setConduct(SECOND, conduct))
        world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        assert [world.balance(each) for each in AMOUNTS] == [10, 20, 30]
        assert world.pool.functions.books().call()[3] == 60

    def test_a_no_for_one_is_skipped_between_others(self, world: World, tree: RewardTree) -> None:
        """Whatever the order: what the batch has booked and not paid yet counts as held."""
        assert world.token is not None
        for refused, amount in AMOUNTS.items():
            snapshot = world.evm.chain.snapshot()
            world.evm.send(world.stranger, world.token.functions.setConduct(refused, 4))
            receipt = world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
            event = world.evm.event(world.pool.events.ClaimSkipped(), receipt)
            assert event == {"account": refused, "payee": refused, "amount": amount}
            assert world.pool.functions.books().call()[3] == 60 - amount
            world.evm.chain.revert(snapshot)

    def test_a_no_that_moved_money_stops_the_batch(self, world: World, tree: RewardTree) -> None:
        assert world.token is not None
        for liar in AMOUNTS:
            world.evm.send(world.stranger, world.token.functions.setConduct(liar, 5))
            batch = world.pool.functions.claimMany(*tree.batches[0].arguments())
            assert world.evm.refusal(world.relayer, batch) == ("PaymentUnclear", (liar.lower(),))
            world.evm.send(world.stranger, world.token.functions.setConduct(liar, 0))
        assert world.pool.functions.books().call()[3] == 0
        assert world.balance(world.pool.address) == 100

    def test_a_failure_is_skipped_even_where_money_is_missing(self, world: World, tree: RewardTree) -> None:
        """A call that failed moved nothing, so that what the pool holds is no reason to doubt it."""
        assert world.token is not None
        world.evm.send(world.stranger, world.token.functions.rebase(world.pool.address, 70))
        world.evm.send(world.stranger, world.token.functions.setConduct(SECOND, 1))
        world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        assert [world.balance(each) for each in AMOUNTS] == [10, 0, 30]
        assert world.pool.functions.claimed(SECOND).call() == 0


class TestOwnToken:
    @pytest.fixture
    def world(self, token_world: World) -> World:
        tree = reward_tree({token_world.stranger: 60})
        campaign = token_world.open_campaign()
        token_world.fund(campaign, 100, backer=token_world.admin)
        token_world.settle({campaign: 60}, root=tree.root)
        token_world.evm.send(token_world.relayer, token_world.pool.functions.claim(*tree.claim(token_world.stranger)))
        return token_world

    def test_nobody_spends_more_than_the_balance(self, world: World) -> None:
        transfer = world.pool.functions.transfer
        assert world.evm.refusal(world.stranger, transfer(SECOND, 61)) == (
            "ERC20InsufficientBalance",
            (world.stranger.lower(), 60, 61),
        )
        world.evm.send(world.stranger, transfer(SECOND, 60))
        assert [world.balance(each) for each in (world.stranger, SECOND)] == [0, 60]

    def test_nor_does_who_has_an_allowance(self, world: World) -> None:
        world.evm.send(world.stranger, world.pool.functions.approve(world.backer, 100))
        transfer = world.pool.functions.transferFrom
        over = transfer(world.stranger, SECOND, 61)
        assert world.evm.refused(world.backer, over) == "ERC20InsufficientBalance"
        world.evm.send(world.backer, transfer(world.stranger, SECOND, 60))
        again = transfer(world.stranger, SECOND, 1)
        assert world.evm.refused(world.backer, again) == "ERC20InsufficientBalance"

    def test_a_transfer_to_oneself_changes_nothing(self, world: World) -> None:
        world.evm.send(world.stranger, world.pool.functions.transfer(world.stranger, 60))
        assert world.balance(world.stranger) == 60

    def test_claims_say_who_earned_only_if_another_is_paid(self, world: World) -> None:
        tree = reward_tree({SECOND: 10, world.second_backer: 5})
        campaign = world.open_campaign()
        world.fund(campaign, 100, backer=world.admin)
        world.settle({campaign: 15}, root=tree.root)
        own = world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(SECOND)))
        assert len(own["logs"]) == 1
        assert world.evm.event(world.pool.events.Transfer(), own) == {"from": NOBODY, "to": SECOND, "value": 10}
        world.evm.send(world.second_backer, world.pool.functions.setPayee(THIRD))
        other = world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(world.second_backer)))
        assert len(other["logs"]) == 2
        event = world.evm.event(world.pool.events.Claimed(), other)
        assert (event["account"], event["amount"]) == (world.second_backer, 5)
        assert world.evm.event(world.pool.events.Transfer(), other) == {"from": NOBODY, "to": THIRD, "value": 5}

    def test_who_took_a_choice_back_is_paid_as_if_it_had_made_none(self, world: World) -> None:
        tree = reward_tree({world.second_backer: 5})
        campaign = world.open_campaign()
        world.fund(campaign, 100, backer=world.admin)
        world.settle({campaign: 5}, root=tree.root)
        for payee in (THIRD, NOBODY):
            world.evm.send(world.second_backer, world.pool.functions.setPayee(payee))
        receipt = world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(world.second_backer)))
        assert len(receipt["logs"]) == 1
        assert world.balance(world.second_backer) == 5

    def test_what_was_paid_before_leaves_no_trace(self, world: World) -> None:
        """Nor does a later root with a lower amount take anything back, or keep others in the batch from theirs."""
        amounts = {world.stranger: 60, SECOND: 40}
        for amount in (60, 35):
            tree = reward_tree({**amounts, world.stranger: amount}, [list(amounts)])
            campaign = world.open_campaign()
            world.fund(campaign, 100, backer=world.admin)
            world.settle({campaign: 40}, root=tree.root)
            single = world.pool.functions.claim(*tree.claim(world.stranger))
            batch = world.pool.functions.claimMany(*tree.batches[0].arguments())
            world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(SECOND)))
            for call in (single, batch):
                assert call.call() == 0
                assert world.evm.send(world.relayer, call)["logs"] == []
        assert [world.balance(each) for each in amounts] == [60, 40]
        world.assert_solvent()

    def test_nobody_is_paid_alone_either(self, world: World) -> None:
        tree = reward_tree({NOBODY: 10})
        campaign = world.open_campaign()
        world.fund(campaign, 10, backer=world.admin)
        world.settle({campaign: 10}, root=tree.root)
        call = world.pool.functions.claim(*tree.claim(NOBODY))
        assert world.evm.refused(world.stranger, call) == "ERC20InvalidReceiver"
        assert world.pool.functions.totalSupply().call() == 60

    def test_the_largest_cap_is_below_the_limit(self, world: World) -> None:
        arguments = (world.log.address, world.log_id, "Crowd", "CRWD", 2**120 - 1, *world.evm.accounts[2:5], DELAY)
        token = world.evm.deploy("RewardToken", *arguments)
        assert token.functions.CAP().call() == 2**120 - 1 > TOKEN_CAP
