"""Statements about campaigns: what is asked, how it is judged, what it pays, and the money that came in."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.values import (
    Address,
    Amount,
    ChainHash,
    Count,
    Digest,
    Id,
    Score,
    Seconds,
    Timestamp,
    Word,
)

CampaignType = Literal["rating", "processing", "creation", "solving"]
ChainId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Limit = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class PieceRate(Part, frozen=True, kw_only=True, tag_field="name", tag="piece_rate"):
    """The same amount for every accepted contribution."""

    amount: Amount


class ScoreRate(Part, frozen=True, kw_only=True, tag_field="name", tag="score_rate"):
    """``max_amount`` times the score, for every accepted contribution."""

    max_amount: Amount


class Prizes(Part, frozen=True, kw_only=True, tag_field="name", tag="prizes"):
    """The first amount to the best accepted entry, the second to the next, paid once all entries are final.

    Entries below ``min_score`` win nothing. Equal scores share the prizes of the places that they take.
    """

    amounts: Annotated[list[Amount], Meta(min_length=1, max_length=100)]
    min_score: Score


class Pool(Part, frozen=True, kw_only=True, tag_field="name", tag="pool"):
    """``total`` shared by all accepted parts in proportion to their scores, paid once all parts are final."""

    total: Amount


Policy = PieceRate | ScoreRate | Prizes | Pool


class Criterion(Part, frozen=True, kw_only=True):
    """One thing that judges score, and how much it weighs among the others."""

    name: Word
    weight: Annotated[int, Meta(ge=1, le=1000)]


class Judging(Part, frozen=True, kw_only=True):
    """Several judges decide: of ``judges`` reviews ``agree`` must accept.

    With ``criteria`` each review scores every criterion; its score is their weighted mean.
    """

    judges: Annotated[int, Meta(ge=1, le=20)]
    agree: Annotated[int, Meta(ge=1, le=20)]
    criteria: Annotated[list[Criterion], Meta(min_length=1, max_length=20)] | None = None


class Sealed(Part, frozen=True, kw_only=True):
    """Entries are commitments until ``deadline``; each is opened by its author after it, until ``reveal_until``."""

    deadline: Timestamp
    reveal_until: Timestamp


class Limits(Part, frozen=True, kw_only=True):
    """How many people may take part, answers a task may get, and entries a person may send."""

    participants: Limit | None = None
    per_task: Limit | None = None
    per_person: Limit | None = None


class Requirement(Part, frozen=True, kw_only=True):
    """The reputation that is asked for: accepted contributions in this log, and their share of all decided ones."""

    accepted: Count
    acceptance: Score


class Revisions(Part, frozen=True, kw_only=True):
    """``needs_work`` asks for a new version within ``window`` seconds, at most ``rounds`` times."""

    window: Seconds
    rounds: Annotated[int, Meta(ge=1, le=20)]


class Onchain(Part, frozen=True, kw_only=True):
    """Where a campaign is paid: its budget in a pool, under an id that nobody else can have opened."""

    chain_id: ChainId
    pool: Address
    log_id: ChainHash
    opener: Address
    id: ChainHash
    """keccak256(abi.encode(opener, log_id, charter)): the book recomputes it (``ledger.statements.onchain``)."""


class CampaignOpened(Statement, frozen=True, kw_only=True, tag_field="kind", tag="campaign.opened"):
    """A campaign and everything it promises. Without ``onchain`` it pays points: no pool, no funding."""

    id: Id
    platform: Id
    type: CampaignType
    brief: Digest
    """SHA-256 of the canonical JSON of the published brief."""
    terms: Digest
    """SHA-256 of the canonical JSON of the published terms."""
    policy: Policy
    budget: Amount
    appeal_window: Seconds
    """Seconds from a decision until it is final."""
    decision_deadline: Seconds
    """Seconds from a submission (sealed: from ``reveal_until``) until ``decision_default`` takes effect."""
    decision_default: Literal["accepted", "rejected"]
    appeal_deadline: Seconds
    """Seconds from an appeal until ``appeal_default`` takes effect."""
    appeal_default: Literal["accepted", "stands"]
    closing_date: Timestamp
    """No deadline of the campaign ends after it."""
    onchain: Onchain | None = None
    goal: Amount | None = None
    funding_deadline: Timestamp | None = None
    reviewer_rate: Amount | None = None
    """What each review, each decision by a person and each resolved appeal pays its reviewer."""
    bonus_limit: Amount | None = None
    """The most that one decision may add; without it there are no bonuses."""
    judging: Judging | None = None
    sealed: Sealed | None = None
    limits: Limits | None = None
    requires: Requirement | None = None
    revisions: Revisions | None = None
    pilot: Limit | None = None
    """So many contributions are taken before the platform looks at them and resumes the campaign."""
    direct: bool = False
    """Anybody may submit signed work without the platform's key."""
    second_looks: Score | None = None
    """The share of rejections that is judged blind once more."""


class CampaignAmended(Statement, frozen=True, kw_only=True, tag_field="kind", tag="campaign.amended"):
    """What changes for contributions from here on; what was submitted before keeps at least its pay."""

    campaign: Id
    version: Annotated[int, Meta(ge=2, le=2**53 - 1)]
    """The campaign as opened is version 1."""
    brief: Digest | None = None
    terms: Digest | None = None
    policy: Policy | None = None
    budget: Amount | None = None
    reviewer_rate: Amount | None = None


class CampaignNotice(Statement, frozen=True, kw_only=True, tag_field="kind", tag="campaign.notice"):
    """Something that every entrant sees: news, or the answer to a question that one of them asked."""

    id: Id
    campaign: Id
    type: Literal["notice", "answer"]
    text: Digest
    """SHA-256 of the canonical JSON of the published text."""


class CampaignPaused(Statement, frozen=True, kw_only=True, tag_field="kind", tag="campaign.paused"):
    """The platform takes no contributions for now; the deadlines of what was submitted go on."""

    campaign: Id


class CampaignResumed(Statement, frozen=True, kw_only=True, tag_field="kind", tag="campaign.resumed"):
    """The campaign takes contributions again; after a pilot it is fully open from here on."""

    campaign: Id


class CampaignClosed(Statement, frozen=True, kw_only=True, tag_field="kind", tag="campaign.closed"):
    """The platform takes no more contributions; what is open is still decided and paid."""

    campaign: Id


class CampaignFunded(Statement, frozen=True, kw_only=True, tag_field="kind", tag="campaign.funded"):
    """The contract's whole record of a campaign at a finalized block; the last one holds."""

    campaign: Id
    block: Count
    block_hash: ChainHash
    funded: Amount
    """Base units that ever came in."""
    returned: Amount
    """Base units that went back to backers."""
    goal_reached: bool
    closed: bool


class TaskAdded(Statement, frozen=True, kw_only=True, tag_field="kind", tag="task.added"):
    """A piece of work to do, its content behind a commitment."""

    id: Id
    campaign: Id
    commitment: Digest
