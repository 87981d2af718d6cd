"""What the hot paths take: contributions and decisions, as msgspec structs, which decode straight from the bytes.

An object that repeats a member counts with the last one, as everywhere in this API.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ledger.statements.contributions import Signature
from ledger.statements.decisions import Method, Verdict
from ledger.statements.values import Amount, ContributorId, Digest, Id, Score

OwnId = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
"""A platform's own id of a thing or a person; it never enters a statement."""
Salt = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""32 random bytes, 64 lower-case hex digits."""


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class NewContribution(_Request, frozen=True, kw_only=True):
    """Somebody contributed ``content`` (any JSON up to 256 KiB).

    In a sealed campaign ``commitment`` is sent instead, with the ``contributor_id`` that it is bound to: salt and
    content stay with their author until they are revealed.

    ``contributor`` is the platform's own id of the person. ``contributor_id`` is their random public id (a UUID version
    4), for a signer who must know it beforehand: of somebody new it is taken, of others it must be theirs. ``terms``
    is the digest of the terms that the contributor accepted; left out, the platform says that it was the campaign's.
    At most one of ``task`` and ``task_external_id``. ``salt`` must be given with a ``signature`` and is made by the
    service otherwise.
    """

    campaign: Id
    contributor: OwnId
    content: Any | UnsetType = UNSET
    commitment: Digest | None = None
    contributor_id: ContributorId | None = None
    task: Id | None = None
    task_external_id: OwnId | None = None
    terms: Digest | None = None
    replaces: Id | None = None
    salt: Salt | None = None
    signature: Signature | None = None
    external_id: OwnId | None = None


class NewDecision(_Request, frozen=True, kw_only=True):
    """A verdict on the contribution that ``contribution`` or ``contribution_external_id`` names (one of the two).

    ``score`` left out is 1 for ``accepted`` and 0 otherwise; ``method`` left out is a human's. ``reviewer`` is the
    platform's own id of the person who decided (with a member's session: that member), ``reviewer_id`` their public
    one (as ``contributor_id`` above); ``feedback`` is any JSON and private to the contributor; what is not accepted
    needs it. ``bonus`` adds base units up to the campaign's limit. ``inputs`` is the document that an automatic method
    was given: its commitment goes into the method, so that the decision can be run again. ``appeal`` names the open
    appeal that the decision answers.
    """

    verdict: Verdict
    contribution: Id | None = None
    contribution_external_id: OwnId | None = None
    score: Score | None = None
    method: Method | None = None
    reviewer: OwnId | None = None
    reviewer_id: ContributorId | None = None
    feedback: Any = None
    supersedes: Id | None = None
    appeal: Id | None = None
    bonus: Amount | None = None
    inputs: Any = None
    salt: Salt | None = None
    signature: Signature | None = None
    external_id: OwnId | None = None


class ContributionBatch(_Request, frozen=True, kw_only=True):
    """Up to 1,000 contributions, each written or refused on its own."""

    items: list[NewContribution]


class DecisionBatch(_Request, frozen=True, kw_only=True):
    """Up to 1,000 decisions, each written or refused on its own."""

    items: list[NewDecision]
