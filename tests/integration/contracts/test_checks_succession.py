"""The pool follows its log to a successor: one that was named, by the log or by the admin, and that loses no entry."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.contract.contract import ContractFunction

from ledger.tree import merkle
from tests.integration.contracts.world import NO_ROOT, World

ORIGIN = "example.org/successor"
VKEY = "example.org/successor+c0ffee00+key"
NO_LOG = bytes(32)


def open_successor(world: World, leaves: list[bytes]) -> bytes:
    """A log of the stranger's that holds these leaves."""
    world.evm.send(world.stranger, world.log.functions.openLog(ORIGIN, VKEY))
    successor = keccak(encode(["address", "string"], [world.stranger, ORIGIN]))
    if leaves:
        call = world.log.functions.anchor(successor, len(leaves), merkle.root(leaves), [])
        world.evm.send(world.stranger, call)
    return successor


def grown(world: World, entries: int) -> list[bytes]:
    """The leaves of the world's log and more."""
    return [*world.leaves, *(merkle.leaf_hash(f"later {index}".encode()) for index in range(entries))]


def follow(world: World, successor: bytes, leaves: list[bytes]) -> ContractFunction:
    proof = merkle.consistency_proof(len(world.leaves), len(leaves), leaves)
    return world.pool.functions.followLog(successor, proof)


def close(world: World, successor: bytes) -> None:
    world.evm.send(world.operator, world.log.functions.closeLog(world.log_id, successor))


def current(world: World) -> bytes:
    return bytes(world.pool.functions.currentLog().call())


@pytest.fixture
def successor(world: World) -> bytes:
    """A log of eight entries that continues the world's log of five."""
    world.anchor(5)
    return open_successor(world, grown(world, 3))


class TestNamedByTheLog:
    def test_anyone_moves_the_pool(self, world: World, successor: bytes) -> None:
        assert current(world) == world.log_id
        close(world, successor)
        receipt = world.evm.send(world.backer, follow(world, successor, grown(world, 3)))
        event = world.evm.event(world.pool.events.LogFollowed(), receipt)
        assert event == {"previous": world.log_id, "successor": successor}
        assert current(world) == successor
        assert world.pool.functions.LOG_ID().call() == world.log_id

    def test_not_to_a_log_that_was_not_named(self, world: World, successor: bytes) -> None:
        call = follow(world, successor, grown(world, 3))
        for who in (world.admin, world.operator, world.stranger):
            assert world.evm.refusal(who, call) == ("SuccessorNotNamed", (successor,))
        close(world, NO_LOG)
        assert world.evm.refused(world.stranger, call) == "SuccessorNotNamed"
        assert current(world) == world.log_id

    def test_settlements_are_bound_by_the_log_that_is_followed(self, world: World, successor: bytes) -> None:
        campaign = world.funded_campaign(100)
        early = world.pool.functions.propose(*world.settlement({campaign: 10}, log_size=8))
        assert world.evm.refusal(world.reporter, early) == ("WrongLogSize", (8, 0, 5))
        close(world, successor)
        world.evm.send(world.backer, follow(world, successor, grown(world, 3)))
        late = world.pool.functions.propose(*world.settlement({campaign: 10}, log_size=9))
        assert world.evm.refusal(world.reporter, late) == ("WrongLogSize", (9, 0, 8))
        world.evm.send(world.reporter, early)

    def test_campaigns_keep_their_ids(self, world: World, successor: bytes) -> None:
        before = world.funded_campaign(100)
        close(world, successor)
        world.evm.send(world.backer, follow(world, successor, grown(world, 3)))
        after = world.open_campaign()  # derived from the first log's id
        assert world.record(after)["opener"] == world.opener
        world.settle({before: 10, after: 0})

    def test_follows_on_from_the_successor(self, world: World, successor: bytes) -> None:
        close(world, successor)
        leaves = grown(world, 3)
        world.evm.send(world.backer, follow(world, successor, leaves))
        world.evm.send(world.backer, world.log.functions.openLog(ORIGIN, VKEY))
        third = keccak(encode(["address", "string"], [world.backer, ORIGIN]))
        world.evm.send(world.backer, world.log.functions.anchor(third, 8, merkle.root(leaves), []))
        world.evm.send(world.stranger, world.log.functions.closeLog(successor, third))
        world.evm.send(world.relayer, world.pool.functions.followLog(third, []))
        assert current(world) == third

    def test_an_empty_log_needs_no_proof(self, world: World) -> None:
        successor = open_successor(world, [])
        close(world, successor)
        world.evm.send(world.backer, world.pool.functions.followLog(successor, []))
        assert current(world) == successor

    def test_no_log_is_no_successor(self, world: World) -> None:
        """A log without entries extends to one that does not exist, and one that is closed for good names that."""
        call = world.pool.functions.followLog(NO_LOG, [])
        assert world.evm.refusal(world.stranger, call) == ("BadSuccessor", (NO_LOG,))
        close(world, NO_LOG)
        assert world.evm.refused(world.stranger, call) == "BadSuccessor"

    def test_the_present_log_is_no_successor(self, world: World, successor: bytes) -> None:
        same = world.pool.functions.followLog(world.log_id, [])
        assert world.evm.refused(world.stranger, same) == "BadSuccessor"
        close(world, successor)
        call = follow(world, successor, grown(world, 3))
        world.evm.send(world.stranger, call)
        assert world.evm.refused(world.stranger, call) == "BadSuccessor"


class TestNothingIsLeftBehind:
    def test_another_history_is_refused(self, world: World) -> None:
        world.anchor(5)
        other = [merkle.leaf_hash(b"rewritten"), *grown(world, 3)[1:]]
        successor = open_successor(world, other)
        close(world, successor)
        honest = grown(world, 3)
        for proof in (merkle.consistency_proof(5, 8, other), merkle.consistency_proof(5, 8, honest), []):
            call = world.pool.functions.followLog(successor, proof)
            assert world.evm.refusal(world.stranger, call) == ("NotExtension", (world.log_id, successor))
        assert current(world) == world.log_id

    def test_a_successor_that_is_behind_is_refused_until_it_caught_up(self, world: World) -> None:
        world.anchor(5)
        successor = open_successor(world, world.leaves[:3])
        close(world, successor)
        assert world.evm.refused(world.stranger, world.pool.functions.followLog(successor, [])) == "NotExtension"
        proof = merkle.consistency_proof(3, 5, world.leaves)
        world.evm.send(world.stranger, world.log.functions.anchor(successor, 5, merkle.root(world.leaves), proof))
        world.evm.send(world.stranger, world.pool.functions.followLog(successor, []))

    def test_the_view_says_the_same(self, world: World, successor: bytes) -> None:
        view = world.log.functions.verifyExtension
        proof = merkle.consistency_proof(5, 8, grown(world, 3))
        assert view(world.log_id, successor, proof).call() is True
        assert view(world.log_id, world.log_id, []).call() is True
        assert view(successor, world.log_id, proof).call() is False
        assert view(world.log_id, successor, proof[:-1]).call() is False
        assert view(NO_LOG, successor, []).call() is True


class TestNamedByTheAdmin:
    def test_after_the_role_delay(self, world: World, successor: bytes) -> None:
        receipt = world.evm.send(world.admin, world.pool.functions.proposeSuccessor(successor))
        executable = world.evm.now() + world.pool.functions.ROLE_DELAY().call()
        event = world.evm.event(world.pool.events.SuccessorProposed(), receipt)
        assert event == {"successor": successor, "executableAt": executable}
        assert world.pool.functions.proposedSuccessor().call() == [successor, executable]
        call = follow(world, successor, grown(world, 3))
        early = world.evm.refusal(world.admin, call, at=executable - 1)
        assert early == ("SuccessorDelayNotOver", (executable,))
        assert current(world) == world.log_id
        world.evm.send(world.stranger, call, at=executable)
        assert current(world) == successor
        assert world.pool.functions.proposedSuccessor().call() == [NO_ROOT, 0]

    def test_only_the_admin_proposes_and_withdraws(self, world: World, successor: bytes) -> None:
        propose = world.pool.functions.proposeSuccessor(successor)
        cancel = world.pool.functions.cancelSuccessor()
        assert world.evm.refused(world.admin, cancel) == "NoSuccessorProposal"
        for who in (world.reporter, world.guardian, world.operator, world.stranger):
            assert world.evm.refused(who, propose) == "NotRole"
        world.evm.send(world.admin, propose)
        for who in (world.reporter, world.guardian, world.operator, world.stranger):
            assert world.evm.refused(who, cancel) == "NotRole"
        executable = world.pool.functions.proposedSuccessor().call()[1]
        receipt = world.evm.send(world.admin, cancel)
        event = world.evm.event(world.pool.events.SuccessorProposalCancelled(), receipt)
        assert event == {"successor": successor}
        call = follow(world, successor, grown(world, 3))
        assert world.evm.refused(world.stranger, call, at=executable) == "SuccessorNotNamed"
        assert world.evm.refused(world.admin, cancel) == "NoSuccessorProposal"

    def test_proposing_again_waits_again(self, world: World, successor: bytes) -> None:
        propose = world.pool.functions.proposeSuccessor(successor)
        world.evm.send(world.admin, propose)
        first = world.pool.functions.proposedSuccessor().call()[1]
        world.evm.send(world.admin, propose, at=first - 1)
        call = follow(world, successor, grown(world, 3))
        assert world.evm.refused(world.stranger, call, at=first) == "SuccessorDelayNotOver"

    def test_only_to_another_open_log(self, world: World) -> None:
        for wrong in (world.log_id, NO_LOG, b"\1" * 32):
            call = world.pool.functions.proposeSuccessor(wrong)
            assert world.evm.refusal(world.admin, call) == ("BadSuccessor", (wrong,))

    def test_only_to_what_extends_the_log_by_then(self, world: World, successor: bytes) -> None:
        world.evm.send(world.admin, world.pool.functions.proposeSuccessor(successor))
        executable = world.pool.functions.proposedSuccessor().call()[1]
        before = grown(world, 3)
        call = follow(world, successor, before)
        world.anchor(1)  # the operator was not lost after all, and goes on in another way
        assert world.evm.refused(world.stranger, call, at=executable) == "NotExtension"

    def test_a_proposal_stands_until_it_is_followed(self, world: World, successor: bytes) -> None:
        """Whoever stole the operator's key cannot undo it by closing log after log."""
        world.evm.send(world.backer, world.log.functions.openLog(ORIGIN, VKEY))
        stored = keccak(encode(["address", "string"], [world.backer, ORIGIN]))
        world.evm.send(world.admin, world.pool.functions.proposeSuccessor(stored))
        close(world, successor)
        world.evm.send(world.backer, follow(world, successor, grown(world, 3)))
        executable = world.pool.functions.proposedSuccessor().call()[1]
        assert world.pool.functions.proposedSuccessor().call() == [stored, executable]
        leaves = grown(world, 3)
        world.evm.send(world.backer, world.log.functions.anchor(stored, len(leaves), merkle.root(leaves), []))
        world.evm.send(world.stranger, world.pool.functions.followLog(stored, []), at=executable)
        assert current(world) == stored
        assert world.pool.functions.proposedSuccessor().call() == [NO_ROOT, 0]
