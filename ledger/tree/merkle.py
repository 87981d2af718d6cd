"""The Merkle tree of RFC 9162 section 2.1 over SHA-256: roots, proofs and their verification.

A hash is 32 ``bytes``; a proof is a list of them, from the leaves towards the root. A *node* ``(level, index)`` is the
complete aligned subtree over the leaves ``[index * 2**level, (index + 1) * 2**level)``. Everything here raises
:class:`ledger.errors.ProofError` on impossible numbers and on anything that does not verify.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from ledger.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_SIZE = 2**63 - 1

NodeReader = Callable[[int, int], bytes]
"""``(level, index)`` to the hash of that node."""
HashSource = Sequence[bytes] | NodeReader
"""The leaf hashes of at least the tree asked for, or a reader of nodes where not all leaves are at hand."""
Range = tuple[int, int]
"""Leaves ``[begin, end)`` whose subtree's hash is one element of a proof; ``begin`` is aligned to it."""

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Return ``SHA256(0x00 || data)``, the hash of an entry (RFC 9162 section 2.1.1)."""
    return _sha256(b"\x00" + data).digest()


def hash_entries(entries: Iterable[bytes]) -> list[bytes]:
    """Return the hash of each entry, as :func:`leaf_hash` gives it."""
    sha256 = _sha256
    return [sha256(b"\x00" + data).digest() for data in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return ``SHA256(0x01 || left || right)``, the hash of an inner node (RFC 9162 section 2.1.1)."""
    return _sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the tree head over leaf hashes; :data:`EMPTY_ROOT` where there is none (RFC 9162 section 2.1.1)."""
    check_hashes("leaf hash", leaf_hashes)
    if not leaf_hashes:
        return EMPTY_ROOT
    row = list(leaf_hashes)
    while len(row) > 1:
        row = parents(row)
    return row[0]


def root_at(size: int, source: HashSource) -> bytes:
    """Return the root of the tree of the first ``size`` leaves; a reader is asked for :func:`root_nodes`."""
    check_size("size", size)
    return _range_hashes([(0, size)], _checked_source(size, source))[0] if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, source: HashSource) -> list[bytes]:
    """Return the audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 9162 section 2.1.3.1).

    ``source`` is a sequence of at least ``size`` leaf hashes, or a reader that knows :func:`inclusion_nodes`.
    """
    ranges = _inclusion_ranges(index, size)
    return _range_hashes(ranges, _checked_source(size, source))


def consistency_proof(old_size: int, new_size: int, source: HashSource) -> list[bytes]:
    """Return the proof that the tree of ``old_size`` leaves is a prefix of that of ``new_size`` (section 2.1.4.1).

    Empty from size 0 and between equal sizes. ``source`` is a sequence of at least ``new_size`` leaf hashes, or a
    reader that knows :func:`consistency_nodes`.
    """
    ranges = _consistency_ranges(old_size, new_size)
    return _range_hashes(ranges, _checked_source(new_size, source))


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf_hash`` is leaf ``index`` of the tree of ``size`` leaves under ``root`` (section 2.1.3.2).

    Raises ProofError on anything wrong: types, lengths, an index outside the tree, a proof too long or too short.
    """
    _check_index(index, size)
    check_hashes("leaf hash", [leaf_hash])
    check_hashes("root", [root])
    check_hashes("hash of the inclusion proof", proof)
    node, last, computed = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError(f"The inclusion proof is too long for leaf {index} of a tree of {size}.")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            # A last node without a right sibling rises unchanged to the level where it is a right child.
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(f"The inclusion proof is too short for leaf {index} of a tree of {size}.")
    if computed != root:
        raise ProofError(f"The inclusion proof of leaf {index} does not lead to the root of the tree of size {size}.")


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree under ``old_root`` is a prefix of the one under ``new_root`` (RFC 9162 section 2.1.4.2).

    From size 0 the proof is empty and the old root that of the empty tree; equal sizes need equal roots and an empty
    proof. Raises ProofError on anything wrong.
    """
    _check_sizes(old_size, new_size)
    check_hashes("old root", [old_root])
    check_hashes("new root", [new_root])
    check_hashes("hash of the consistency proof", proof)
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise ProofError("The old root of a tree of size 0 is not the empty root.")
    if old_size in (0, new_size):
        if proof:
            raise ProofError(f"The consistency proof from size {old_size} to {new_size} must be empty.")
        if old_size == new_size and old_root != new_root:
            raise ProofError(f"Two different roots are given for the same size {old_size}.")
        return
    _walk_consistency(old_size, new_size, old_root, new_root, list(proof))


def _walk_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> None:
    if old_size & (old_size - 1) == 0:  # the old tree is one node of the new one, so the proof leaves it out
        proof.insert(0, old_root)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if not proof:
        raise ProofError(f"The consistency proof from size {old_size} to {new_size} is too short.")
    old = new = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            raise ProofError(f"The consistency proof from size {old_size} to {new_size} is too long.")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(f"The consistency proof from size {old_size} to {new_size} is too short.")
    if old != old_root:
        raise ProofError(f"The consistency proof does not lead to the old root, of size {old_size}.")
    if new != new_root:
        raise ProofError(f"The consistency proof does not lead to the new root, of size {new_size}.")


def root_nodes(size: int) -> list[tuple[int, int]]:
    """Return the nodes ``(level, index)`` that :func:`root_at` reads, largest first."""
    check_size("size", size)
    return _range_nodes((0, size))


def inclusion_nodes(index: int, size: int) -> list[tuple[int, int]]:
    """Return the nodes that :func:`inclusion_proof` reads, so that they can be loaded at once beforehand."""
    return proof_nodes(_inclusion_ranges(index, size))


def consistency_nodes(old_size: int, new_size: int) -> list[tuple[int, int]]:
    """Return the nodes that :func:`consistency_proof` reads, so that they can be loaded at once beforehand."""
    return proof_nodes(_consistency_ranges(old_size, new_size))


def proof_nodes(ranges: Iterable[Range]) -> list[tuple[int, int]]:
    """Return the complete nodes that the ranges of a proof are made of, in the order of the proof."""
    return [node for span in ranges for node in _range_nodes(span)]


def parents(row: Sequence[bytes]) -> list[bytes]:
    """Hash pairs; an odd one at the end rises unchanged, which is RFC 9162's split at the largest power of two."""
    sha256 = _sha256
    pairs = iter(row)
    parents = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(row) & 1:
        parents.append(row[-1])
    return parents


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees that follow one another, largest first; at least one."""
    computed = hashes[-1]
    for left in reversed(hashes[:-1]):
        computed = node_hash(left, computed)
    return computed


def _split(width: int) -> int:
    """The largest power of two below ``width`` (``width`` > 1)."""
    return 1 << ((width - 1).bit_length() - 1)


def _inclusion_ranges(index: int, size: int) -> list[Range]:
    _check_index(index, size)
    begin, end = 0, size
    ranges: list[Range] = []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def _consistency_ranges(old_size: int, new_size: int) -> list[Range]:
    _check_sizes(old_size, new_size)
    if old_size == 0:
        return []
    begin, end = 0, new_size
    ranges: list[Range] = []
    while end != old_size:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin:  # otherwise what is left is the old tree itself, whose root the verifier has
        ranges.append((begin, end))
    return ranges[::-1]


def _range_nodes(span: Range) -> list[tuple[int, int]]:
    begin, end = span
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def _range_hashes(ranges: Iterable[Range], source: HashSource) -> list[bytes]:
    if not callable(source):
        return [root(source[begin:end]) for begin, end in ranges]
    hashes = []
    for begin, end in ranges:
        width = end - begin
        if width & (width - 1) == 0:  # one node, as all ranges of a proof but the rightmost are
            level = width.bit_length() - 1
            hashes.append(source(level, begin >> level))
        else:
            parts = [source(level, index) for level, index in _range_nodes((begin, end))]
            check_hashes("stored node", parts)
            hashes.append(fold(parts))
    check_hashes("stored node", hashes)
    return hashes


def _checked_source(size: int, source: HashSource) -> HashSource:
    if not callable(source) and len(source) < size:
        raise ProofError(f"A proof in a tree of {size} leaves cannot be made from {len(source)} leaf hashes.")
    return source


def check_size(name: str, size: int) -> None:
    """Raise ProofError unless ``size`` can be that of a tree."""
    if type(size) is not int or not 0 <= size <= MAX_SIZE:
        raise ProofError(f"The {name} of a tree must be a whole number from 0 to 2**63 - 1.")


def _check_sizes(old_size: int, new_size: int) -> None:
    check_size("old size", old_size)
    check_size("new size", new_size)
    if old_size > new_size:
        raise ProofError(f"The old size {old_size} is greater than the new size {new_size}.")


def _check_index(index: int, size: int) -> None:
    check_size("size", size)
    if type(index) is not int or not 0 <= index < size:
        raise ProofError(f"There is no leaf {index!r} in a tree of size {size}.")


def check_hashes(name: str, hashes: Sequence[bytes]) -> None:
    """Raise ProofError unless ``hashes`` is a list of 32-byte hashes."""
    if isinstance(hashes, bytes | bytearray | str) or not isinstance(hashes, Sequence):
        raise ProofError(f"Each {name} must be 32 bytes, given as a list of them.")
    if not set(map(type, hashes)) <= {bytes} or not set(map(len, hashes)) <= {HASH_SIZE}:
        raise ProofError(f"Each {name} must be exactly {HASH_SIZE} bytes.")
