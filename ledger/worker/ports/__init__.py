"""What the worker stands on: a chain, its own rows, the log, the signers and the time.

The worker's parts know nothing but these. They await only what stands here, never asyncio itself, so that the very same
code runs on real nodes and a real database (``ledger.worker.real``) and under a scheduler of our own with virtual time
that stops or cuts it off between any two of these calls (``tests/simulation/worker``).
"""

from ledger.chain.nodes import Answer, NodeHealth
from ledger.worker.ports.chain import Chain
from ledger.worker.ports.clock import Clock, Work
from ledger.worker.ports.events import Anchored, Events, Payment, Position, Told
from ledger.worker.ports.log import Log
from ledger.worker.ports.report import AccountReport, AnchorPlan, PlanReason, WorkerReport
from ledger.worker.ports.rows import AnchorRow, Asked, Attempt, AttemptState, ClaimAsked, Cost, Rows
from ledger.worker.ports.signing import Signing

__all__ = [
    "AccountReport",
    "AnchorPlan",
    "AnchorRow",
    "Anchored",
    "Answer",
    "Asked",
    "Attempt",
    "AttemptState",
    "Chain",
    "ClaimAsked",
    "Clock",
    "Cost",
    "Events",
    "Log",
    "NodeHealth",
    "Payment",
    "PlanReason",
    "Position",
    "Rows",
    "Signing",
    "Told",
    "Work",
    "WorkerReport",
]
