"""The tree of (account, cumulative amount) that a pool pays from: OpenZeppelin ``standard-v1``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.errors import ProofError
from ledger.statements.onchain import ZERO_HASH, address_word, keccak256, uint256

_WORD_BITS = 256


def reward_leaf(account: str, cumulative: int) -> bytes:
    """``keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))))``, 32 bytes."""
    return keccak256(keccak256(address_word(account) + uint256(cumulative)))


@dataclass(frozen=True, slots=True)
class Multiproof:
    """A proof of several leaves at once: accounts and amounts in tree order, then what ``claimMany`` takes."""

    accounts: tuple[str, ...]
    cumulatives: tuple[int, ...]
    proof: tuple[bytes, ...]
    flags: tuple[int, ...]
    """OpenZeppelin's flags, 256 a word: flag i is bit ``i & 255`` of word ``i >> 8``, least significant first."""


class RewardTree:
    """A complete binary tree in an array: node i has the children 2i+1 and 2i+2, leaves stand at the end in reverse.

    ``accounts`` are (address in lower case, cumulative base units), each address once, in any order.
    """

    def __init__(self, accounts: Iterable[tuple[str, int]]) -> None:
        leaves = sorted((reward_leaf(account, units), account, units) for account, units in accounts)
        self.accounts: tuple[tuple[str, int], ...] = tuple((account, units) for _, account, units in leaves)
        """In tree order: ascending leaf hashes."""
        count = len(leaves)
        self._nodes: list[bytes] = [b""] * max(2 * count - 1, 0)
        self._position: dict[str, int] = {}
        for order, (leaf, account, _) in enumerate(leaves):
            self._nodes[-1 - order] = leaf
            self._position[account] = 2 * count - 2 - order
        if len(self._position) != count:
            raise ProofError("An account stands twice in the reward tree.", remedy="Add its amounts up first.")
        for index in range(count - 2, -1, -1):
            self._nodes[index] = _join(self._nodes[2 * index + 1], self._nodes[2 * index + 2])

    @property
    def root(self) -> str:
        """0x and 64 hex digits; zero for a tree without accounts."""
        return "0x" + self._nodes[0].hex() if self._nodes else ZERO_HASH

    def proof(self, account: str) -> list[bytes]:
        """The siblings from an account's leaf up to the root. Raises ProofError if it is not in the tree."""
        index = self._index(account)
        siblings = []
        while index > 0:
            siblings.append(self._nodes[_sibling(index)])
            index = (index - 1) // 2
        return siblings

    def multiproof(self, accounts: Sequence[str]) -> Multiproof:
        """The proof of several accounts together. Raises ProofError if one is missing or none is given."""
        wanted = sorted({self._index(account) for account in accounts}, reverse=True)
        if not wanted:
            raise ProofError("A multiproof needs at least one account.", remedy="Name the accounts to be paid.")
        queue, head = list(wanted), 0
        proof: list[bytes] = []
        flags: list[bool] = []
        while queue[head] > 0:
            index = queue[head]
            head += 1
            sibling = _sibling(index)
            known = head < len(queue) and queue[head] == sibling
            flags.append(known)
            if known:
                head += 1
            else:
                proof.append(self._nodes[sibling])
            queue.append((index - 1) // 2)
        chosen = [self.accounts[len(self._nodes) - 1 - index] for index in wanted]
        return Multiproof(
            tuple(account for account, _ in chosen), tuple(units for _, units in chosen), tuple(proof), pack(flags)
        )

    def _index(self, account: str) -> int:
        try:
            return self._position[account]
        except KeyError:
            raise ProofError(
                f"{account} has no share in this settlement.", remedy="Wait for a settlement that publishes its pay."
            ) from None


def pack(flags: Sequence[bool]) -> tuple[int, ...]:
    """The flags of a multiproof in words of 256 bits; bits beyond the last flag are zero, no flags are no words."""
    words = [0] * -(-len(flags) // _WORD_BITS)
    for number, flag in enumerate(flags):
        words[number // _WORD_BITS] |= flag << number % _WORD_BITS
    return tuple(words)


def _sibling(index: int) -> int:
    return index + 1 if index % 2 else index - 1


def _join(left: bytes, right: bytes) -> bytes:
    return keccak256(left + right if left < right else right + left)
