"""What one node shows of the pool and of the logs that bound its settlements, all as of one block."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain import anchors, contracts, successors
from ledger.chain.anchors import OpenedLog, SettlementEvent
from ledger.chain.answers import Block
from ledger.chain.contracts import Pending
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import Node
from ledger.chain.successors import Line
from ledger.errors import NodeError

_READ_AGAIN = 128
"""Blocks at the tip whose events are read again, because a reorganisation may have replaced them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at one node; ``settlements`` are the events since the deployment, in order."""

    node: Node
    opened: OpenedLog
    latest: Block
    line: Line
    guardian: str
    pending: Pending
    settlements: tuple[SettlementEvent, ...]

    @property
    def ends(self) -> dict[int, SettlementEvent]:
        """How each number ended."""
        return {each.number: each for each in self.settlements if each.kind != "proposed"}

    @property
    def proposals(self) -> list[SettlementEvent]:
        """What was proposed, in order."""
        return [each for each in self.settlements if each.kind == "proposed"]


class View:
    """The view of one node, which is asked only for what is new since it was asked last."""

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self.node = node
        self._deployment = deployment
        self._opened: OpenedLog | None = None
        self._settlements: list[SettlementEvent] = []
        self._read_to = deployment.block - 1

    def look(self) -> Seen:
        """What the node shows now.

        Raises WrongChainError or WrongContractError where it is not what was deployed, NodeError where it does not
        answer, or its events do not lead to the state that it shows.
        """
        if self._opened is None:
            self._opened = anchors.check_deployment(self.node, self._deployment)
        pool, latest = self._deployment.pool, self.node.block("latest")
        pending = contracts.read_pending(self.node, pool, latest.number)
        line = successors.read_line(self.node, self._deployment, latest.number)
        guardian = contracts.read_role(self.node, pool, "guardian", latest.number)
        self._read_events(latest.number)
        if not self._is_whole(pending, latest.number):
            self._read_to = self._deployment.block - 1
            self._read_events(latest.number)
            if not self._is_whole(pending, latest.number):
                raise NodeError(
                    f"The events that the node at {self.node.shown} shows of the pool do not lead to its state.",
                    remedy="Ask another node: this one leaves events out.",
                )
        return Seen(self.node, self._opened, latest, line, guardian, pending, tuple(self._settlements))

    def _read_events(self, latest: int) -> None:
        begin = max(self._deployment.block, self._read_to + 1 - _READ_AGAIN)
        kept = [each for each in self._settlements if each.place.block < begin]
        new = anchors.settlement_events(self.node, self._deployment.pool, begin, latest) if begin <= latest else []
        self._settlements, self._read_to = kept + new, latest

    def _is_whole(self, pending: Pending, latest: int) -> bool:
        """Whether every number was proposed and what is in force and what waits is among the events."""
        proposed = [each for each in self._settlements if each.kind == "proposed"]
        ended = {each.number for each in self._settlements if each.kind != "proposed"}
        activated = [each.number for each in self._settlements if each.kind == "activated"]
        count = contracts.read_count(self.node, self._deployment.pool, latest)
        in_force, _, _ = contracts.read_last_activated(self.node, self._deployment.pool, latest)
        waits = {each.number: each.proposal for each in proposed if each.number not in ended}
        return (
            [each.number for each in proposed] == list(range(1, count + 1))
            and (activated[-1] if activated else 0) == in_force
            and waits == ({pending.number: pending.proposal} if pending.number else {})
        )
