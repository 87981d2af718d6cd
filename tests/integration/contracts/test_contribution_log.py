"""ContributionLog: who may move a head, and only forward."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from ledger.tree import merkle
from tests.integration.contracts.world import NO_ROOT, ORIGIN, World

VKEY = "example.org/other+c0ffee00+key"


def other_log(world: World, operator: str, origin: str = "example.org/other") -> bytes:
    world.evm.send(operator, world.log.functions.openLog(origin, VKEY))
    return keccak(encode(["address", "string"], [operator, origin]))


class TestOpening:
    def test_announces_origin_and_key(self, world: World) -> None:
        receipt = world.evm.send(world.stranger, world.log.functions.openLog("example.org/other", VKEY))
        event = world.evm.event(world.log.events.LogOpened(), receipt)
        log_id = keccak(encode(["address", "string"], [world.stranger, "example.org/other"]))
        assert event == {
            "logId": log_id,
            "operator": world.stranger,
            "origin": "example.org/other",
            "vkey": VKEY,
        }
        assert world.log.functions.operatorOf(log_id).call() == world.stranger
        assert world.log.functions.head(log_id).call() == [0, NO_ROOT, 0]

    def test_once_for_an_account_and_origin(self, world: World) -> None:
        assert world.evm.refused(world.operator, world.log.functions.openLog(ORIGIN, VKEY)) == "LogAlreadyOpen"
        assert other_log(world, world.stranger, ORIGIN) != world.log_id

    @pytest.mark.parametrize(("origin", "vkey"), [("", VKEY), ("o" * 256, VKEY), ("o", ""), ("o", "k" * 512)])
    def test_lengths_are_bounded(self, world: World, origin: str, vkey: str) -> None:
        assert world.evm.refused(world.operator, world.log.functions.openLog(origin, vkey)) == "BadLength"

    def test_longest_names_fit(self, world: World) -> None:
        world.evm.send(world.operator, world.log.functions.openLog("o" * 255, "k" * 511))


class TestAnchoring:
    def test_moves_forward_step_by_step(self, world: World) -> None:
        for entries in (1, 1, 3, 8, 100, 7):
            old = len(world.leaves)
            receipt = world.anchor(entries)
            root = merkle.root(world.leaves)
            event = world.evm.event(world.log.events.Anchored(), receipt)
            assert event == {
                "logId": world.log_id,
                "oldSize": old,
                "newSize": old + entries,
                "root": root,
            }
            assert world.log.functions.head(world.log_id).call() == [old + entries, root, world.evm.now()]
            assert world.log.functions.size(world.log_id).call() == old + entries

    def test_only_by_the_operator(self, world: World) -> None:
        call = world.log.functions.anchor(world.log_id, 1, merkle.leaf_hash(b""), [])
        assert world.evm.refused(world.stranger, call) == "NotOperator"

    def test_only_of_an_open_log(self, world: World) -> None:
        call = world.log.functions.anchor(bytes(32), 1, merkle.leaf_hash(b""), [])
        assert world.evm.refused(world.operator, call) == "LogNotOpen"

    def test_never_back_nor_aside(self, world: World) -> None:
        world.anchor(5)
        smaller = merkle.root(world.leaves[:4])
        for size, root in ((4, smaller), (5, merkle.root(world.leaves)), (5, bytes(32)), (0, bytes(32))):
            call = world.log.functions.anchor(world.log_id, size, root, [])
            assert world.evm.refusal(world.operator, call) == ("NotForward", (5, size))

    def test_no_rewritten_history(self, world: World) -> None:
        world.anchor(6)
        head = world.log.functions.head(world.log_id).call()
        rewritten = [merkle.leaf_hash(b"rewritten"), *world.leaves[1:], merkle.leaf_hash(b"new")]
        honest = [*world.leaves, merkle.leaf_hash(b"new")]
        for leaves in (rewritten, honest):
            for proof in (merkle.consistency_proof(6, 7, rewritten), [], [bytes(32)] * 3):
                call = world.log.functions.anchor(world.log_id, 7, merkle.root(leaves), proof)
                assert world.evm.refused(world.operator, call) == "InconsistentHead"
        assert world.log.functions.head(world.log_id).call() == head

    def test_first_anchor_needs_an_empty_proof(self, world: World) -> None:
        call = world.log.functions.anchor(world.log_id, 1, merkle.leaf_hash(b""), [bytes(32)])
        assert world.evm.refused(world.operator, call) == "InconsistentHead"

    def test_growth_is_bounded(self, world: World) -> None:
        bound = world.log.functions.MAX_GROWTH().call()
        too_much = world.log.functions.anchor(world.log_id, bound + 1, bytes(32), [])
        assert world.evm.refused(world.operator, too_much) == "TooMuchGrowth"
        huge = world.log.functions.anchor(world.log_id, 2**256 - 1, bytes(32), [])
        assert world.evm.refused(world.operator, huge) == "TooMuchGrowth"
        world.evm.send(world.operator, world.log.functions.anchor(world.log_id, bound, bytes(32), []))

    def test_sizes_end_where_their_bits_do(self, world: World) -> None:
        slot = int.from_bytes(keccak(encode(["bytes32", "uint256"], [world.log_id, 0])), "big") + 1
        stored = (2**48 - 1) << 160 | int(world.operator, 16)
        world.evm.chain.rpc("anvil_setStorageAt", world.log.address, hex(slot), f"0x{stored:064x}")
        assert world.log.functions.size(world.log_id).call() == 2**48 - 1
        call = world.log.functions.anchor(world.log_id, 2**48, bytes(32), [])
        assert world.evm.refused(world.operator, call) == "TooMuchGrowth"

    def test_logs_do_not_touch_each_other(self, world: World) -> None:
        other = other_log(world, world.stranger)
        world.anchor(3)
        assert world.log.functions.size(other).call() == 0
        call = world.log.functions.anchor(other, 1, merkle.leaf_hash(b""), [])
        assert world.evm.refused(world.operator, call) == "NotOperator"

    def test_inclusion_against_the_newest_head(self, world: World) -> None:
        verify = world.log.functions.verifyInclusion
        assert verify(world.log_id, bytes(32), 0, []).call() is False
        world.anchor(9)
        old_proof = merkle.inclusion_proof(4, 9, world.leaves)
        assert verify(world.log_id, world.leaves[4], 4, old_proof).call() is True
        assert verify(world.log_id, world.leaves[4], 5, old_proof).call() is False
        world.anchor(1)
        assert verify(world.log_id, world.leaves[4], 4, merkle.inclusion_proof(4, 10, world.leaves)).call() is True
        assert verify(world.log_id, world.leaves[9], 9, merkle.inclusion_proof(9, 10, world.leaves)).call() is True


class TestOperator:
    def test_changes_in_two_steps(self, world: World) -> None:
        world.evm.send(world.operator, world.log.functions.transferOperator(world.log_id, world.stranger))
        assert world.log.functions.operatorOf(world.log_id).call() == world.operator
        assert world.log.functions.pendingOperatorOf(world.log_id).call() == world.stranger
        accept = world.log.functions.acceptOperator(world.log_id)
        assert world.evm.refused(world.backer, accept) == "NotPendingOperator"
        world.evm.send(world.stranger, accept)
        assert world.log.functions.operatorOf(world.log_id).call() == world.stranger
        assert world.evm.refused(world.stranger, accept) == "NotPendingOperator"
        call = world.log.functions.anchor(world.log_id, 1, merkle.leaf_hash(b""), [])
        assert world.evm.refused(world.operator, call) == "NotOperator"
        world.evm.send(world.stranger, call)

    def test_offer_is_the_operators_and_can_be_withdrawn(self, world: World) -> None:
        offer = world.log.functions.transferOperator
        assert world.evm.refused(world.stranger, offer(world.log_id, world.stranger)) == "NotOperator"
        world.evm.send(world.operator, offer(world.log_id, world.stranger))
        world.evm.send(world.operator, offer(world.log_id, "0x" + "00" * 20))
        accept = world.log.functions.acceptOperator(world.log_id)
        assert world.evm.refused(world.stranger, accept) == "NotPendingOperator"


class TestClosing:
    def test_is_final(self, world: World) -> None:
        world.anchor(2)
        successor = other_log(world, world.operator)
        world.evm.send(world.operator, world.log.functions.transferOperator(world.log_id, world.stranger))
        receipt = world.evm.send(world.operator, world.log.functions.closeLog(world.log_id, successor))
        event = world.evm.event(world.log.events.LogClosed(), receipt)
        assert event["size"] == 2
        assert event["root"] == merkle.root(world.leaves)
        assert world.log.functions.closing(world.log_id).call() == [True, successor]
        proof = merkle.consistency_proof(2, 3, [*world.leaves, bytes(32)])
        for call in (
            world.log.functions.anchor(world.log_id, 3, merkle.root([*world.leaves, bytes(32)]), proof),
            world.log.functions.closeLog(world.log_id, bytes(32)),
            world.log.functions.transferOperator(world.log_id, world.backer),
        ):
            assert world.evm.refused(world.operator, call) == "LogIsClosed"
        accept = world.log.functions.acceptOperator(world.log_id)
        assert world.evm.refused(world.stranger, accept) == "NotPendingOperator"
        assert world.evm.refused(world.operator, world.log.functions.openLog(ORIGIN, VKEY)) == "LogAlreadyOpen"
        assert world.log.functions.size(world.log_id).call() == 2

    def test_successor_is_another_open_log(self, world: World) -> None:
        close = world.log.functions.closeLog
        assert world.evm.refused(world.stranger, close(world.log_id, bytes(32))) == "NotOperator"
        assert world.evm.refused(world.operator, close(world.log_id, b"\1" * 32)) == "BadSuccessor"
        assert world.evm.refused(world.operator, close(world.log_id, world.log_id)) == "BadSuccessor"
        closed = other_log(world, world.operator)
        world.evm.send(world.operator, close(closed, bytes(32)))
        assert world.evm.refused(world.operator, close(world.log_id, closed)) == "BadSuccessor"
        world.evm.send(world.operator, close(world.log_id, bytes(32)))
