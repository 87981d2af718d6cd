"""A token that says no and pays all the same: the contract refuses the batch, the others in it are paid apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.chain.artifacts import artifact
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.db import tables
from tests.integration.worker.conftest import AMOUNT, KEYS, World, make, make_world

ANSWERS_FALSE, ANSWERS_FALSE_BUT_MOVES = 4, 5


@pytest.fixture
async def fickle_world(chain: DevChain, sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    with Node(chain.url) as node:
        token = make(node, LocalSigner.from_key(bytes.fromhex(KEYS["guardian"])), artifact("FickleToken").creation())
    async with make_world(chain, sqlite_database_url, tmp_path, token=token) as made:
        yield made


async def test_one_payment_that_nobody_understands_keeps_nobody_else_from_being_paid(fickle_world: World) -> None:
    world = fickle_world
    await world.open_campaign()
    world.fund(1_000)
    people = ("ann", "bob", "cy", "dan", "eve")
    for person in people:
        await world.accept(person)
        await world.link(person)
    conduct = artifact("FickleToken").abi.functions["setConduct"]
    for person, how in (("bob", ANSWERS_FALSE_BUT_MOVES), ("dan", ANSWERS_FALSE)):
        world.send("platform", world.deployment.token, conduct.encode(world.wallets[person], how))
    await asyncio.sleep(1.2)  # the appeal window
    await world.ask("settle")

    async def activated() -> bool:
        return "activated" in await world.rows(tables.settlements, "state")

    await world.until(activated)
    await world.ask_claim(*(world.wallets[person] for person in people))
    await world.until(lambda: world.all_done(tables.claim_requests))
    states = dict(await world.rows(tables.claim_requests, "account", "state"))
    assert [states[world.wallets[person]] for person in people] == ["paid", "failed", "paid", "failed", "paid"]
    assert [world.balance(person) for person in people] == [AMOUNT, 0, AMOUNT, 0, AMOUNT]
    details = dict(await world.rows(tables.claim_requests, "account", "detail"))
    assert "said no" in details[world.wallets["bob"]]
    assert "stays claimable" in details[world.wallets["dan"]]
