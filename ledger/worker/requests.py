"""What was asked of the worker: anchors and settlements, each to cover all that was there when it was asked.

For a settlement that includes what the chain held then, so that it waits until a block of that time is finalized and
read.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.worker.context import Context


@dataclass(slots=True)
class _Seen:
    """An open request, and the log's size once all that it must cover was in the log."""

    kind: str
    at_ms: int
    size: int | None = None


class Requests:
    """The open requests. A new worker sees them anew, which only makes them cover more."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: dict[str, _Seen] = {}

    async def look(self) -> None:
        """Read the open requests."""
        asked = await self._context.rows.asked()
        self._seen = {each.id: self._seen.get(each.id, _Seen(each.kind, each.at_ms)) for each in asked}

    def covered(self, read_ms: int, size: int) -> None:
        """Note that the log of ``size`` entries knows the chain up to a block of the time ``read_ms``."""
        for seen in self._seen.values():
            if seen.size is None and (seen.kind == "anchor" or seen.at_ms <= read_ms):
                seen.size = size

    def needs_anchor(self, anchored: int) -> bool:
        """Whether a request waits for more entries to be anchored."""
        return any(seen.size is not None and seen.size > anchored for seen in self._seen.values())

    def ready(self, kind: str, anchored: int) -> list[str]:
        """The requests of a kind whose entries are all anchored."""
        return [
            name
            for name, seen in self._seen.items()
            if seen.kind == kind and seen.size is not None and seen.size <= anchored
        ]

    async def finish(self, names: list[str], detail: str) -> None:
        """Close requests."""
        if not names:
            return
        await self._context.rows.answer(names, detail)
        for name in names:
            self._seen.pop(name, None)
