"""Campaigns, their notices and their tasks."""

from __future__ import annotations

from typing import Literal

import msgspec

from ledger.statements.campaigns import CampaignType, Judging, Limits, Policy, Requirement, Revisions, Sealed
from ledger.statements.canonical import JsonValue


class PoolPlace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The pool that pays a campaign and the account that opens it there."""

    chain_id: int
    pool: str
    log_id: str
    opener: str


class OpenCampaign(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A new campaign. Times are statement timestamps; without ``place`` it pays points."""

    id: str
    platform: str
    title: str
    type: CampaignType
    brief: JsonValue
    terms: JsonValue
    policy: Policy
    budget: str
    appeal_window: int
    decision_deadline: int
    decision_default: Literal["accepted", "rejected"]
    appeal_deadline: int
    appeal_default: Literal["accepted", "stands"]
    closing_date: str
    place: PoolPlace | None = None
    goal: str | None = None
    funding_deadline: str | None = None
    reviewer_rate: str | None = None
    bonus_limit: str | None = None
    judging: Judging | None = None
    sealed: Sealed | None = None
    limits: Limits | None = None
    requires: Requirement | None = None
    revisions: Revisions | None = None
    pilot: int | None = None
    direct: bool = False
    second_looks: str | None = None
    external_id: str | None = None


class AmendCampaign(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The next version of a campaign: what is None stays. ``brief`` and ``terms`` are the published documents."""

    platform: str
    campaign: str
    version: int
    brief: JsonValue = None
    terms: JsonValue = None
    policy: Policy | None = None
    budget: str | None = None
    reviewer_rate: str | None = None


class PublishNotice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A text that every entrant sees."""

    id: str
    platform: str
    campaign: str
    type: Literal["notice", "answer"]
    text: JsonValue
    external_id: str | None = None


class PauseCampaign(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """No contributions for now."""

    platform: str
    campaign: str


class ResumeCampaign(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Contributions again; ends a pilot."""

    platform: str
    campaign: str


class CloseCampaign(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """No more contributions to a campaign."""

    platform: str
    campaign: str


class AddTask(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task of a campaign with its content."""

    id: str
    platform: str
    campaign: str
    content: JsonValue
    salt: bytes
    external_id: str | None = None
