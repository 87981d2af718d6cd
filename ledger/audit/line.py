"""The logs on the contract that one log stands under: its own id, and those of the logs that continue it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.chain.anchors import AnchorEvent, Change, anchor_events, followed_logs, log_changes
from ledger.chain.rpc import Node
from ledger.chain.successors import MAX_LOGS


@dataclass(frozen=True, slots=True)
class AnchoredLog:
    """One of them, with all that it anchored, in order."""

    log_id: str
    events: list[AnchorEvent]
    changes: list[Change]
    """Changes of its operator, and its closing."""
    followed: bool
    """Whether it is the first one, or a pool follows it: the contract then saw that it extends the one before."""


def read_line(
    node: Node, contract: str, log_id: str, pools: Iterable[str], begin: int, end: int
) -> tuple[AnchoredLog, ...]:
    """The log and all that continue it, by what ``pools`` and closings said in blocks ``begin`` to ``end``.

    Whom a closed log named does not count once a pool has left that log for another: the key was stolen then.
    """
    moves = [move for pool in pools for move in followed_logs(node, pool, begin, end)]
    left, followed = {before for before, _ in moves}, {log_id, *(after for _, after in moves)}
    waiting, line = [log_id, *(after for _, after in moves)], dict[str, AnchoredLog]()
    while waiting and len(line) < MAX_LOGS:
        name = waiting.pop(0)
        if name in line:
            continue
        changes = log_changes(node, contract, name, begin, end)
        events = anchor_events(node, contract, name, begin, end)
        line[name] = AnchoredLog(name, events, changes, name in followed)
        named = [each.members["successor"] for each in changes if each.name == "LogClosed" and name not in left]
        waiting += ["0x" + successor.hex() for successor in named if any(successor)]
    return tuple(line.values())
