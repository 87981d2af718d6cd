"""RFC 9162 section 2.1 by its own recursions: tree heads, proofs and their verification.

``mth`` is a function from a range of leaves ``(begin, end)`` to the Merkle Tree Hash of that range.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from tests.independent.verifier.text import Broken

Mth = Callable[[int, int], bytes]


def leaf(entry: bytes) -> bytes:
    """Section 2.1.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Section 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    """The largest power of two smaller than ``count``."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def mth_of(leaves: Sequence[bytes]) -> Mth:
    """The Merkle Tree Hash over these leaf hashes (section 2.1.1)."""

    def mth(begin: int, end: int) -> bytes:
        if begin == end:
            return hashlib.sha256(b"").digest()
        if end - begin == 1:
            return leaves[begin]
        middle = begin + split(end - begin)
        return node(mth(begin, middle), mth(middle, end))

    return mth


def mth_from_tiles(tiles: Mapping[tuple[int, int], Sequence[bytes]]) -> Mth:
    """The same out of tiles: ``tiles[level, n]`` are the hashes of the n-th tile of a level (tlog-tiles)."""

    def mth(begin: int, end: int) -> bytes:
        width = end - begin
        height = width.bit_length() - 1
        if width == 1 << height and begin % width == 0 and height % 8 == 0:
            index, number = divmod(begin >> height, 256)
            return tiles[height // 8, index][number]
        middle = begin + split(width)
        return node(mth(begin, middle), mth(middle, end))

    return mth


def inclusion_path(index: int, size: int, mth: Mth) -> list[bytes]:
    """PATH(m, D_n) of section 2.1.3.1."""

    def path(index: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        middle = begin + split(end - begin)
        if index < middle:
            return [*path(index, begin, middle), mth(middle, end)]
        return [*path(index, middle, end), mth(begin, middle)]

    return path(index, 0, size)


def consistency_path(old: int, size: int, mth: Mth) -> list[bytes]:
    """PROOF(m, D_n) of section 2.1.4.1, for 0 < old < size."""

    def subproof(old: int, begin: int, end: int, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [mth(begin, end)]
        middle = begin + split(end - begin)
        if old <= middle:
            return [*subproof(old, begin, middle, whole), mth(middle, end)]
        return [*subproof(old, middle, end, False), mth(begin, middle)]

    return subproof(old, 0, size, True)


def check_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Section 2.1.3.2."""
    if index >= size:
        raise Broken(f"there is no entry {index} in a tree of {size}")
    fn, sn, r = index, size - 1, leaf_hash
    for p in path:
        if sn == 0:
            raise Broken("the inclusion proof is too long")
        if fn % 2 == 1 or fn == sn:
            r = node(p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or r != root:
        raise Broken("the inclusion proof does not lead to the root")


def check_consistency(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> None:
    """Section 2.1.4.2, for 0 < old < size."""
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise Broken("the consistency proof is empty")
    fn, sn = old - 1, size - 1
    while fn % 2 == 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = hashes[0]
    for c in hashes[1:]:
        if sn == 0:
            raise Broken("the consistency proof is too long")
        if fn % 2 == 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if (fr, sr, sn) != (old_root, root, 0):
        raise Broken("the consistency proof does not lead to both roots")
