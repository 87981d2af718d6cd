"""The log's tree as its pages show it: an entry's way to the root, and a branch unfolded (RFC 9162 section 2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ledger.tree import merkle
from ledger.tree.merkle import NodeReader
from ledger.tree.tiles import ENTRIES, FULL_WIDTH, HEIGHT, Tile

Side = Literal["left", "right"]
UNFOLDED: Final = 3
"""Levels that one page shows below its branch: eight tips."""


@dataclass(frozen=True, slots=True)
class Span:
    """Entries ``begin <= index < end`` that hang on one node."""

    begin: int
    end: int

    @property
    def width(self) -> int:
        """How many there are."""
        return self.end - self.begin

    @property
    def level(self) -> int:
        """Levels above the entries."""
        return (self.width - 1).bit_length()

    @property
    def number(self) -> int:
        """The node's number among those of its level, from the left."""
        return self.begin >> self.level

    @property
    def is_whole(self) -> bool:
        """Whether all its entries are there, so that its hash never changes."""
        return self.width == 1 << self.level

    def halves(self) -> tuple[Span, Span]:
        """Its two children: the left one is as large as a power of two can be."""
        middle = self.begin + (1 << (self.level - 1))
        return Span(self.begin, middle), Span(middle, self.end)


def span_of(level: int, number: int, size: int) -> Span | None:
    """The node ``number`` of a level in a tree of ``size``, as far as it has grown; None where it has not begun."""
    if level > size.bit_length() or number << level >= size:
        return None
    return Span(number << level, min((number + 1) << level, size))


def ways_to(index: int, size: int) -> list[Span]:
    """The nodes above an entry, from the root down to the entry itself."""
    way = [Span(0, size)]
    while way[-1].width > 1:
        left, right = way[-1].halves()
        way.append(left if index < left.end else right)
    return way


def ways_above(span: Span, size: int) -> list[Span]:
    """The nodes above a node, from the root down to itself."""
    return [each for each in ways_to(span.begin, size) if each.width >= span.width]


def siblings_of(index: int, size: int) -> list[tuple[Side, Span]]:
    """What stands beside the way of an entry to the root, from the entry up: what an inclusion proof consists of."""
    found: list[tuple[Side, Span]] = []
    for above in ways_to(index, size)[:-1]:
        left, right = above.halves()
        found.append(("right", right) if index < left.end else ("left", left))
    return found[::-1]


def unfold(span: Span, levels: int = UNFOLDED) -> Iterator[Span]:
    """A node and those below it, each before its children."""
    yield span
    if levels and span.width > 1:
        for half in span.halves():
            yield from unfold(half, levels - 1)


def nodes_of(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """The stored nodes that hashes of spans are made of."""
    return merkle.proof_nodes((span.begin, span.end) for span in spans)


def hash_of(span: Span, read: NodeReader) -> bytes:
    """The hash of a node, 32 bytes; ``read`` knows the nodes of ``nodes_of``."""
    return merkle.fold([read(level, index) for level, index in nodes_of([span])])


@dataclass(frozen=True, slots=True)
class TileRow:
    """The tiles of one level: how many are full, how many hashes the growing one has, and the newest one's path."""

    level: int
    full: int
    growing: int
    each: int
    """Entries that one hash stands for."""
    path: str


def tile_rows(size: int) -> list[TileRow]:
    """The tiles of a log of ``size``, level by level; level -1 are the bundles of entries themselves."""
    rows = []
    level = ENTRIES
    while (count := size >> (HEIGHT * max(level, 0))) > 0:
        full, growing = divmod(count, FULL_WIDTH)
        newest = Tile(level, full, growing) if growing else Tile(level, full - 1)
        rows.append(TileRow(level, full, growing, 1 << (HEIGHT * max(level, 0)), newest.path))
        level += 1
    return rows
