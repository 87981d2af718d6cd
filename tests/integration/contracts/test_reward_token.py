"""RewardToken: a pool whose token is itself; nothing is minted but by claims, within the cap."""

from __future__ import annotations

from tests.integration.contracts.conftest import TOKEN_CAP
from tests.integration.contracts.reward_trees import reward_tree
from tests.integration.contracts.test_claims import account
from tests.integration.contracts.world import DELAY, World


def supply(world: World) -> int:
    return int(world.pool.functions.totalSupply().call())


def test_claims_mint(token_world: World) -> None:
    world = token_world
    tree = reward_tree({account(1): 60, account(2): 40, account(3): 7}, [[account(1), account(2), account(3)]])
    campaign = world.open_campaign()
    world.fund(campaign, 200, backer=world.admin)
    assert supply(world) == 0
    world.settle({campaign: 107}, root=tree.root)
    assert supply(world) == 0
    world.evm.send(world.stranger, world.pool.functions.claim(*tree.claim(account(1))))
    assert (supply(world), world.balance(account(1))) == (60, 60)
    for _ in range(2):
        world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    assert (supply(world), world.balance(account(2)), world.balance(account(3))) == (107, 40, 7)
    world.assert_solvent()


def test_only_the_admin_grants_allowance(token_world: World) -> None:
    world = token_world
    campaign = world.open_campaign()
    for who in (world.reporter, world.guardian, world.stranger):
        assert world.evm.refused(who, world.pool.functions.fund(campaign, 1)) == "NotRole"
    assert world.record(campaign)["funded"] == 0


def test_allowances_stay_within_the_cap(token_world: World) -> None:
    world = token_world
    assert world.pool.functions.CAP().call() == TOKEN_CAP
    first, second = world.open_campaign(), world.open_campaign()
    over = world.evm.refusal(world.admin, world.pool.functions.fund(first, TOKEN_CAP + 1))
    assert over == ("CapExceeded", (TOKEN_CAP + 1, TOKEN_CAP))
    world.fund(first, TOKEN_CAP - 10, backer=world.admin)
    assert world.evm.refused(world.admin, world.pool.functions.fund(second, 11)) == "CapExceeded"
    world.fund(second, 10, backer=world.admin)
    assert world.evm.refused(world.admin, world.pool.functions.fund(second, 1)) == "CapExceeded"


def test_refund_cancels_allowance_for_others_to_use(token_world: World) -> None:
    world = token_world
    tree = reward_tree({account(1): 100})
    first, second = world.open_campaign(), world.open_campaign()
    world.fund(first, TOKEN_CAP, backer=world.admin)
    world.settle({first: 100}, root=tree.root, final=(first,))
    world.evm.send(world.admin, world.pool.functions.refund(first))
    assert (supply(world), world.balance(world.admin)) == (0, 0)
    assert world.evm.refused(world.admin, world.pool.functions.fund(second, TOKEN_CAP - 99)) == "CapExceeded"
    world.fund(second, TOKEN_CAP - 100, backer=world.admin)
    world.evm.send(world.stranger, world.pool.functions.claim(*tree.claim(account(1))))
    assert supply(world) == 100
    world.assert_solvent()


def test_recipient_that_cannot_be_is_skipped(token_world: World) -> None:
    world = token_world
    nobody = "0x" + "00" * 20
    tree = reward_tree({nobody: 60, account(2): 40}, [[nobody, account(2)]])
    campaign = world.open_campaign()
    world.fund(campaign, 100, backer=world.admin)
    world.settle({campaign: 100}, root=tree.root)
    receipt = world.evm.send(world.stranger, world.pool.functions.claimMany(*tree.batches[0].arguments()))
    event = world.evm.event(world.pool.events.ClaimSkipped(), receipt)
    assert event == {"account": nobody, "payee": nobody, "amount": 60}
    assert (supply(world), world.balance(account(2))) == (40, 40)
    world.assert_solvent()


def test_is_an_ordinary_token(token_world: World) -> None:
    world = token_world
    tree = reward_tree({world.stranger: 60})
    campaign = world.open_campaign()
    world.fund(campaign, 60, backer=world.admin)
    world.settle({campaign: 60}, root=tree.root)
    world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(world.stranger)))
    world.evm.send(world.stranger, world.pool.functions.transfer(world.backer, 25))
    assert (world.balance(world.stranger), world.balance(world.backer), supply(world)) == (35, 25, 60)
    assert world.pool.functions.claimed(world.stranger).call() == 60
    assert [world.pool.functions[view]().call() for view in ("name", "symbol", "decimals")] == ["Crowd", "CRWD", 18]
    assert world.pool.functions.nonces(world.stranger).call() == 0


def test_cap_is_an_amount(token_world: World) -> None:
    world = token_world
    for cap in (0, 2**120):
        arguments = (world.log.address, world.log_id, "Crowd", "CRWD", cap, *world.evm.accounts[2:5], DELAY)
        assert world.evm.deploy_refused("RewardToken", *arguments) == "BadAmount"
