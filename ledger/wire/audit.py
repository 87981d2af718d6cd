"""What an outsider needs to begin an audit."""

from __future__ import annotations

from typing import Final

from ledger.wire.costs import Wei
from ledger.wire.settlements import Settlement
from ledger.wire.values import Model

ALARMS: Final = (
    "anchor-late",
    "anchor-over-cap",
    "transaction-stuck",
    "low-balance",
    "node-aside",
    "no-node",
    "log-diverged",
    "wrong-settlement",
    "worker-silent",
    "settlement-refused",
    "claims-failing",
    "transaction-altered",
)
"""The names of all alarms; ``docs/operations.md`` says of each what it means and what to do."""


class AnchorSummary(Model):
    """The last anchor that the service knows of; the chain itself is the authority."""

    size: int
    root: str
    transaction: str
    block: int
    age_seconds: int
    finalized: bool


class ChainSummary(Model):
    """Where the log is anchored and paid."""

    chain_id: int
    contract: str
    log_id: str
    pool: str
    token: str
    block: int
    """The block in which the log was opened: none of its events is older."""


class LogSummary(Model):
    """Another log of the same service; ``url`` is its base, where a client or an auditor begins."""

    log: str
    origin: str
    vkey: str
    url: str


class AnchorPlan(Model):
    """When the next anchor comes and why. ``at`` is when its age makes it due, null where nothing waits for one.

    ``fee`` is what gas costs now, ``ceiling`` what it may cost for the anchor not to wait; both wei a gas, null where
    they do not matter.
    """

    due: bool
    reason: str
    words: str
    at: str | None
    entries: int
    """Entries that no anchor covers."""
    fee: Wei | None
    ceiling: Wei | None


class WorkerSummary(Model):
    """How the worker was when it last said so; all but the alarms' names is missing while it never did."""

    at: str | None
    age_seconds: int | None
    plan: AnchorPlan | None
    nodes: int
    nodes_aside: int
    """Nodes of the chain that are not used, because they lag, fail or serve another chain."""
    alarms: list[str]


class AuditSummary(Model):
    """Counts are of rows of views and only for orientation; an audit replays the log itself."""

    origin: str
    vkey: str
    log: str
    size: int
    checkpoint: str
    last_at: str
    chain: ChainSummary | None
    anchor: AnchorSummary | None
    settlement: Settlement | None
    worker: WorkerSummary | None
    """None where the log has no chain."""
    logs: list[LogSummary]
    platforms: int
    campaigns: int
    contributions: int
    contributors: int
    decisions: int
