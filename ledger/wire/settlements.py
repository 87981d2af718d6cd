"""Settlements, rewards and claims. Amounts are base units of the pool's token, as decimal strings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ledger.wire.values import MAX_CLAIM_ADDRESSES, Address, Amount, Model


class CampaignTotal(Model):
    """What a campaign's contributors have earned so far, those without a wallet included."""

    campaign: str
    total: Amount
    final: bool


class Settlement(Model):
    """A settlement as recorded; ``state`` is settled (waits for its delay), activated (can be claimed) or vetoed."""

    chain_id: int
    pool: str
    number: int
    parent: int
    proposal: str
    size: int
    root: str
    total: Amount
    state: str
    campaigns: list[CampaignTotal]


class SettlementRequest(Model):
    """A request that the worker settles as soon as there is something new."""

    id: str
    state: str
    detail: str | None
    url: str


class Reward(Model):
    """What an account has earned in a pool up to the last activated settlement, and the proof to claim it with.

    ``earned`` is cumulative, as ``claim(account, cumulative, proof)`` takes it.
    """

    chain_id: int
    pool: str
    settlement: int
    earned: Amount
    claimed: Amount
    claimable: Amount
    proof: list[str]


class Rewards(Model):
    """An account's rewards by chain and pool."""

    address: str
    rewards: list[Reward]


class RewardsTogether(Model):
    """What several accounts can claim in one transaction: the arguments of a pool's ``claimMany``, in tree order.

    ``flags`` are words of 256 bits.
    """

    chain_id: int
    pool: str
    settlement: int
    accounts: list[str]
    cumulatives: list[Amount]
    proof: list[str]
    flags: list[Amount]


class NewClaims(Model):
    """Accounts to which the service shall send what they can claim; it pays the gas."""

    addresses: Annotated[list[Address], Field(min_length=1, max_length=MAX_CLAIM_ADDRESSES)]


class ClaimRequest(Model):
    """A request to relay one account's claim; ``transaction`` once it is sent, ``detail`` where it failed."""

    id: str
    chain_id: int
    pool: str
    account: str
    state: str
    transaction: str | None
    detail: str | None
    url: str


class ClaimRequests(Model):
    """The requests that were taken, one for each account and pool with something to claim."""

    items: list[ClaimRequest]


class AskedSettlement(SettlementRequest):
    """A request in a list; ``at`` is when it was made."""

    at: str
