"""Paths and bytes of tiles and entry bundles: c2sp.org/tlog-tiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.independent.verifier.text import Broken
from tests.independent.verifier.trees import leaf

ENTRIES = "entries"
WIDTH = 256
_NUMBER = re.compile(r"((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True)
class Name:
    """Level (``"0"`` to ``"63"``, or ``"entries"``), index and width of a tile."""

    level: str
    index: int
    width: int

    @property
    def path(self) -> str:
        """Its path below the log's prefix."""
        digits = self.index
        elements: list[str] = []
        while True:
            digits, last = divmod(digits, 1000)
            elements.insert(0, f"{last:03}" if not elements else f"x{last:03}")
            if not digits:
                break
        return f"tile/{self.level}/{'/'.join(elements)}" + ("" if self.width == WIDTH else f".p/{self.width}")

    def within(self, size: int) -> bool:
        """Whether a tree of ``size`` has it."""
        return self.index * WIDTH + self.width <= hashes_at(self.level, size)


def hashes_at(level: str, size: int) -> int:
    """How many hashes, or entries, a level of a tree has."""
    return size if level == ENTRIES else size // 256 ** int(level)


def read_path(path: str) -> Name:
    """A path in the only spelling that the specification has for it."""
    parts = path.split("/", 2)
    match = _NUMBER.fullmatch(parts[2]) if len(parts) == 3 and parts[0] == "tile" else None
    if match is None or (parts[1] != ENTRIES and not re.fullmatch(r"[0-9]|[1-5][0-9]|6[0-3]", parts[1])):
        raise Broken(f"{path} is not the path of a tile")
    index = int((match[1].replace("x", "").replace("/", "") or "") + match[2])
    name = Name(parts[1], index, int(match[3]) if match[3] else WIDTH)
    if name.path != path:
        raise Broken(f"{path} is not the path of a tile")
    return name


def names_of(level: str, size: int) -> Iterator[Name]:
    """The tiles of a level of a tree, the partial one last."""
    full, rest = divmod(hashes_at(level, size), WIDTH)
    yield from (Name(level, index, WIDTH) for index in range(full))
    if rest:
        yield Name(level, full, rest)


def read_hashes(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile of that width."""
    if len(data) != 32 * width:
        raise Broken(f"it has {len(data)} bytes, not {width} hashes")
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def read_entries(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle of that width."""
    entries = []
    while data:
        if len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
            raise Broken("it ends inside an entry")
        length = int.from_bytes(data[:2], "big")
        entries.append(data[2 : 2 + length])
        data = data[2 + length :]
    if len(entries) != width:
        raise Broken(f"it has {len(entries)} entries, not {width}")
    return entries


def hashes_in(name: Name, data: bytes) -> list[bytes]:
    """The hashes that a tile holds, or that the entries of a bundle hash to."""
    if name.level == ENTRIES:
        return [leaf(entry) for entry in read_entries(data, name.width)]
    return read_hashes(data, name.width)
