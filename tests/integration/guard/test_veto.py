"""A veto that is sent until it counts: over crashes, silence, fees and other people's transactions."""

from __future__ import annotations

import json
import secrets
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.chain import contracts
from ledger.chain.nodes import Answer, Nodes
from ledger.errors import ConfigError
from ledger.guard.kept import Kept, load
from ledger.statements.onchain import keccak256
from tests.integration.audit.staged import Staged
from tests.integration.guard.conftest import Guard, propose, theft, wrong


class Dead(Exception):
    """The process ends here."""


class Dying(Nodes):
    """The guard is killed after it saved, before the first byte leaves."""

    def broadcast(self, raw: bytes, transaction: str) -> Answer:
        raise Dead


class Deaf(Nodes):
    """What is sent reaches nobody."""

    def broadcast(self, raw: bytes, transaction: str) -> Answer:
        return Answer("unknown")


def kept(guard: Guard) -> Kept:
    found = load(guard.folder / "veto.json")
    assert found is not None
    return found


@pytest.fixture
def stolen(staged: Staged) -> None:
    """A thief's proposal waits, and blocks are made only when the test says so."""
    propose(staged, wrong(staged, root=theft()))
    staged.chain.rpc("evm_setAutomine", False)


def mine(staged: Staged) -> None:
    staged.chain.rpc("evm_mine")


@pytest.mark.usefixtures("stolen")
def test_a_guard_that_dies_before_it_sent_goes_on(staged: Staged, guard: Guard) -> None:
    guard.start(senders=Dying)
    with pytest.raises(Dead):
        guard.watch.round()
    before = kept(guard)
    guard.start()
    assert guard.round() == ["wrong-settlement"]
    assert kept(guard) == before
    mine(staged)
    assert guard.round() == []
    assert guard.pending == 0
    (mined,) = guard.events("veto-mined")
    assert mined["transaction"] == before.attempts[0].hash
    assert len(guard.events("veto-sent")) == 1


@pytest.mark.usefixtures("stolen")
def test_a_guard_that_dies_after_it_sent_sends_nothing_else(staged: Staged, guard: Guard) -> None:
    guard.round()
    before = kept(guard)
    for _ in range(2):
        guard.start()
        assert guard.round() == ["wrong-settlement"]
    assert kept(guard) == before
    guard.start()
    mine(staged)
    assert guard.round() == []
    assert guard.watch._vetoing is not None
    assert not guard.watch._vetoing.is_under_way
    assert staged.node.nonce(staged.operator, "latest") == before.nonce + 1


@pytest.mark.usefixtures("stolen")
def test_a_veto_that_is_stuck_becomes_dearer(staged: Staged, guard: Guard) -> None:
    guard.round()
    for _ in range(2):
        guard.offset_ms += 61_000
        guard.round()
        guard.round()
    under_way = kept(guard)
    fees = [(each.max_fee, each.priority_fee or 0) for each in under_way.attempts]
    assert len(fees) == 3
    for (fee, tip), (more, dearer) in pairwise(fees):
        assert 1000 * more >= 1125 * fee
        assert 1000 * dearer >= 1125 * tip
    mine(staged)
    assert guard.round() == []
    (mined,) = guard.events("veto-mined")
    assert mined["transaction"] == under_way.attempts[-1].hash
    assert guard.pending == 0


@pytest.mark.long
@pytest.mark.usefixtures("stolen")
def test_at_the_cap_it_is_stuck_and_said(staged: Staged, guard: Guard) -> None:
    guard.round()
    fee = kept(guard).attempts[0].max_fee
    guard.start(cap=fee, senders=Deaf)
    guard.offset_ms += 61_000
    assert guard.round() == ["veto-stuck", "wrong-settlement"]
    assert len(kept(guard).attempts) == 1


@pytest.mark.long
def test_gas_above_the_cap_is_said(staged: Staged, guard: Guard) -> None:
    guard.start(cap=1)
    propose(staged, wrong(staged, root=theft()))
    assert guard.round() == ["veto-failed", "wrong-settlement"]
    assert "the cap is 1 wei" in guard.alarm("veto-failed").detail
    assert not (guard.folder / "veto.json").exists()


@pytest.mark.long
@pytest.mark.usefixtures("stolen")
def test_a_veto_that_was_lost_is_sent_for_the_next_theft_too(staged: Staged, guard: Guard) -> None:
    """The first one is stuck in nobody's pool when another guard's veto, and a second theft, come."""
    guard.start(senders=Deaf)
    guard.round()
    first = kept(guard)
    staged.chain.rpc("evm_setAutomine", True)
    other = "0x" + secrets.token_hex(20)
    appoint(staged, other)
    staged.send(staged.deployment.pool, contracts.veto_call(2, "mine"), other)
    assert guard.round() == ["not-guardian"]
    appoint(staged, staged.operator)
    propose(staged, wrong(staged, number=3, totals=(70,)))
    nonce = staged.node.nonce(staged.operator, "latest")
    assert nonce > first.nonce  # what the operator did meanwhile used it up
    guard.start()
    assert guard.round() == ["wrong-settlement"]
    guard.round()
    assert guard.pending == 0
    assert [line["number"] for line in guard.events("veto-mined")] == [3]


def appoint(staged: Staged, guardian: str) -> None:
    """The pool's guardian becomes another account: the contract's storage is written, for roles take days."""
    pool, role = staged.deployment.pool, contracts.ROLES.index("guardian").to_bytes(32, "big")
    before = contracts.read_role(staged.node, pool, "guardian")
    for place in range(32):
        slot = "0x" + keccak256(role + place.to_bytes(32, "big")).hex()  # of a mapping (Solidity, storage layout)
        word = staged.chain.rpc("eth_getStorageAt", pool, slot, "latest")
        if word.endswith(before[2:]):
            staged.chain.rpc("anvil_setStorageAt", pool, slot, "0x" + 24 * "0" + guardian[2:])
            staged.chain.rpc("evm_mine")
    assert contracts.read_role(staged.node, pool, "guardian") == guardian


@pytest.mark.usefixtures("stolen")
def test_the_same_nonce_serves_the_next_theft(staged: Staged, guard: Guard) -> None:
    """The stuck veto of a settlement that is gone is replaced by the one that is needed."""
    guard.start(senders=Deaf)
    guard.round()
    first = kept(guard)
    thief = "0x" + secrets.token_hex(20)
    appoint(staged, thief)
    staged.chain.rpc("evm_setAutomine", True)
    staged.send(staged.deployment.pool, contracts.veto_call(2, "mine"), thief)
    appoint(staged, staged.operator)
    reporter = contracts.propose_call(wrong(staged, number=3, totals=(70,)))
    pool = staged.deployment.pool
    # The reporter is the same account here: it must not use the guardian's nonce up.
    staged.chain.rpc("anvil_setNonce", staged.operator, hex(first.nonce + 5))
    staged.send(pool, reporter)
    staged.chain.rpc("anvil_setNonce", staged.operator, hex(first.nonce))
    guard.start()
    guard.round()
    assert [(each.number, guard.pending) for each in kept(guard).attempts] == [(2, 0), (3, 0)]
    assert guard.round() == []


@pytest.mark.long
def test_somebody_else_vetoed_in_the_same_moment(staged: Staged, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    propose(staged, wrong(staged, root=theft()))
    vetoing = guard.watch._vetoing
    assert vetoing is not None
    step = vetoing.step

    def late(node: object, target: object) -> object:
        staged.send(staged.deployment.pool, contracts.veto_call(2, "first"))
        return step(node, target)  # type: ignore[arg-type]

    monkeypatch.setattr(vetoing, "step", late)
    assert guard.round() == ["wrong-settlement"]  # as it was when the chain was read
    monkeypatch.undo()
    assert guard.round() == []
    assert guard.events("veto-sent") == []


def test_a_veto_that_a_reorganisation_undoes_is_sent_again(staged: Staged, guard: Guard) -> None:
    propose(staged, wrong(staged, root=theft()))
    guard.round()
    assert guard.round() == []
    staged.chain.rpc("anvil_rollback", 1)
    assert guard.pending == 2
    assert guard.round() == ["wrong-settlement"]
    assert guard.round() == []
    assert guard.pending == 0
    assert len(guard.events("veto-sent")) == 2


# ---- the key ----


def test_a_key_that_is_not_the_guardians_is_said_plainly(staged: Staged, guard: Guard) -> None:
    guard.start(key=secrets.token_bytes(32))
    with pytest.raises(ConfigError, match=f"the pool's guardian is {staged.operator}"):
        guard.watch.round()


@pytest.mark.long
def test_low_coins_are_said_before_they_are_needed(staged: Staged, guard: Guard) -> None:
    staged.chain.rpc("anvil_setBalance", staged.operator, hex(10**15))
    assert guard.round() == ["low-balance"]


@pytest.mark.long
def test_a_veto_that_nobody_can_pay_for_is_said(staged: Staged, guard: Guard) -> None:
    propose(staged, wrong(staged, root=theft()))
    staged.chain.rpc("anvil_setBalance", staged.operator, "0x1")
    assert guard.round() == ["low-balance", "veto-failed", "wrong-settlement"]
    staged.chain.rpc("anvil_setBalance", staged.operator, hex(10**18))
    guard.round()
    assert guard.round() == []
    assert guard.pending == 0


def test_the_key_is_nowhere_but_in_its_file(staged: Staged, guard: Guard) -> None:
    propose(staged, wrong(staged, root=theft()))
    guard.round()
    said = json.dumps(guard.told) + repr(guard.watch.__dict__) + repr(guard.watch._vetoing.__dict__)
    files = [path.read_bytes() for path in guard.folder.rglob("*") if path.is_file()]
    assert staged.operator_key.hex() not in said
    assert not any(staged.operator_key.hex().encode() in data or staged.operator_key in data for data in files)


@pytest.mark.long
def test_the_folder_of_another_pool_is_refused(staged: Staged, guard: Guard) -> None:
    guard.start(senders=Deaf)
    propose(staged, wrong(staged, root=theft()))
    guard.round()
    with pytest.raises(ConfigError, match="another pool or guardian"):
        guard.start(key=secrets.token_bytes(32))


def test_a_full_disk_does_not_stop_a_veto(staged: Staged, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps the log could fill it. What is sent twice does no harm."""
    propose(staged, wrong(staged, root=theft()))

    def full(path: Path, text: str, mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ledger.guard.kept.write_file", full)
    assert guard.round() == ["veto-unsaved", "wrong-settlement"]
    assert "No space left" in guard.alarm("veto-unsaved").detail
    assert guard.round() == []
    assert guard.pending == 0


@pytest.mark.long
@pytest.mark.usefixtures("stolen")
def test_what_was_sent_and_not_saved_is_replaced(staged: Staged, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.guard.kept.save", lambda path, kept: None)
    guard.round()
    monkeypatch.undo()
    guard.start()
    guard.round()
    guard.offset_ms += 61_000
    guard.round()
    mine(staged)
    assert guard.round() == []
    assert guard.pending == 0
