"""The public record of a campaign beyond its figures: its course, its judges' agreement, what people earned there."""

from __future__ import annotations

from ledger.wire.figures import Figures
from ledger.wire.reviews import Agreement
from ledger.wire.values import Amount, Model


class Stretch(Model):
    """Decisions made from ``begin`` on, for the record's ``stretch_seconds``, by their verdicts."""

    begin: str
    accepted: int
    rejected: int
    needs_work: int


class SignCount(Model):
    """How many signs of one kind show; whom they are about stays with the campaign's reviewers."""

    kind: str
    count: int


class Signs(Model):
    """Signs of fraud by kind, in the newest ``looked_at`` contributions. Evidence for a person, never a verdict.

    ``counts`` is null where so few people took part that a count could point at one of them.
    """

    looked_at: int
    counts: list[SignCount] | None


class CampaignRecord(Model):
    """How a campaign went so far: figures, decisions over time, agreement of its judges, signs of fraud.

    ``course`` has at most 40 stretches of equal length, oldest first; those without a decision are left out.
    ``counted_at`` is when all this was counted.
    """

    counted_at: str
    figures: Figures
    stretch_seconds: int
    course: list[Stretch]
    agreement: Agreement
    signs: Signs


class ContributorReward(Model):
    """What one contributor (public id) has earned in a campaign by work that stands as accepted.

    ``earned`` is in base units: it includes what can still be appealed or reopened, and not the pay of reviewers.
    """

    contributor: str
    contributions: int
    accepted: int
    earned: Amount
