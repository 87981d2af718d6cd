"""The log's keys, as its own rotations tell them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from ledger.db.tables import entries
from ledger.log.queries import LogQueries
from ledger.statements.kinds import parse
from ledger.statements.log import LogKeyRotated
from ledger.tree.key_chain import KeyChain

_ROTATED: Final = str(LogKeyRotated.__struct_config__.tag)


class LogKeys(LogQueries):
    """Reads of one log's keys; kept, because they change with a rotation only."""

    _keys: KeyChain | None = None

    async def keys_up_to(self, origin: str, vkey: str) -> KeyChain:
        """The keys of the log ``origin``, those up to ``vkey`` at least. Raises DatabaseError."""
        if self._keys is None or self._keys.newest.vkey != vkey:
            query = select(entries.c.entry_index, entries.c.statement).where(
                entries.c.log == self._log, entries.c.subject == origin, entries.c.kind == _ROTATED
            )
            # Sorted here: asked for an order, SQLite would read all entries in it instead of finding the subject's few.
            rows = sorted(await self._all(query), key=lambda row: int(row.entry_index))
            self._keys = _chain(vkey, [(row.entry_index, bytes(row.statement)) for row in rows])
        return self._keys


def _chain(vkey: str, rotations: list[tuple[int, bytes]]) -> KeyChain:
    """The chain of rotations, by their entries; that of the one key where there was none."""
    found = [(entry, parse(data)) for entry, data in rotations]
    rotated = [(entry, said) for entry, said in found if isinstance(said, LogKeyRotated)]
    first = rotated[0][1].previous if rotated else vkey
    return KeyChain.of([(0, first), *((entry, said.key) for entry, said in rotated)])
