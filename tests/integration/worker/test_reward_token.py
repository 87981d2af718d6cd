"""The whole story against a RewardToken: the pool is the token, a claim is a mint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.reads.people_payments import Sum, read_payments
from ledger.chain import anchors, contracts, payees
from ledger.chain.devchain import DevChain
from ledger.db import tables
from ledger.errors import WrongContractError
from tests.integration.worker.conftest import AMOUNT, CAP, World, make_world


@pytest.fixture
async def token_world(chain: DevChain, sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with make_world(chain, sqlite_database_url, tmp_path, reward_token=True) as made:
        yield made


async def _settle(world: World, number: int) -> None:
    await asyncio.sleep(1.2)  # the appeal window
    await world.ask("settle")

    async def activated() -> bool:
        return (number, "activated") in await world.rows(tables.settlements, "number", "state")

    await world.until(activated)


async def _claim(world: World, *people: str) -> None:
    await world.ask_claim(*(world.wallets[person] for person in people))
    await world.until(lambda: world.all_done(tables.claim_requests))


def _choose_payee(world: World, person: str) -> str:
    """A person signs where to be paid, somebody else pays the gas."""
    pool, account, payee = world.deployment.pool, world.wallets[person], "0x" + 40 * "7"
    choice = payees.PayeeChoice(account, payee, payees.read_nonce(world.node, pool, account), 2**40)
    typed = choice.typed_data(payees.read_domain(world.node, pool))
    signature = bytes(world.accounts[person].sign_typed_data(full_message=typed).signature)
    world.send("relayer", pool, payees.set_payee_by_signature_call(choice, signature))
    assert payees.read_nonce(world.node, pool, account) == choice.nonce + 1
    return payee


async def test_awards_become_tokens(token_world: World) -> None:
    world = token_world
    pool = world.deployment.pool
    assert contracts.read_pool_terms(world.node, pool).cap == CAP
    await world.open_campaign()
    world.fund(1_000)
    await world.accept("ann", 3)
    await world.accept("bob", 2)
    await world.link("ann")
    await world.link("bob")
    await _settle(world, 1)
    await _claim(world, "ann", "bob")
    assert (world.balance("ann"), world.balance("bob")) == (3 * AMOUNT, 2 * AMOUNT)

    await world.accept("ann")
    await world.accept("bob")
    payee = _choose_payee(world, "bob")
    await _settle(world, 2)
    await _claim(world, "ann", "bob")
    assert contracts.read_total_supply(world.node, pool) == 7 * AMOUNT
    assert contracts.read_balance(world.node, pool, payee) == AMOUNT

    async def final() -> bool:
        return set(await world.rows(tables.claims, "state")) == {"final"}

    await world.until(final)
    ann, bob = world.wallets["ann"], world.wallets["bob"]
    assert dict(await world.rows(tables.claims, "account", "cumulative")) == {ann: "40", bob: "30"}
    end = world.node.block().number
    claims = anchors.claimed_events(world.node, pool, 0, end)
    said = [(claim.account, claim.amount) for claim in claims]
    assert sorted(said) == sorted([(ann, 30), (bob, 20), (ann, 10), (bob, 10)])
    receipt = world.node.receipt(claims[0].place.transaction)
    assert receipt is not None
    assert anchors.claims_in(receipt, pool) == claims[:2]
    assert anchors.pool_events(world.node, pool, 0, end).claims == tuple(claims)
    # What each is shown as paid, the newest first: bob's is his wherever he wanted it, and is not the payee's.
    for account, wanted in ((ann, [10, 30]), (bob, [10, 20]), (payee, [])):
        paid = read_payments(world.config.rpc_urls, world.deployment, Sum(account, sum(wanted), None))
        assert [each.units for each in paid] == wanted
        assert all(each.at_ms == world.node.block(each.block).timestamp * 1000 for each in paid)


async def test_a_deployment_says_which_kind_its_pool_is(token_world: World) -> None:
    world = token_world
    anchors.check_deployment(world.node, world.deployment)
    for wrong in (
        replace(world.deployment, token=world.deployment.contribution_log),
        replace(world.deployment, pool=world.deployment.contribution_log),
        replace(world.deployment, pool="0x" + 40 * "1"),
    ):
        with pytest.raises(WrongContractError):
            anchors.check_deployment(world.node, wrong)
