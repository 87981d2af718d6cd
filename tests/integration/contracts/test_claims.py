"""Claims: everybody gets what the active root promises, once, whoever asks and in whatever order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from tests.integration.contracts.reward_trees import RewardTree, reward_tree
from tests.integration.contracts.world import NO_ROOT, World


def account(number: int) -> str:
    """An address that nobody has the key of."""
    return to_checksum_address(keccak(number.to_bytes(4, "big"))[-20:])


AMOUNTS = {account(number): number * 10 for number in range(1, 21)}
TOTAL = sum(AMOUNTS.values())


@pytest.fixture(scope="module")
def tree() -> RewardTree:
    accounts = list(AMOUNTS)
    return reward_tree(AMOUNTS, [accounts, accounts[:1], accounts[3:9], accounts[6:12]])


def awarded(world: World, tree: RewardTree, total: int = TOTAL) -> bytes:
    """A campaign that awarded ``total`` under the tree's root."""
    campaign = world.funded_campaign(total + 1000)
    world.settle({campaign: total}, root=tree.root)
    return campaign


def balances(world: World, accounts: Sequence[str]) -> list[int]:
    return [world.balance(each) for each in accounts]


class TestSingle:
    def test_pays_the_account_whoever_asks(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        winner = account(7)
        receipt = world.evm.send(world.stranger, world.pool.functions.claim(*tree.claim(winner)))
        event = world.evm.event(world.pool.events.Claimed(), receipt)
        assert event == {"account": winner, "amount": 70}
        assert world.balance(winner) == 70
        assert world.pool.functions.claimed(winner).call() == 70
        world.assert_solvent()

    def test_again_pays_nothing_and_does_not_fail(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        claim = world.pool.functions.claim(*tree.claim(account(7)))
        world.evm.send(world.stranger, claim)
        assert claim.call() == 0
        receipt = world.evm.send(world.stranger, claim)
        assert receipt["logs"] == []
        assert world.balance(account(7)) == 70

    def test_pays_the_difference_to_the_next_root(self, world: World, tree: RewardTree) -> None:
        campaign = awarded(world, tree)
        winner = account(7)
        world.evm.send(world.stranger, world.pool.functions.claim(*tree.claim(winner)))
        later = reward_tree({**AMOUNTS, winner: 95})
        world.settle({campaign: TOTAL + 25}, root=later.root)
        old = world.pool.functions.claim(*tree.claim(winner))
        assert world.evm.refused(world.stranger, old) == "InvalidProof"
        world.evm.send(world.stranger, world.pool.functions.claim(*later.claim(winner)))
        assert world.balance(winner) == 95

    def test_a_lower_amount_in_a_later_root_takes_nothing_back(self, world: World, tree: RewardTree) -> None:
        campaign = awarded(world, tree)
        winner = account(7)
        world.evm.send(world.stranger, world.pool.functions.claim(*tree.claim(winner)))
        later = reward_tree({**AMOUNTS, winner: 5})
        world.settle({campaign: TOTAL}, root=later.root)
        world.evm.send(world.stranger, world.pool.functions.claim(*later.claim(winner)))
        assert world.balance(winner) == 70
        assert world.pool.functions.claimed(winner).call() == 70

    def test_needs_the_proof_of_account_and_amount(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        claim = world.pool.functions.claim
        winner, amount, proof = tree.claim(account(7))
        for wrong in (
            (account(8), amount, proof),
            (winner, amount + 1, proof),
            (winner, amount, proof[:-1]),
            (winner, amount, [*proof, bytes(32)]),
            (winner, amount, proof[::-1]),
            (winner, amount, []),
        ):
            assert world.evm.refused(world.stranger, claim(*wrong)) == "InvalidProof"

    def test_nothing_before_the_first_activation(self, world: World, tree: RewardTree) -> None:
        claim = world.pool.functions.claim(*tree.claim(account(7)))
        assert world.evm.refused(world.stranger, claim) == "InvalidProof"
        campaign = world.funded_campaign(TOTAL)
        world.propose(world.settlement({campaign: TOTAL}, root=tree.root))
        assert world.evm.refused(world.stranger, claim) == "InvalidProof"

    def test_zero_root_proves_nothing(self, world: World, tree: RewardTree) -> None:
        campaign = awarded(world, tree)
        world.settle({campaign: TOTAL}, root=NO_ROOT)
        for proof in ([], [bytes(32)], tree.proofs[account(7)]):
            call = world.pool.functions.claim(account(7), 70, proof)
            assert world.evm.refused(world.stranger, call) == "InvalidProof"

    def test_inner_node_is_no_leaf(self, world: World) -> None:
        """A leaf is hashed twice; its first hash and an inner node prove nothing."""
        once = keccak(encode(["address", "uint256"], [account(1), 50]))
        campaign = world.funded_campaign(100)
        world.settle({campaign: 100}, root=once)
        call = world.pool.functions.claim(account(1), 50, [])
        assert world.evm.refused(world.stranger, call) == "InvalidProof"

    def test_only_account_of_a_tree(self, world: World) -> None:
        lonely = reward_tree({account(1): 50}, [[account(1)]])
        campaign = world.funded_campaign(100)
        world.settle({campaign: 100}, root=lonely.root)
        assert lonely.proofs[account(1)] == []
        world.evm.send(world.stranger, world.pool.functions.claim(*lonely.claim(account(1))))
        world.evm.send(world.stranger, world.pool.functions.claimMany(*lonely.batches[0].arguments()))
        assert world.balance(account(1)) == 50

    def test_never_more_than_was_awarded_in_all(self, world: World, tree: RewardTree) -> None:
        """A wrong root takes at most what its campaigns awarded, nothing of others' funds."""
        awarded(world, tree, total=100)
        other = world.funded_campaign(5000)
        claim = world.pool.functions.claim
        world.evm.send(world.stranger, claim(*tree.claim(account(9))))
        over = claim(*tree.claim(account(2)))
        assert world.evm.refusal(world.stranger, over) == ("AwardsExceeded", (110, 100))
        world.evm.send(world.stranger, claim(*tree.claim(account(1))))
        many = world.pool.functions.claimMany(*tree.batches[0].arguments())
        assert world.evm.refused(world.stranger, many) == "AwardsExceeded"
        world.assert_solvent()
        world.settle({other: TOTAL - 100}, root=tree.root)
        world.evm.send(world.stranger, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        assert balances(world, list(AMOUNTS)) == list(AMOUNTS.values())

    def test_not_while_paused(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        world.evm.send(world.guardian, world.pool.functions.pause())
        single = world.pool.functions.claim(*tree.claim(account(7)))
        many = world.pool.functions.claimMany(*tree.batches[0].arguments())
        assert world.evm.refused(world.stranger, single) == "IsPaused"
        assert world.evm.refused(world.stranger, many) == "IsPaused"
        world.evm.send(world.guardian, world.pool.functions.unpause())
        world.evm.send(world.stranger, single)

    def test_earned_funds_survive_finality_and_refunds(self, world: World, tree: RewardTree) -> None:
        campaign = awarded(world, tree)
        world.settle({campaign: TOTAL}, root=tree.root, final=(campaign,))
        world.evm.send(world.backer, world.pool.functions.refund(campaign))
        assert world.balance(world.pool.address) == TOTAL
        much_later = world.evm.now() + 10 * 365 * 86_400
        many = world.pool.functions.claimMany(*tree.batches[0].arguments())
        world.evm.send(world.stranger, many, at=much_later)
        assert world.balance(world.pool.address) == 0
        world.assert_solvent()


class TestMany:
    def test_pays_everybody_in_tree_order(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        everybody, one, some, _ = tree.batches
        leaves = [
            keccak(keccak(encode(["address", "uint256"], pair)))
            for pair in zip(*everybody.arguments()[:2], strict=True)
        ]
        assert leaves == sorted(leaves)
        for batch, expected in ((one, one), (some, some), (everybody, everybody)):
            call = world.pool.functions.claimMany(*batch.arguments())
            due = sum(expected.cumulatives) - sum(world.balance(each) for each in expected.accounts)
            assert call.call() == due
            world.evm.send(world.relayer, call)
            assert balances(world, batch.accounts) == batch.cumulatives
        assert world.pool.functions.books().call()[3] == TOTAL
        world.assert_solvent()

    def test_order_and_batching_do_not_matter(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        _, _, first, second = tree.batches
        world.evm.send(world.stranger, world.pool.functions.claim(*tree.claim(first.accounts[2])))
        for batch in (second, first, second):
            world.evm.send(world.relayer, world.pool.functions.claimMany(*batch.arguments()))
        paid = {*first.accounts, *second.accounts}
        assert {each: world.balance(each) for each in AMOUNTS} == {
            each: amount if each in paid else 0 for each, amount in AMOUNTS.items()
        }

    def test_needs_the_multiproof(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        batch = tree.batches[2]
        accounts, amounts, proof, flags = batch.arguments()
        claim_many = world.pool.functions.claimMany
        for wrong in (
            (accounts, [amounts[0] + 1, *amounts[1:]], proof, flags),
            ([account(99), *accounts[1:]], amounts, proof, flags),
            (accounts[::-1], amounts[::-1], proof, flags),
            (accounts, amounts, [bytes(32), *proof[1:]], flags),
        ):
            assert world.evm.refused(world.stranger, claim_many(*wrong)) == "InvalidProof"
        short = claim_many(accounts, amounts, proof[:-1], flags)
        assert world.evm.refused(world.stranger, short) == "InvalidProof"

    def test_lists_are_well_formed(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        accounts, amounts, proof, flags = tree.batches[2].arguments()
        claim_many = world.pool.functions.claimMany
        assert world.evm.refused(world.stranger, claim_many(accounts, amounts[:-1], proof, flags)) == "BadLength"
        assert world.evm.refused(world.stranger, claim_many([], [], [tree.root], [])) == "BadLength"

    def test_duplicate_pays_once(self, world: World) -> None:
        """A root that holds an account twice, with one amount or two, brings it to the greater."""
        twin = account(1)
        leaves = sorted(keccak(keccak(encode(["address", "uint256"], [twin, amount]))) for amount in (30, 50))
        amounts = [
            next(a for a in (30, 50) if keccak(keccak(encode(["address", "uint256"], [twin, a]))) == leaf)
            for leaf in leaves
        ]
        campaign = world.funded_campaign(100)
        world.settle({campaign: 100}, root=keccak(b"".join(leaves)))
        world.evm.send(world.stranger, world.pool.functions.claimMany([twin, twin], amounts, [], [1]))
        assert world.balance(twin) == 50
        same = keccak(keccak(encode(["address", "uint256"], [account(2), 40])))
        world.settle({campaign: 100}, root=keccak(same + same))
        world.evm.send(world.stranger, world.pool.functions.claimMany([account(2)] * 2, [40, 40], [], [1]))
        assert world.balance(account(2)) == 40

    def test_zero_root_proves_nothing(self, world: World, tree: RewardTree) -> None:
        campaign = awarded(world, tree)
        world.settle({campaign: TOTAL}, root=NO_ROOT)
        call = world.pool.functions.claimMany([account(7)], [70], [bytes(32)], [0])
        assert world.evm.refused(world.stranger, call) == "InvalidProof"

    def test_too_little_gas_is_no_refusal_by_the_recipient(self, world: World, tree: RewardTree) -> None:
        awarded(world, tree)
        call = world.pool.functions.claimMany(*tree.batches[1].arguments())
        assert world.evm.refused(world.stranger, call, gas=240_000) == "NotEnoughGas"


class TestPayee:
    def test_is_the_accounts_own_choice(self, world: World) -> None:
        tree = reward_tree({world.stranger: 50, world.second_backer: 20}, [[world.stranger, world.second_backer]])
        campaign = world.funded_campaign(100)
        world.settle({campaign: 100}, root=tree.root)
        payee = account(5)
        receipt = world.evm.send(world.stranger, world.pool.functions.setPayee(payee))
        assert world.evm.event(world.pool.events.PayeeSet(), receipt) == {"account": world.stranger, "payee": payee}
        assert world.pool.functions.payeeOf(world.stranger).call() == payee
        receipt = world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        assert balances(world, [payee, world.stranger, world.second_backer]) == [50, 0, 20]
        assert world.pool.functions.claimed(world.stranger).call() == 50

    def test_can_be_taken_back(self, world: World) -> None:
        tree = reward_tree({world.stranger: 50})
        campaign = world.funded_campaign(100)
        world.settle({campaign: 100}, root=tree.root)
        world.evm.send(world.stranger, world.pool.functions.setPayee(account(5)))
        world.evm.send(world.stranger, world.pool.functions.setPayee("0x" + "00" * 20))
        world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(world.stranger)))
        assert world.balance(world.stranger) == 50

    def test_is_not_the_pool(self, world: World) -> None:
        call = world.pool.functions.setPayee(world.pool.address)
        assert world.evm.refused(world.stranger, call) == "BadPayee"
