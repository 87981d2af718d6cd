"""How firm an entry is."""

from __future__ import annotations

from api.reads.summary import AnchorRow
from ledger.wire import State


def state_of(last: AnchorRow | None, index: int) -> State:
    """The state of the entry at ``index`` by the newest anchor, in the words of ``ledger.wire.State``."""
    if last is None or index >= last.size:
        return "recorded"
    return "permanent" if index < last.finalized_size else "anchored"
