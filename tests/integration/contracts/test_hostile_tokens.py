"""A token or a recipient that misbehaves hurts nobody else."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum

import pytest

from tests.integration.contracts.evm import Evm
from tests.integration.contracts.reward_trees import RewardTree, reward_tree
from tests.integration.contracts.test_claims import account
from tests.integration.contracts.world import World, deploy_pool


class Mode(IntEnum):
    PLAIN = 0
    TAKES_FEE = 1
    RETURNS_FALSE = 2
    RETURNS_FALSE_BUT_MOVES = 3
    RETURNS_NOTHING = 4
    REENTERS = 5


class Refusal(IntEnum):
    REVERTS = 1
    BURNS_GAS = 2
    RETURNS_BOMB = 3


GOOD, BAD, ALSO_GOOD = account(1), account(2), account(3)
AMOUNTS = {GOOD: 10, BAD: 20, ALSO_GOOD: 30}


@pytest.fixture(scope="module")
def tree() -> RewardTree:
    return reward_tree(AMOUNTS, [list(AMOUNTS)])


@pytest.fixture(scope="module")
def session_hostile(session_evm: Evm) -> World:
    return deploy_pool(session_evm, session_evm.deploy("HostileToken"))


@pytest.fixture
def world(session_hostile: World, evm: Evm) -> World:
    return replace(session_hostile, leaves=[])


def set_mode(world: World, mode: Mode) -> None:
    assert world.token is not None
    world.evm.send(world.stranger, world.token.functions.setMode(mode))


def refuse(world: World, recipient: str, refusal: Refusal) -> None:
    assert world.token is not None
    world.evm.send(world.stranger, world.token.functions.setRefusal(recipient, refusal))


def awarded(world: World, tree: RewardTree) -> bytes:
    campaign = world.funded_campaign(100)
    world.settle({campaign: 60}, root=tree.root)
    return campaign


@pytest.mark.parametrize("refusal", list(Refusal))
def test_one_recipient_that_refuses_is_skipped(world: World, tree: RewardTree, refusal: Refusal) -> None:
    awarded(world, tree)
    refuse(world, BAD, refusal)
    receipt = world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    event = world.evm.event(world.pool.events.ClaimSkipped(), receipt)
    assert event == {"account": BAD, "payee": BAD, "amount": 20}
    assert receipt["gasUsed"] < 600_000
    assert [world.balance(each) for each in AMOUNTS] == [10, 0, 30]
    assert world.pool.functions.claimed(BAD).call() == 0
    assert world.pool.functions.books().call()[3] == 40
    single = world.pool.functions.claim(*tree.claim(BAD))
    assert world.evm.refused(world.relayer, single) != ""
    world.assert_solvent()


def test_what_was_skipped_stays_claimable(world: World, tree: RewardTree) -> None:
    assert world.token is not None
    awarded(world, tree)
    refuse(world, BAD, Refusal.REVERTS)
    world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    world.evm.send(world.stranger, world.token.functions.setRefusal(BAD, 0))
    world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    assert [world.balance(each) for each in AMOUNTS] == [10, 20, 30]
    world.assert_solvent()


def test_token_that_answers_false_pays_nobody_and_books_nothing(world: World, tree: RewardTree) -> None:
    awarded(world, tree)
    set_mode(world, Mode.RETURNS_FALSE)
    assert world.evm.refused(world.relayer, world.pool.functions.claim(*tree.claim(GOOD))) == (
        "SafeERC20FailedOperation"
    )
    world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    assert world.pool.functions.books().call()[3] == 0
    set_mode(world, Mode.PLAIN)
    world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    assert [world.balance(each) for each in AMOUNTS] == [10, 20, 30]


def test_token_that_moves_but_answers_false_cannot_pay_twice(world: World, tree: RewardTree) -> None:
    """Nobody could tell what was paid; so nothing is, rather than the same twice."""
    awarded(world, tree)
    set_mode(world, Mode.RETURNS_FALSE_BUT_MOVES)
    batch = world.pool.functions.claimMany(*tree.batches[0].arguments())
    assert world.evm.refusal(world.relayer, batch) == ("PaymentUnclear", (tree.batches[0].accounts[0].lower(),))
    assert [world.balance(each) for each in AMOUNTS] == [0, 0, 0]
    assert world.balance(world.pool.address) == 100


def test_token_without_return_value_works(world: World, tree: RewardTree) -> None:
    set_mode(world, Mode.RETURNS_NOTHING)
    campaign = awarded(world, tree)
    world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(GOOD)))
    world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    world.settle({campaign: 60}, final=(campaign,))
    world.evm.send(world.backer, world.pool.functions.refund(campaign))
    assert [world.balance(each) for each in (*AMOUNTS, world.backer)] == [10, 20, 30, 40]


def test_token_that_takes_a_fee_is_refused(world: World) -> None:
    campaign = world.open_campaign()
    world.endow(world.backer, 200)
    set_mode(world, Mode.TAKES_FEE)
    fund = world.pool.functions.fund(campaign, 200)
    assert world.evm.refusal(world.backer, fund) == ("WrongAmountArrived", (200, 198))
    assert world.record(campaign)["funded"] == 0


def make_backer_of_the_token(world: World, campaign: bytes) -> None:
    """The token itself backs a campaign and may fund more, so that nothing but the guard stands in its way."""
    assert world.token is not None
    world.evm.chain.rpc("anvil_impersonateAccount", world.token.address)
    world.evm.chain.rpc("anvil_setBalance", world.token.address, hex(10**18))
    world.fund(campaign, 5, backer=world.token.address)
    world.endow(world.token.address, 10)


@pytest.mark.parametrize("name", ["claim", "claimMany", "fund", "fundWithPermit", "refund"])
def test_reentrant_calls_are_refused(world: World, tree: RewardTree, name: str) -> None:
    """The token tries to enter again from within each payment; the payments themselves go through once."""
    assert world.token is not None
    finished = world.open_campaign()
    make_backer_of_the_token(world, finished)
    campaign = world.funded_campaign(100)
    world.settle({campaign: 60, finished: 0}, root=tree.root, final=(finished,))
    calls = {
        "claim": world.pool.functions.claim(*tree.claim(GOOD)),
        "claimMany": world.pool.functions.claimMany(*tree.batches[0].arguments()),
        "fund": world.pool.functions.fund(campaign, 1),
        "fundWithPermit": world.pool.functions.fundWithPermit(campaign, 1, 0, 27, bytes(32), bytes(32)),
        "refund": world.pool.functions.refund(finished),
    }
    allowed = calls[name].call({"from": world.token.address})
    assert allowed in (10, 60, [], 5), "without reentrancy the token may do this"
    data = calls[name]._encode_transaction_data()
    world.evm.send(world.stranger, world.token.functions.setReentry(world.pool.address, data))
    set_mode(world, Mode.REENTERS)
    for sender, call in (
        (world.relayer, calls["claim"]),
        (world.relayer, calls["claimMany"]),
        (world.token.address, calls["fund"]),
        (world.token.address, calls["fundWithPermit"]),
        (world.token.address, calls["refund"]),
    ):
        world.evm.send(sender, call)
        assert world.token.functions.reentered().call() is False, call.fn_name
    assert [world.balance(each) for each in AMOUNTS] == [10, 20, 30]
    assert world.record(campaign)["funded"] == 102
    world.assert_solvent()


def test_token_without_permit_can_still_be_funded(world: World) -> None:
    """A permit that fails is passed over; the allowance decides."""
    campaign = world.open_campaign()
    world.endow(world.backer, 10)
    call = world.pool.functions.fundWithPermit(campaign, 10, 0, 27, bytes(32), bytes(32))
    world.evm.send(world.backer, call)
    assert world.record(campaign)["funded"] == 10
