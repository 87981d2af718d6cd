"""Drafts of the service's own statements."""

from __future__ import annotations

import msgspec

from ledger.errors import FieldError
from ledger.log import items
from ledger.log.drafts.draft import Draft
from ledger.log.drafts.known import Known
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.log import ClockTick, LogKeyRotated, LogOpened
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed

_OF_THE_SERVICE = (
    LogOpened | LogKeyRotated | ClockTick | CampaignFunded | RewardsSettled | SettlementActivated | SettlementVetoed
)


def record(item: items.Record, known: Known) -> Draft:
    """The statement with the group's time. Raises FieldError for kinds that somebody else must ask for."""
    if not isinstance(item.statement, _OF_THE_SERVICE):
        raise FieldError("The service records no such statement by itself.", field="kind")
    return Draft(msgspec.structs.replace(item.statement, at=known.at))
