"""Rows of transactions that somebody changed, on a real chain and in a real database."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, update

from ledger.chain import anchors, contracts
from ledger.chain.artifacts import artifact
from ledger.chain.devchain import DevChain
from ledger.chain.signers import read_transaction
from ledger.db import tables
from ledger.log.checking import check_database
from tests.integration.worker.conftest import World

_EVIL = "0x" + "ee" * 20
T = tables.transactions


async def _change(world: World, statement: Any) -> None:
    async with world.database.begin() as connection:
        assert (await connection.execute(statement)).rowcount == 1


async def _alarms(world: World) -> list[str]:
    (text,) = await world.rows(tables.worker_reports, "report")
    return list(json.loads(text)["alarms"])


async def _look(world: World, **changes: Any) -> None:
    worker = world.worker(replace_after_seconds=0.01, **changes)
    worker.context.pace = replace(worker.context.pace, mining_wait=0.05)
    await world.step(worker)
    await world.step(worker)
    await worker.close()


async def _signed(world: World) -> set[tuple[str, str]]:
    """By account whom the operator calls and with what function, of all that was ever signed."""
    read = [read_transaction(bytes(raw)) for raw in await world.rows(T, "raw")]
    assert None not in read
    return {(str(each.transaction.to), each.transaction.data[:4].hex()) for each in read if each is not None}


async def test_an_altered_transaction_is_not_signed_anew_and_its_nonce_is_filled(
    own_chain_world: tuple[DevChain, World],
) -> None:
    chain, world = own_chain_world
    operator, place = world.signers["operator"].address, world.deployment
    chain.rpc("evm_setAutomine", False)
    chain.rpc("evm_setIntervalMining", 0)
    worker = world.worker()
    worker.context.pace = replace(worker.context.pace, mining_wait=0.05)
    await world.step(worker)
    await worker.close()
    data = contracts.transfer_operator_call(place.log_id, _EVIL)
    await _change(world, update(T).values(data=data, recipient=place.contribution_log))
    found = (await check_database(world.database, "main")).findings
    assert [(each.table, each.column) for each in found] == [("transactions", "data")]
    await _look(world)
    assert "transaction-altered" in await _alarms(world)
    anchor = artifact(contracts.LOG_CONTRACT).abi.functions["anchor"].selector.hex()
    assert await _signed(world) == {(place.contribution_log, anchor), (operator, "")}
    chain.rpc("evm_setAutomine", True)
    chain.rpc("evm_mine")

    async def anchored() -> bool:
        return anchors.read_head(world.node, place).size == 1

    await world.until(anchored)
    assert await _signed(world) == {(place.contribution_log, anchor), (operator, "")}
    assert contracts.read_operator(world.node, place.contribution_log, place.log_id) == operator


async def test_a_row_that_was_never_signed_holds_nobody_up(own_chain_world: tuple[DevChain, World]) -> None:
    chain, world = own_chain_world
    operator, place = world.signers["operator"].address, world.deployment
    nonce = world.node.nonce(operator)
    key = {"log": "main", "chain_id": 31337, "sender": operator, "nonce": nonce}
    row = {
        "hash": "0x" + "77" * 32, "raw": b"evil", "intent": "anchor:1", "recipient": _EVIL, "data": b"evil",
        "gas": 100_000, "max_fee": str(10**9), "priority_fee": "1", "state": "sent", "at_ms": 1, "detail": "",
    }  # fmt: skip
    await _change(world, insert(T).values(key | row))
    await _change(world, insert(tables.nonces).values(key | {"intent": "anchor:1"}))

    async def anchored() -> bool:
        return anchors.read_head(world.node, place).size == 1

    worker = world.worker(replace_after_seconds=0.01)
    await world.until(anchored, worker)
    chain.rpc("anvil_mine", "0x80")

    async def lost() -> bool:
        return ("0x" + "77" * 32, "lost") in await world.rows(T, "hash", "state")

    await world.until(lost, worker)
    assert "transaction-altered" in await _alarms(world)
    await worker.close()
    assert world.node.balance(_EVIL) == 0
    sent = {intent for hash_, intent in await world.rows(T, "hash", "intent") if hash_ != row["hash"]}
    assert sent == {"fill", "anchor:1"}
