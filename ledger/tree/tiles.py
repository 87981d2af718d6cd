"""C2SP tlog-tiles with tiles of height 8: their paths, their bytes, which of them a tree has, and entry bundles.

The tile ``(level, index)`` holds up to 256 hashes, number ``i`` of which is the node ``(8 * level, 256 * index + i)``
of :mod:`ledger.tree.merkle` (c2sp.org/tlog-tiles).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.errors import FormatError, ProofError
from ledger.tree.merkle import HASH_SIZE, MAX_SIZE, root

HEIGHT = 8
FULL_WIDTH = 1 << HEIGHT
MAX_LEVEL = 63
ENTRIES = -1
"""The level of entry bundles, which stand beside the tiles of level 0 and are counted like them."""
MAX_ENTRY_BYTES = 2**16 - 1

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile or an entry bundle by its coordinates; ``width`` below 256 makes it partial. FormatError if impossible."""

    level: int
    index: int
    width: int = FULL_WIDTH

    def __post_init__(self) -> None:
        if not ENTRIES <= self.level <= MAX_LEVEL:
            raise FormatError(f"The level of a tile is 0 to {MAX_LEVEL}, not {self.level}.")
        if not 0 <= self.index <= MAX_SIZE:
            raise FormatError("The index of a tile is a number from 0 to 2**63 - 1.")
        if not 1 <= self.width <= FULL_WIDTH:
            raise FormatError(f"The width of a tile is 1 to {FULL_WIDTH}, not {self.width}.")

    @property
    def is_full(self) -> bool:
        """Whether it holds all of its 256 hashes or entries, and so never changes."""
        return self.width == FULL_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix: ``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        index = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{index}" + ("" if self.is_full else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read a path in the one spelling that :attr:`path` writes; FormatError otherwise."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise FormatError(
                "This is not the path of a tile.", remedy="Ask for tile/<level>/<index> as tlog-tiles says."
            )
        level = ENTRIES if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        tile = cls(level, index, int(match["width"] or FULL_WIDTH))
        if tile.path != path:
            raise FormatError("The path of the tile has leading zeros or a width that is not partial.")
        return tile

    def in_tree(self, size: int) -> bool:
        """Tell whether a tree of ``size`` leaves has all that this tile holds."""
        return self.index * FULL_WIDTH + self.width <= _nodes_at(self.level, size)

    def nodes(self) -> list[tuple[int, int]]:
        """Return the nodes ``(level, index)`` whose hashes the tile holds; not for entry bundles."""
        first = self.index * FULL_WIDTH
        return [(self.level * HEIGHT, first + number) for number in range(self.width)]


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield the tiles of a tree of ``size`` leaves by level and index, the partial one of a level last."""
    return completed_and_partial(0, size)


def completed_and_partial(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield the tiles that a tree of ``new_size`` leaves has and one of ``old_size`` lacks."""
    level = 0
    while (count := _nodes_at(level, new_size)) > 0:
        before = _nodes_at(level, old_size)
        if count > before:
            yield from _tiles_of_level(level, before, count)
        level += 1


def completed(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield the tiles that became full while the tree grew from ``old_size`` to ``new_size`` leaves."""
    return (tile for tile in completed_and_partial(old_size, new_size) if tile.is_full)


def entry_bundles_of(size: int) -> Iterator[Tile]:
    """Yield the entry bundles of a log of ``size`` entries, the partial one last."""
    return _tiles_of_level(ENTRIES, 0, size)


def tile_of_node(level: int, index: int, size: int) -> Tile:
    """Return the tile, as wide as a tree of ``size`` leaves has it, that yields the node ``(level, index)``.

    ProofError where the tree has no such node.
    """
    tile_level, height = divmod(level, HEIGHT)
    if level < 0 or index < 0 or (index + 1) << level > size:
        raise ProofError(f"A tree of size {size} has no complete node {index} at level {level}.")
    tile_index = (index << height) // FULL_WIDTH
    width = min(FULL_WIDTH, _nodes_at(tile_level, size) - tile_index * FULL_WIDTH)
    return Tile(tile_level, tile_index, width)


def tiles_of_nodes(nodes: Iterable[tuple[int, int]], size: int) -> list[Tile]:
    """Return the tiles that a proof's nodes come from (``merkle.inclusion_nodes`` ...), each once, in order."""
    return sorted({tile_of_node(level, index, size) for level, index in nodes})


def node_in_tile(level: int, index: int, hashes: Sequence[bytes]) -> bytes:
    """Return the hash of the node ``(level, index)`` from the hashes of its tile (:func:`tile_of_node`).

    ProofError where the tile is too narrow.
    """
    height = level % HEIGHT
    begin = (index << height) % FULL_WIDTH
    below = hashes[begin : begin + (1 << height)]
    if len(below) != 1 << height:
        raise ProofError(f"The tile is too narrow for node {index} of level {level}.")
    return root(below)


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """Return a tile's bytes: 1 to 256 hashes one after another."""
    if not set(map(len, hashes)) <= {HASH_SIZE}:
        raise FormatError(f"A tile holds hashes of {HASH_SIZE} bytes.")
    _check_width(len(hashes))
    return b"".join(hashes)


def decode_tile(data: bytes) -> list[bytes]:
    """Read a tile's bytes; FormatError unless they are 1 to 256 hashes."""
    width, rest = divmod(len(data), HASH_SIZE)
    if rest:
        raise FormatError(f"A tile of {len(data)} bytes is not made of hashes of {HASH_SIZE} bytes.")
    _check_width(width)
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: 1 to 256 entries, each behind its length as 16 bits, big-endian."""
    _check_width(len(entries))
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise FormatError(f"An entry has at most {MAX_ENTRY_BYTES} bytes.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes) -> list[bytes]:
    """Read an entry bundle; FormatError unless it is exactly 1 to 256 entries."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end and len(entries) <= FULL_WIDTH:
        begin = at + 2
        # Shifting two bytes takes half the time of int.from_bytes on a slice, and an audit reads every entry so.
        at = begin + (data[at] << 8 | data[begin - 1]) if begin <= end else begin
        entries.append(data[begin:at])
    if at > end:  # only the last one can be cut off
        raise FormatError("The entry bundle ends inside an entry.")
    _check_width(len(entries))
    return entries


def _nodes_at(level: int, size: int) -> int:
    """How many hashes the tiles of a level hold in all; for ENTRIES, how many entries there are."""
    return size >> (HEIGHT * max(level, 0))


def _tiles_of_level(level: int, before: int, count: int) -> Iterator[Tile]:
    for index in range(before // FULL_WIDTH, count // FULL_WIDTH):
        yield Tile(level, index)
    if count % FULL_WIDTH:
        yield Tile(level, count // FULL_WIDTH, count % FULL_WIDTH)


def _check_width(width: int) -> None:
    if not 1 <= width <= FULL_WIDTH:
        raise FormatError(f"A tile or an entry bundle holds 1 to {FULL_WIDTH} items, not {width}.")
