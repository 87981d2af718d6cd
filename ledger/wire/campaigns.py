"""Campaigns: opened, amended, announced; and their tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ledger.statements.campaigns import CampaignType
from ledger.wire.briefs import Brief
from ledger.wire.conditions import Judging, Limits, Requirement, Revisions, Sealed
from ledger.wire.policies import Policy
from ledger.wire.replies import Written
from ledger.wire.values import Address, Amount, Document, Limit, Model, Moment, OwnId, Score, Seconds, Title, Words

DAY_SECONDS = 86_400
DEFAULT_APPEAL_WINDOW_SECONDS = 7 * DAY_SECONDS
DEFAULT_APPEAL_DEADLINE_SECONDS = 14 * DAY_SECONDS
DEFAULT_DECISION_DEADLINE_SECONDS = 30 * DAY_SECONDS
DEFAULT_LENGTH_SECONDS = 365 * DAY_SECONDS


class NewCampaign(Model):
    """A campaign to open: what is asked (``brief``), under which ``terms``, how it is judged and what it pays.

    With ``opener``, the account that opens and funds it in the service's pool, it pays tokens; without, points.
    ``closing_date`` is a year from now where it is left out. ``goal`` and ``funding_deadline`` go together.
    Durations are seconds. ``revisions`` are three within seven days each, none in a sealed campaign.
    """

    title: Title
    type: CampaignType
    brief: Brief
    terms: Document
    policy: Policy
    budget: Amount
    appeal_window: Seconds = DEFAULT_APPEAL_WINDOW_SECONDS
    decision_deadline: Seconds = DEFAULT_DECISION_DEADLINE_SECONDS
    decision_default: Literal["accepted", "rejected"] = "accepted"
    appeal_deadline: Seconds = DEFAULT_APPEAL_DEADLINE_SECONDS
    appeal_default: Literal["accepted", "stands"] = "accepted"
    closing_date: Moment | None = None
    opener: Address | None = None
    goal: Amount | None = None
    funding_deadline: Moment | None = None
    reviewer_rate: Amount | None = None
    bonus_limit: Amount | None = None
    judging: Judging | None = None
    sealed: Sealed | None = None
    limits: Limits | None = None
    requires: Requirement | None = None
    revisions: Revisions | None = None
    pilot: Limit | None = None
    direct: bool = False
    second_looks: Score | None = None
    external_id: OwnId | None = None


class NewAmendment(Model):
    """The next version of a campaign (the one as opened is 1); what is left out stays as it is.

    What was submitted before keeps at least its pay; budget, prizes and pool only rise.
    """

    version: Annotated[int, Field(ge=2, le=2**53 - 1)]
    brief: Brief | None = None
    terms: Document = None
    policy: Policy | None = None
    budget: Amount | None = None
    reviewer_rate: Amount | None = None


class NewNotice(Model):
    """Something that every entrant sees: news, or the answer to a question that one of them asked."""

    type: Literal["notice", "answer"] = "notice"
    text: Words
    external_id: OwnId | None = None


class Notice(Model):
    """A published notice; ``digest`` is the one in the log."""

    id: str
    index: int
    at: str
    type: str
    text: Any
    digest: str


class BriefVersion(Model):
    """A version of a campaign's call: ``brief``, ``terms`` and pay that hold from entry ``index`` on.

    The digests are those in the log; ``pay`` says the policy in words.
    """

    version: int
    index: int
    at: str
    brief: Any
    brief_digest: str
    terms: Any
    terms_digest: str
    policy: dict[str, Any]
    pay: str
    budget: Amount
    reviewer_rate: Amount


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
    """A campaign as its platform sees it, in its current version.

    ``funded`` and ``settled`` are null where nothing was recorded yet. ``paused`` is also true while a full pilot waits
    for the platform to resume.
    """

    id: str
    index: int
    title: str
    type: CampaignType
    version: int
    brief: Any
    brief_digest: str
    terms: Any
    terms_digest: str
    policy: dict[str, Any]
    pay: str
    budget: Amount
    reviewer_rate: Amount
    bonus_limit: Amount | None
    appeal_window: int
    decision_deadline: int
    decision_default: str
    appeal_deadline: int
    appeal_default: str
    closing_date: str
    judging: dict[str, Any] | None
    sealed: dict[str, Any] | None
    limits: dict[str, Any] | None
    requires: dict[str, Any] | None
    revisions: dict[str, Any] | None
    pilot: int | None
    direct: bool
    second_looks: str | None
    paused: bool
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
