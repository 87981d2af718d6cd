"""How the worker is, as others see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ledger.chain.nodes import NodeHealth

PlanReason = Literal["nothing", "age", "count", "request", "catching-up", "waiting", "expensive", "over-cap", "nobody"]
"""Why it is anchored now (age, count, request, catching-up), or is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorPlan:
    """When the next anchor comes and why, in words a person understands."""

    due: bool
    reason: PlanReason
    words: str
    at_ms: int | None
    """When it is due by age; None where nothing waits."""
    entries: int
    """Entries that no anchor covers."""
    fee: int | None = None
    ceiling: int | None = None
    """Wei a gas: what it costs now, and the soft ceiling in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """One account that we sign with. Wei."""

    role: str
    address: str
    balance: int | None
    low: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """How the worker is; JSON in one row."""

    holder: str
    token: int
    at_ms: int
    lease_until_ms: int
    size: int
    anchored: int
    anchored_ms: int
    """Time of the newest anchored entry."""
    plan: AnchorPlan | None
    nodes: Sequence[NodeHealth] = ()
    accounts: Sequence[AccountReport] = ()
    open_attempts: int = 0
    """Nonces that wait to be mined."""
    replaced: int = 0
    """Attempts that were replaced since this worker began."""
    stuck: Sequence[str] = ()
    """Intents that wait longer than they should."""
    failure: str = ""
    """What the last step could not do, in words."""
    alarms: Sequence[str] = field(default=())
    """Names of alarms that are raised, as docs/operations.md calls them."""
