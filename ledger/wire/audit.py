"""What an outsider needs to begin an audit."""

from __future__ import annotations

from ledger.wire.settlements import Settlement
from ledger.wire.values import Model


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
    logs: list[LogSummary]
    platforms: int
    campaigns: int
    contributions: int
    contributors: int
    decisions: int
