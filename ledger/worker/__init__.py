"""The worker: anchors the log, settles, activates, relays claims and records what the chain says."""

from ledger.worker.context import Signers
from ledger.worker.worker import Worker

__all__ = ["Signers", "Worker"]
