"""Transactions that are never lost: saved before they are sent, looked after until they are permanent."""

from ledger.chain.fees import FeePolicy
from ledger.worker.sending.sender import Sender

__all__ = ["FeePolicy", "Sender"]
