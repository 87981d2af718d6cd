"""True multiproofs of reward trees and ways to spoil one: what the contracts must judge as OpenZeppelin does."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledger.book.reward_tree import RewardTree
from ledger.statements.onchain import keccak256
from tests.simulation.proofs.many_calls import WORD, selector, word
from tests.simulation.proofs.transparency_cases import ZERO, flip, spoiled_proofs

FLAGS_A_WORD = 256
ADDRESS_BITS = 160
_SINGLE_ARGUMENTS = "(address,uint256,bytes32[],bytes32)"
_SINGLE = [selector(name + _SINGLE_ARGUMENTS) for name in ("verify", "verifyPlainly")]
_OURS = selector("verifyMany(address[],uint256[],bytes32[],uint256[],bytes32)")
_OPEN_ZEPPELIN = selector("verifyManyPlainly(address[],uint256[],bytes32[],bool[],bytes32)")


class SingleCase(NamedTuple):
    """The arguments of ``verify``, and what stands in the calldata behind the proof's end."""

    account: int
    cumulative: int
    proof: list[bytes]
    root: bytes
    beyond: tuple[bytes, ...] = ()

    def call(self, *, plainly: bool = False) -> bytes:
        """Calldata for the harness: our library's function, or OpenZeppelin's."""
        head = [word(self.account), word(self.cumulative), word(4 * WORD), self.root]
        return b"".join([_SINGLE[plainly], *head, word(len(self.proof)), *self.proof, *self.beyond])

    def true_root(self) -> bytes:
        """The root that account, amount and proof lead to."""
        made = keccak256(keccak256(word(self.account) + word(self.cumulative)))
        for sibling in self.proof:
            made = keccak256(b"".join(sorted([made, sibling])))
        return made


class MultiCase(NamedTuple):
    """The arguments of ``verifyMany``, and what stands in the calldata behind the proof's end.

    An account is the number in its ABI word, so that one with dirty upper bits can be written.
    """

    accounts: list[int]
    cumulatives: list[int]
    proof: list[bytes]
    words: list[int]
    root: bytes
    beyond: tuple[bytes, ...] = ()

    @property
    def flag_count(self) -> int:
        """How many flags accounts and proof call for."""
        return max(0, len(self.accounts) + len(self.proof) - 1)

    @property
    def flags(self) -> list[bool]:
        """The flags as OpenZeppelin takes them; those of words that are missing are false."""
        words = [*self.words, *[0] * (self.flag_count // FLAGS_A_WORD + 1)]
        return [bool(words[at // FLAGS_A_WORD] >> at % FLAGS_A_WORD & 1) for at in range(self.flag_count)]

    def call(self) -> bytes:
        """Calldata for our library. The words stand before the proof: one word too few, and a length is read."""
        accounts, cumulatives, proof, words = self._arrays(list(map(word, self.words)))
        return _calldata(_OURS, (accounts, cumulatives, words, proof), (0, 1, 3, 2), self.root, self.beyond)

    def open_zeppelin_call(self) -> bytes:
        """Calldata for OpenZeppelin's library, with a word a flag."""
        accounts, cumulatives, proof, flags = self._arrays(list(map(word, self.flags)))
        return _calldata(_OPEN_ZEPPELIN, (accounts, cumulatives, flags, proof), (0, 1, 3, 2), self.root, self.beyond)

    def _arrays(self, flags: list[bytes]) -> tuple[list[bytes], list[bytes], list[bytes], list[bytes]]:
        return list(map(word, self.accounts)), list(map(word, self.cumulatives)), self.proof, flags

    def is_packed_well(self) -> bool:
        """Exactly the words that the flags need, and no bit beside them."""
        return self.words == pack(self.flags)

    def fault(self) -> str | None:
        """Why our library refuses what OpenZeppelin's may accept; None where the two must agree."""
        if not self.accounts:
            return "no accounts"
        return None if self.is_packed_well() else "packing"

    def is_dirty(self) -> bool:
        """Whether an account has bits above an address's."""
        return max(self.accounts, default=0) >> ADDRESS_BITS != 0

    def true_root(self) -> bytes | None:
        """The root that OpenZeppelin computes from all this; None where it refuses."""
        if self.is_dirty() or len(self.accounts) != len(self.cumulatives):
            return None
        made = self._replay()
        return made.root if made.sound else None

    def careless_roots(self) -> set[bytes]:
        """The roots that one may come to who does not check how many there are of each, or that all were used."""
        made = self._replay()
        return {made.root, made.left_over}

    def _replay(self) -> Replay:
        leaves = [
            keccak256(keccak256(word(account) + word(cumulative)))
            for account, cumulative in zip(self.accounts, self.cumulatives, strict=False)
        ]
        return replay(leaves, self.proof, self.flags)


class Replay(NamedTuple):
    """Where a multiproof leads, and whether it was one: as many flags as there must be, every hash used once."""

    root: bytes
    sound: bool
    left_over: bytes
    """The first hash of the queue that no step used; the root, if it was sound."""


def replay(leaves: Sequence[bytes], proof: Sequence[bytes], flags: Sequence[bool]) -> Replay:
    """OpenZeppelin's ``processMultiProof``, from its description: a queue of leaves and then of their parents.

    What is not there to be read, or not yet, counts as zero.
    """
    sound = len(leaves) + len(proof) == len(flags) + 1
    if not flags:
        first = [*leaves, *proof, ZERO][0]
        return Replay(first, sound, first)
    queue, head = list(leaves), 0
    siblings = iter(proof)
    for flag in flags:
        pair = [*queue[head : head + 1 + flag]]
        head += 1 + flag
        if not flag:
            pair.append(next(siblings, ZERO))
        pair += [ZERO] * (2 - len(pair))
        queue.append(keccak256(b"".join(sorted(pair))))
    used_up = sum(not flag for flag in flags) == len(proof)
    return Replay(queue[-1], sound and used_up, queue[min(head, len(queue) - 1)])


def pack(flags: Sequence[bool]) -> list[int]:
    """Flag i is bit ``i & 255``, least significant first, of word ``i >> 8``."""
    return [
        sum(flag << bit for bit, flag in enumerate(flags[begin : begin + FLAGS_A_WORD]))
        for begin in range(0, len(flags), FLAGS_A_WORD)
    ]


def _calldata(
    name: bytes, arrays: Sequence[list[bytes]], places: Sequence[int], root: bytes, beyond: tuple[bytes, ...]
) -> bytes:
    """``arrays`` in the order in which they stand; ``places`` are their positions among the arguments."""
    heads = [b""] * len(arrays) + [root]
    at = len(heads) * WORD
    for place, array in zip(places, arrays, strict=True):
        heads[place] = word(at)
        at += (1 + len(array)) * WORD
    tails = [part for array in arrays for part in (word(len(array)), *array)]
    return b"".join([name, *heads, *tails, *beyond])


def random_tree(size: int, rng: random.Random) -> RewardTree:
    """Accounts and amounts of all magnitudes."""
    accounts: set[str] = set()
    while len(accounts) < size:
        accounts.add("0x" + rng.randbytes(20).hex())
    return RewardTree((account, rng.randrange(1 << rng.randint(1, 120))) for account in sorted(accounts))


def true_case(tree: RewardTree, accounts: Sequence[str]) -> MultiCase:
    """The multiproof of some of a tree's accounts as ``ledger.book`` makes it."""
    made = tree.multiproof(accounts)
    return MultiCase(
        [int(account, 16) for account in made.accounts],
        list(made.cumulatives),
        list(made.proof),
        list(made.flags),
        bytes.fromhex(tree.root[2:]),
    )


def single_cases(tree: RewardTree, rng: random.Random) -> Iterator[SingleCase]:
    """The proof of each of a tree's accounts, then spoiled ones, those of proofs with the root they lead to as well."""
    root = bytes.fromhex(tree.root[2:])
    for account, cumulative in tree.accounts:
        case = SingleCase(int(account, 16), cumulative, tree.proof(account), root)
        yield case
        for proof, beyond in rng.sample(list(spoiled_proofs(case.proof, rng)), 3):
            other = case._replace(proof=proof, beyond=beyond)
            yield from (other, other._replace(root=other.true_root()))
        yield case._replace(account=case.account ^ 1 << rng.randrange(ADDRESS_BITS))
        yield case._replace(cumulative=cumulative ^ 1 << rng.randrange(256))
        yield from (case._replace(root=other) for other in (flip(root, rng), ZERO, *case.proof[:1]))


def random_case(tree: RewardTree, rng: random.Random) -> MultiCase:
    """The multiproof of a random part of a tree's accounts: few, many, or a run of neighbours."""
    names = [account for account, _ in tree.accounts]
    count = rng.randint(1, len(names)) if rng.random() < 0.5 else rng.randint(1, min(4, len(names)))
    begin = rng.randint(0, len(names) - count)
    return true_case(tree, rng.sample(names, count) if rng.random() < 0.7 else names[begin : begin + count])


def spoiled(case: MultiCase, rng: random.Random, most: int | None = None) -> list[MultiCase]:
    """Ways to change one thing, at most so many; each again with the root that what is now given leads to.

    The latter may be true again, or hold for one who does not check.
    """
    made = [*spoiled_leaves(case, rng), *spoiled_flags(case, rng)]
    made += [case._replace(proof=proof, beyond=beyond) for proof, beyond in spoiled_proofs(case.proof, rng)]
    made += [case._replace(root=root) for root in (flip(case.root, rng), ZERO, *case.proof[:1])]
    if most is not None:
        made = rng.sample(made, min(most, len(made)))
    clean = (other for other in made if not other.is_dirty())  # no tree has a leaf made with dirty bits
    return [*made, *(other._replace(root=root) for other in clean for root in other.careless_roots())]


def spoiled_leaves(case: MultiCase, rng: random.Random) -> Iterator[MultiCase]:
    """Other accounts or amounts, in another order, more or fewer of them, of unequal number, or none."""
    accounts, cumulatives = case.accounts, case.cumulatives
    at = rng.randrange(len(accounts))
    for changed in (accounts[at] ^ 1 << rng.randrange(ADDRESS_BITS), 0, accounts[at] | 1 << rng.randrange(160, 256)):
        yield case._replace(accounts=[*accounts[:at], changed, *accounts[at + 1 :]])
    for amount in (cumulatives[at] + 1, cumulatives[at] ^ 1 << rng.randrange(256), 0, (1 << 256) - 1):
        yield case._replace(cumulatives=[*cumulatives[:at], amount, *cumulatives[at + 1 :]])
    orders = [range(len(accounts))[::-1], rng.sample(range(len(accounts)), len(accounts))]
    orders += [[*range(at), *range(at + 1, len(accounts))], [*range(at + 1), *range(at, len(accounts))]]
    for order in orders:
        yield case._replace(accounts=[accounts[i] for i in order], cumulatives=[cumulatives[i] for i in order])
    yield case._replace(cumulatives=cumulatives[:-1], beyond=(word(cumulatives[-1]),))
    yield case._replace(cumulatives=[*cumulatives, 1])
    yield case._replace(accounts=accounts[:-1])
    yield case._replace(accounts=[], cumulatives=[])
    yield case._replace(accounts=[], cumulatives=[], proof=[case.root], words=[])
    yield MultiCase([], [], [], [], ZERO)


def spoiled_flags(case: MultiCase, rng: random.Random) -> Iterator[MultiCase]:
    """Other flags, a bit that stands for none, words too many, too few or in another order."""
    flags, words, count = case.flags, case.words, case.flag_count
    for at in rng.sample(range(count), min(count, 6)):
        yield case._replace(words=pack([flag ^ (at == other) for other, flag in enumerate(flags)]))
    yield case._replace(words=pack([not flag for flag in flags]))
    yield case._replace(words=pack([True] * count))
    yield case._replace(words=pack([False] * count))
    yield case._replace(words=pack(flags[::-1]))
    yield case._replace(words=pack(rng.sample(flags, count)))
    for bit in {count, count | 255, rng.randint(count, count | 255)} if count % FLAGS_A_WORD else ():
        yield case._replace(words=[*words[:-1], words[-1] | 1 << bit % FLAGS_A_WORD])
    yield case._replace(words=[*words, 0])
    yield case._replace(words=[*words, rng.getrandbits(256)])
    yield case._replace(words=[])
    yield case._replace(words=words[:-1])
    yield case._replace(words=words[1:])
    yield case._replace(words=words[::-1])
