"""Campaigns and tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ledger.statements.campaigns import CampaignType
from ledger.wire.replies import Written
from ledger.wire.values import Address, Amount, Document, Model, Moment, OwnId, Seconds, Title

DAY_SECONDS = 86_400
DEFAULT_APPEAL_WINDOW_SECONDS = 7 * DAY_SECONDS
DEFAULT_DECISION_DEADLINE_SECONDS = 30 * DAY_SECONDS
DEFAULT_LENGTH_SECONDS = 365 * DAY_SECONDS


class PieceRate(Model):
    """The same amount for every accepted contribution."""

    name: Literal["piece_rate"] = "piece_rate"
    amount: Amount


class ScoreRate(Model):
    """``max_amount`` times the score, for every accepted contribution."""

    name: Literal["score_rate"] = "score_rate"
    max_amount: Amount


Policy = Annotated[PieceRate | ScoreRate, Field(discriminator="name")]


class NewCampaign(Model):
    """A campaign to open: what is asked (``brief``), under which ``terms``, how it is judged and what it pays.

    With ``opener``, the account that opens and funds it in the service's pool, it pays tokens; without, points.
    ``closing_date`` is a year from now where it is left out. ``goal`` and ``funding_deadline`` go together.
    """

    title: Title
    type: CampaignType
    terms: Document
    policy: Policy
    budget: Amount
    brief: Document = None
    appeal_window: Seconds = DEFAULT_APPEAL_WINDOW_SECONDS
    decision_deadline: Seconds = DEFAULT_DECISION_DEADLINE_SECONDS
    decision_default: Literal["accepted", "rejected"] = "accepted"
    closing_date: Moment | None = None
    opener: Address | None = None
    goal: Amount | None = None
    funding_deadline: Moment | None = None
    external_id: OwnId | None = None


class Onchain(Model):
    """All that ``openCampaign(charter, goal, fundingDeadline, closingDate)`` needs, and the id it must give.

    Times are seconds since 1970; ``goal`` "0" means none, and ``funding_deadline`` is then 0.
    """

    chain_id: int
    pool: str
    id: str
    opener: str
    charter: str
    goal: Amount
    funding_deadline: int
    closing_date: int


class CampaignWritten(Written):
    """``onchain`` is null for a campaign that pays points."""

    onchain: Onchain | None


class Campaign(Model):
    """A campaign as its platform sees it. ``funded`` and ``settled`` are null where nothing was recorded yet."""

    id: str
    index: int
    title: str
    type: CampaignType
    brief: Any
    terms: Any
    terms_digest: str
    policy: dict[str, str]
    budget: Amount
    appeal_window: int
    decision_deadline: int
    decision_default: str
    closing_date: str
    closed: bool
    opened_at: str
    onchain: Onchain | None
    contributions: int
    decided: int
    accepted: int
    funded: Amount | None
    settled: Amount | None
    """What all contributors have earned up to the last settlement recorded, in base units."""
    url: str


class CampaignLine(Model):
    """A campaign in a list."""

    id: str
    index: int
    title: str
    closed: bool
    url: str


class NewTask(Model):
    """A piece of work to do."""

    content: Document
    external_id: OwnId | None = None


class TaskBatch(Model):
    """Up to 1,000 tasks, each written or refused on its own."""

    items: list[Any]
