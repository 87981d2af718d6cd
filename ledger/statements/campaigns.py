"""Statements about campaigns: what is asked, how it is judged, what it pays, and the money that came in."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.values import Address, Amount, ChainHash, Count, Digest, Id, Seconds, Timestamp

CampaignType = Literal["rating", "processing", "creation", "solving"]
ChainId = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class PieceRate(Part, frozen=True, kw_only=True, tag_field="name", tag="piece_rate"):
    """The same amount for every accepted contribution."""

    amount: Amount


class ScoreRate(Part, frozen=True, kw_only=True, tag_field="name", tag="score_rate"):
    """``max_amount`` times the score, for every accepted contribution."""

    max_amount: Amount


Policy = PieceRate | ScoreRate


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
    """Seconds from a submission until ``decision_default`` takes effect."""
    decision_default: Literal["accepted", "rejected"]
    closing_date: Timestamp
    """No deadline of the campaign ends after it."""
    onchain: Onchain | None = None
    goal: Amount | None = None
    funding_deadline: Timestamp | None = None


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
