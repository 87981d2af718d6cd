"""Statements about settlements: what was computed, and what the chain made of it."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.campaigns import ChainId
from ledger.statements.values import Address, Amount, ChainHash, Count, Id

Number = Annotated[int, Meta(ge=1, le=2**53 - 1)]
MAX_CAMPAIGNS: Final = 300
"""Campaigns of one settlement: they fit a statement, and the contract takes more."""


class CampaignTotal(Part, frozen=True, kw_only=True):
    """What all contributors of a campaign have earned so far, those without a wallet included."""

    campaign: Id
    total: Amount
    final: bool


class RewardsSettled(Statement, frozen=True, kw_only=True, tag_field="kind", tag="rewards.settled"):
    """A settlement that the reporter will propose: the book's own computation at ``size``, for one pool."""

    chain_id: ChainId
    pool: Address
    number: Number
    parent: Count
    """Number of the last activated settlement, 0 if none."""
    proposal: ChainHash
    size: Count
    """The log size it was computed at; anchored before it is proposed."""
    root: ChainHash
    """Root of the reward tree (OpenZeppelin standard-v1); zero if it has no account."""
    total: Amount
    """Sum of the tree's cumulative amounts."""
    campaigns: Annotated[list[CampaignTotal], Meta(max_length=MAX_CAMPAIGNS)]
    """In ascending order of their on-chain ids."""


class _Ended(Statement, frozen=True, kw_only=True):
    chain_id: ChainId
    pool: Address
    number: Number
    proposal: ChainHash
    block: Count
    block_hash: ChainHash
    transaction: ChainHash
    log_index: Count


class SettlementActivated(_Ended, frozen=True, kw_only=True, tag_field="kind", tag="settlement.activated"):
    """A finalized fact of the chain: the settlement can be claimed."""


class SettlementVetoed(_Ended, frozen=True, kw_only=True, tag_field="kind", tag="settlement.vetoed"):
    """A finalized fact of the chain: the guardian stopped the settlement."""
