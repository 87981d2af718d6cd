"""What is handed to the writer: validated requests that become statements under the lock of the log's head.

Ids and salts are made by the caller, so that planning is pure; times, indexes, public ids of people already known and
commitments are made in ``plan``. Where a reference has an ``_external_id`` twin, exactly one of the two is given (for a
task: at most one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ledger.statements.campaigns import CampaignType, Policy
from ledger.statements.canonical import JsonValue
from ledger.statements.contributions import Signature
from ledger.statements.decisions import Method, Verdict
from ledger.statements.kinds import AnyStatement
from ledger.statements.platforms import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as stored: public id, scopes, SHA-256 of the whole key."""

    id: str
    scopes: tuple[Scope, ...]
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPlatform:
    """A new platform with its first key."""

    id: str
    name: str
    key: ApiKey
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddKey:
    """One more key for a platform."""

    platform: str
    key: ApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey:
    """A key that counts no more from here on."""

    platform: str
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlace:
    """The pool that pays a campaign and the account that opens it there."""

    chain_id: int
    pool: str
    log_id: str
    opener: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCampaign:
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
    closing_date: str
    place: PoolPlace | None = None
    goal: str | None = None
    funding_deadline: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCampaign:
    """No more contributions to a campaign."""

    platform: str
    campaign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTask:
    """A task of a campaign with its content."""

    id: str
    platform: str
    campaign: str
    content: JsonValue
    salt: bytes
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A contribution. ``contributor`` is the platform's own id of the person; ``fresh_id`` their public id if new.

    ``contributor_id`` is the public id that the caller says is theirs: another one is refused.
    """

    id: str
    platform: str
    campaign: str
    contributor: str
    fresh_id: str
    content: JsonValue
    salt: bytes
    contributor_id: str | None = None
    task: str | None = None
    task_external_id: str | None = None
    terms: str | None = None
    replaces: str | None = None
    signature: Signature | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """A decision. ``reviewer`` is the platform's own id of the person who decided, if one did.

    ``reviewer_id`` is the public id that the caller says is theirs: another one is refused.
    """

    id: str
    platform: str
    verdict: Verdict
    score: str
    method: Method
    salt: bytes
    fresh_id: str
    contribution: str | None = None
    contribution_external_id: str | None = None
    reviewer: str | None = None
    reviewer_id: str | None = None
    feedback: JsonValue = None
    supersedes: str | None = None
    signature: Signature | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWallet:
    """A signed EIP-4361 message of a contributor's wallet; ``platform`` must be the contributor's."""

    id: str
    platform: str
    contributor: str
    address: str
    message: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A statement of the service's own (worker, opening of the log); only its ``at`` is set anew."""

    statement: AnyStatement


Item = (
    RegisterPlatform
    | AddKey
    | RevokeKey
    | OpenCampaign
    | CloseCampaign
    | AddTask
    | Submit
    | Decide
    | LinkWallet
    | Record
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of an item: its entry and its receipt, once the group is committed.

    ``repeated`` says that the same item had been written before; index and receipt are then the first ones.
    ``receipt`` is the canonical receipt of FORMATS, ``opening`` the private opening file or None.
    """

    id: str
    index: int
    repeated: bool
    statement: bytes
    receipt: bytes
    opening: bytes | None
