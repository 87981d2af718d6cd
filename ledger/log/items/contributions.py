"""What contributors send, open and take back."""

from __future__ import annotations

import msgspec

from ledger.statements.canonical import Document, JsonValue
from ledger.statements.contributions import Signature


class Submit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A contribution. ``contributor`` is the platform's own id of the person; ``fresh_id`` their public id if new.

    ``contributor_id`` is the public id that the caller says is theirs: another one is refused. A sealed entry comes
    with its ``commitment`` (64 hex digits) instead of ``content``; its salt stays with the contributor, and ``salt`` is
    only this service's own randomness.
    """

    id: str
    platform: str
    campaign: str
    contributor: str
    fresh_id: str
    content: JsonValue | Document
    salt: bytes
    commitment: str | None = None
    contributor_id: str | None = None
    task: str | None = None
    task_external_id: str | None = None
    terms: str | None = None
    replaces: str | None = None
    signature: Signature | None = None
    external_id: str | None = None


class Reveal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The opening (salt and preimage, ``ledger.statements.commitments.Opening``) of a sealed entry, by its author."""

    platform: str
    contribution: str
    salt: bytes
    preimage: bytes


class Withdraw(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The contributor takes a contribution back, with a signature (``sign_in.withdrawal``) if a wallet signed it."""

    platform: str
    contribution: str
    signature: Signature | None = None
