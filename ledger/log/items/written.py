"""What the writer answers."""

from __future__ import annotations

import msgspec


class Written(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of an item: its entry and its receipt, once the group is committed.

    ``repeated`` says that the same item had been written before; index and receipt are then the first ones.
    ``receipt`` is the canonical receipt of FORMATS, ``opening`` the private opening file or None.
    """

    id: str
    index: int
    repeated: bool
    statement: bytes
    receipt: bytes
    opening: bytes | None
