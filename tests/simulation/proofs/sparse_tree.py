"""RFC 9162's recursions over trees of any size: what no proof looks into is one made-up hash.

Written from sections 2.1.1, 2.1.3.1 and 2.1.4.1 alone, so that proofs of 2**60 entries can be made, and made by other
code than that which is tested.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable


class SparseTree:
    """A tree of which only the subtrees cut by one of ``marks`` (numbers of leaves) have an inside.

    Every other complete subtree has a hash that follows from ``key`` and its place; a leaf is the smallest of them.
    """

    def __init__(self, key: bytes, marks: Iterable[int]) -> None:
        self._key = key
        self._marks = sorted(set(marks))
        self._heads: dict[tuple[int, int], bytes] = {}

    def head(self, begin: int, end: int) -> bytes:
        """MTH(D[begin:end]), the hash of a subtree or, from 0, of the tree of ``end`` leaves."""
        found = self._heads.get((begin, end))
        if found is None:
            found = self._heads[begin, end] = self._make_head(begin, end)
        return found

    def _make_head(self, begin: int, end: int) -> bytes:
        if begin == end:
            return hashlib.sha256(b"").digest()
        if (end - begin).bit_count() == 1 and not self._is_cut(begin, end):
            return hashlib.sha256(self._key + begin.to_bytes(32, "big") + end.to_bytes(32, "big")).digest()
        middle = begin + largest_power_below(end - begin)
        return hashlib.sha256(b"\x01" + self.head(begin, middle) + self.head(middle, end)).digest()

    def _is_cut(self, begin: int, end: int) -> bool:
        after = bisect_right(self._marks, begin)
        return after < len(self._marks) and self._marks[after] < end

    def path(self, index: int, size: int) -> list[bytes]:
        """PATH(index, D[size]); ``index`` and ``index + 1`` must be among the marks, or the tree have no other leaf."""
        return self._path(index, 0, size)

    def _path(self, index: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        middle = begin + largest_power_below(end - begin)
        if index < middle:
            return [*self._path(index, begin, middle), self.head(middle, end)]
        return [*self._path(index, middle, end), self.head(begin, middle)]

    def proof(self, old: int, new: int) -> list[bytes]:
        """PROOF(old, D[new]) for ``old`` > 0; ``old`` must be among the marks."""
        return self._subproof(old, 0, new, True)

    def _subproof(self, old: int, begin: int, end: int, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [self.head(begin, end)]
        middle = begin + largest_power_below(end - begin)
        if old <= middle:
            return [*self._subproof(old, begin, middle, whole), self.head(middle, end)]
        return [*self._subproof(old, middle, end, False), self.head(begin, middle)]


def largest_power_below(number: int) -> int:
    """The largest power of two below ``number``, which is above 1."""
    return 1 << (number - 1).bit_length() - 1
