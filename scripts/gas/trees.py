"""The trees that the figures are measured on: a log of a million entries, reward trees of 100,000 accounts.

Everything follows from seeds. Amounts have 18 decimals and are not round, so that they cost what real ones cost.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from copy import copy

from ledger.book.reward_tree import RewardTree
from ledger.tree import merkle
from scripts.gas.lab import address_of

MILLION = 1_000_000
STEP = 10_000
"""Entries that one anchor adds."""
SPREAD = 100_000
"""Random old sizes are uniform in ``MILLION`` +- this."""
SIZES = 20
ACCOUNTS = 100_000
BATCH = 100
"""Claims of one transaction."""
_SEED = 20_261_122
_TOKEN = 10**18
_LEAST, _MOST = _TOKEN // 2, 40 * _TOKEN


class LogTree:
    """A log's tree with all its complete nodes, so that roots and proofs at any size cost nothing more."""

    def __init__(self, size: int) -> None:
        sha256 = hashlib.sha256
        leaves = [sha256(index.to_bytes(9, "big")).digest() for index in range(size)]
        self._levels: list[list[bytes]] = [leaves]
        while len(self._levels[-1]) > 1:
            pairs = iter(self._levels[-1])
            self._levels.append(
                [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
            )
        self._proves = True

    def _node(self, level: int, index: int) -> bytes:
        return self._levels[level][index]

    def leaf(self, index: int) -> bytes:
        """The hash of an entry."""
        return self._levels[0][index]

    def root(self, size: int) -> bytes:
        """The root of the first ``size`` entries."""
        return merkle.root_at(size, self._node)

    def unproved(self) -> LogTree:
        """The same tree, which gives an empty proof for an anchor."""
        bare = copy(self)
        bare._proves = False
        return bare

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """What an anchor proves."""
        if not self._proves:
            return []
        return merkle.consistency_proof(old_size, new_size, self._node)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of an entry."""
        return merkle.inclusion_proof(index, size, self._node)


def old_sizes() -> list[int]:
    """Sizes that anchors start from, drawn uniformly around a million."""
    drawn = random.Random(_SEED)
    return [drawn.randint(MILLION - SPREAD, MILLION + SPREAD) for _ in range(SIZES)]


def leaf_indexes() -> list[int]:
    """Entries whose inclusion is proved, drawn uniformly from a million."""
    drawn = random.Random(_SEED + 1)
    return [drawn.randrange(MILLION) for _ in range(SIZES)]


class Earners:
    """``ACCOUNTS`` accounts with what each had earned by a first and by a second settlement.

    ``first`` and ``second`` are the reward trees. The other members are disjoint groups of ``BATCH`` accounts that
    never held a token: ``first_neighbours`` and ``second_neighbours`` stand side by side in those trees, ``drawn`` and
    ``single`` are drawn at random. ``named`` are accounts that must be among the earners, in their places at the start.
    """

    def __init__(self, named: Sequence[str] = ()) -> None:
        drawn = random.Random(_SEED + 2)
        accounts = [*named, *(address_of("earner", number) for number in range(len(named), ACCOUNTS))]
        earned = [(account, drawn.randint(_LEAST, _MOST)) for account in accounts]
        more = [(account, units + drawn.randint(_LEAST, _MOST)) for account, units in earned]
        self.first, self.second = RewardTree(earned), RewardTree(more)
        self.totals = sum(units for _, units in earned), sum(units for _, units in more)
        """Base units of all accounts, by settlement."""
        self.earned, self.earned_twice = dict(earned), dict(more)
        taken = set(named)
        self.first_neighbours = _neighbours(self.first, drawn, taken)
        self.second_neighbours = _neighbours(self.second, drawn, taken)
        self.drawn, self.single = _drawn(accounts, drawn, taken), _drawn(accounts, drawn, taken)


def _neighbours(tree: RewardTree, drawn: random.Random, taken: set[str]) -> list[str]:
    """Accounts side by side in tree order."""
    while True:
        begin = drawn.randrange(len(tree.accounts) - BATCH)
        found = [account for account, _ in tree.accounts[begin : begin + BATCH]]
        if taken.isdisjoint(found):
            taken.update(found)
            return found


def _drawn(accounts: Sequence[str], drawn: random.Random, taken: set[str]) -> list[str]:
    found = drawn.sample([account for account in accounts if account not in taken], BATCH)
    taken.update(found)
    return found
