"""What the steps of a contribution are told from, and what a step is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.lookup import Campaign as CampaignRow
from api.lookup import Decision
from api.service import Service
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, due_ms, is_final

Tone = Literal["good", "bad", "open"]
State = Literal["done", "now", "later", "never"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: done, going on now, or still to come; ``never`` where it will not come."""

    name: str
    state: State
    words: str
    at_ms: int | None = None
    transaction: str | None = None
    """Where on the chain it happened."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A contribution in the book, and the statement of the decision that stands."""

    service: Service
    row: CampaignRow
    found: Contribution
    campaign: Campaign
    standing: Decision | None
    now_ms: int

    @property
    def is_final(self) -> bool:
        """Whether its outcome can no longer change."""
        return is_final(self.found, self.campaign, self.now_ms)

    @property
    def is_sealed(self) -> bool:
        """Whether nobody but its author can read it yet."""
        return self.campaign.sealed_ms is not None and not self.found.revealed

    @property
    def due_ms(self) -> int:
        """After when it is final if nothing more happens."""
        return due_ms(self.found, self.campaign)
