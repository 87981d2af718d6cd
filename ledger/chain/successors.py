"""The logs that continue a log: those that closed ones named, and the one that a pool follows.

A pool follows only a log whose head extends that of the one before (the contract sees to it). A log that was merely
named may hold anything: whoever relies on it compares its head, and what the pool's admin proposes instead outweighs
it, because the key that named it may have been stolen.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain import contracts
from ledger.chain.contracts import AnchoredHead
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import BlockTag, Node

MAX_LOGS = 64
"""Logs in a line that are looked at; each stands for a lost key or a move."""


@dataclass(frozen=True, slots=True)
class LogState:
    """One log on the contract."""

    log_id: str
    head: AnchoredHead
    closed: bool
    successor: str | None
    """The log that continues it, where it was closed with one."""


@dataclass(frozen=True, slots=True)
class Line:
    """A deployment's log and those after it, the first one first."""

    logs: tuple[LogState, ...]
    current: LogState
    """The one that the pool follows: its anchored size bounds settlements."""

    @property
    def newest(self) -> LogState:
        """The one with most entries, of equal ones the last."""
        return max(reversed(self.logs), key=lambda log: log.head.size)


def read_log(node: Node, contract: str, log_id: str, tag: BlockTag = "latest") -> LogState:
    """What the contract holds of a log."""
    closing = contracts.read_closing(node, contract, log_id, tag)
    return LogState(log_id, contracts.read_head(node, contract, log_id, tag), closing.closed, closing.successor)


def read_line(node: Node, deployment: Deployment, tag: BlockTag = "latest") -> Line:
    """The deployment's log, the log that its pool follows, and what each of them was closed in favour of."""
    logs = _named(node, deployment.contribution_log, deployment.log_id, tag)
    followed = contracts.read_current_log(node, deployment.pool, tag)
    if followed not in [log.log_id for log in logs]:
        logs = [logs[0], *_named(node, deployment.contribution_log, followed, tag)]
    place = next(place for place, log in enumerate(logs) if log.log_id == followed)
    if logs[place + 1 :]:
        proposal = contracts.read_proposed_successor(node, deployment.pool, tag)
        if proposal is not None and proposal.log_id != logs[place].successor:
            logs = logs[: place + 1]
    return Line(tuple(logs), logs[place])


def _named(node: Node, contract: str, log_id: str, tag: BlockTag) -> list[LogState]:
    """A log and those after it, each named by the one before. There is no circle: a closed log cannot be named.

    What comes after ``MAX_LOGS`` is left out: a stolen key can name logs without end, which must not keep anybody from
    following the log that the admin proposes instead.
    """
    logs = [read_log(node, contract, log_id, tag)]
    while (successor := logs[-1].successor) is not None and len(logs) < MAX_LOGS:
        logs.append(read_log(node, contract, successor, tag))
    return logs
