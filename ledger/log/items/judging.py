"""Reviews, decisions and appeals."""

from __future__ import annotations

import msgspec

from ledger.statements.canonical import Document, JsonValue
from ledger.statements.contributions import Signature
from ledger.statements.decisions import Method, OpenedReview, Verdict


class Review(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a reviewer says of a contribution, sealed until a decision is made of it.

    ``scores`` are in the order of the campaign's criteria; ``score`` is then None and follows from them.
    """

    id: str
    platform: str
    contribution: str
    reviewer: str
    fresh_id: str
    verdict: Verdict
    salt: bytes
    score: str | None = None
    scores: tuple[str, ...] | None = None
    words: JsonValue = None
    second_look: bool = False
    external_id: str | None = None


class Decide(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A decision. ``reviewer`` is the platform's own id of the person who decided, if one did.

    ``reviewer_id`` is the public id that the caller says is theirs: another one is refused. ``inputs`` is the document
    that an automatic method was given: its commitment goes into the method. ``reviews`` opens the reviews that the
    decision is made of.
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
    feedback: JsonValue | Document = None
    supersedes: str | None = None
    reviews: tuple[OpenedReview, ...] | None = None
    appeal: str | None = None
    bonus: str | None = None
    inputs: JsonValue | Document = None
    inputs_salt: bytes | None = None
    signature: Signature | None = None
    external_id: str | None = None


class FileAppeal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An appeal of the contributor against the decision that stands."""

    id: str
    platform: str
    contribution: str
    decision: str
    grounds: JsonValue
    salt: bytes
    external_id: str | None = None


class ResolveAppeal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The end of an appeal: ``decision`` stands. ``reviewer`` is the platform's own id of who resolved it.

    ``salt`` is of the commitment to ``reason``.
    """

    platform: str
    appeal: str
    decision: str
    reviewer: str
    fresh_id: str
    reason: JsonValue
    salt: bytes
