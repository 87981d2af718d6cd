"""A committed group, and what is told of it: each new entry with its receipt."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ledger.errors import CrowdLedgerError
from ledger.log.items import Written
from ledger.log.plan import Outcome, Planned
from ledger.log.waiting import Result
from ledger.tree.growth import Growth
from ledger.tree.issuing import GroupReceipts
from ledger.tree.keys import VerifierKey

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Group:
    """What was planned and, where something was appended, all that the receipts of the new entries are made from."""

    outcomes: list[Outcome]
    key: VerifierKey
    growth: Growth | None = None
    note: str = ""
    """The checkpoint, signed by ``key``."""


def receipts_of(committed: Group) -> GroupReceipts | None:
    """What makes the receipts; None where nothing was appended, or where a fault of ours keeps them from being made."""
    if committed.growth is None:
        return None
    try:
        return GroupReceipts(committed.key, committed.growth, committed.note)
    except Exception:
        _logger.exception("The receipts up to size %d could not be made.", committed.growth.size)
        return None


def written_of(planned: Planned, receipts: GroupReceipts | None) -> Result:
    """The entry is committed: if a fault of ours keeps us from telling, whoever asks again gets its receipt."""
    try:
        if receipts is not None:
            return Written(
                id=planned.id,
                index=planned.index,
                repeated=False,
                statement=planned.statement,
                receipt=receipts.encode(planned.index, planned.statement),
                opening=planned.opening.encode() if planned.opening else None,
            )
    except Exception:
        _logger.exception("The receipt of entry %d could not be made.", planned.index)
    return CrowdLedgerError(f"Entry {planned.index} is written, but its receipt could not be made.")
