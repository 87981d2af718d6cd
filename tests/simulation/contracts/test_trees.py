"""The trees of the state machines are those of the product, and their proofs hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.book.reward_tree import RewardTree
from tests.simulation.contracts.trees import Tree, pack, proves, proves_many

LEAVES = st.dictionaries(
    st.integers(1, 2**160 - 1).map(lambda number: f"0x{number:040x}"), st.integers(1, 2**120), min_size=1, max_size=20
)


@given(amounts=LEAVES, chosen=st.sets(st.integers(0, 19), min_size=1))
def test_trees_are_those_of_the_product(amounts: dict[str, int], chosen: set[int]) -> None:
    tree, product = Tree(list(amounts.items())), RewardTree(amounts.items())
    assert "0x" + tree.root.hex() == product.root
    for order, (account, _) in enumerate(tree.leaves):
        assert tree.proof(order) == product.proof(account)
    batch = tree.batch([order % len(amounts) for order in chosen])
    made = product.multiproof([account for account, _ in batch.leaves])
    assert batch.leaves == tuple(zip(made.accounts, made.cumulatives, strict=True))
    assert (batch.proof, pack(batch.flags)) == (made.proof, list(made.flags))


@given(amounts=LEAVES, chosen=st.sets(st.integers(0, 19), min_size=1), bit=st.integers(0, 255))
def test_proofs_hold_and_others_do_not(amounts: dict[str, int], chosen: set[int], bit: int) -> None:
    tree = Tree(list(amounts.items()))
    for order, leaf in enumerate(tree.leaves):
        assert proves(tree.proof(order), tree.root, leaf)
        assert not proves(tree.proof(order), tree.root, (leaf[0], leaf[1] + 1))
        assert not proves([*tree.proof(order), tree.root], tree.root, leaf)
    batch = tree.batch([order % len(amounts) for order in chosen])
    words = pack(batch.flags)
    assert proves_many(batch.leaves, batch.proof, words, tree.root)
    assert not proves_many(batch.leaves, batch.proof, [*words, 0], tree.root)
    if words:
        assert not proves_many(batch.leaves, batch.proof, [words[0] ^ 1 << bit], tree.root)
