"""Statements about contributions."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.values import Address, ContributorId, Digest, Id


class Signature(Part, frozen=True, kw_only=True):
    """An EIP-712 signature: 65 bytes r || s || v, s in the lower half, v 27 or 28."""

    address: Address
    value: Annotated[str, Meta(pattern=r"^0x[0-9a-f]{128}(?:1b|1c)\Z")]


class ContributionSubmitted(Statement, frozen=True, kw_only=True, tag_field="kind", tag="contribution.submitted"):
    """Somebody contributed something, in a campaign, under terms that they accepted.

    In a sealed campaign nobody but the contributor knows the content and the salt behind ``commitment`` yet.
    """

    id: Id
    campaign: Id
    contributor: ContributorId
    commitment: Digest
    terms: Digest
    task: Id | None = None
    replaces: Id | None = None
    signature: Signature | None = None


class ContributionRevealed(Statement, frozen=True, kw_only=True, tag_field="kind", tag="contribution.revealed"):
    """A sealed entry was opened in its window and its opening matched the commitment."""

    contribution: Id


class ContributionWithdrawn(Statement, frozen=True, kw_only=True, tag_field="kind", tag="contribution.withdrawn"):
    """The contributor takes a contribution back before any decision on it."""

    contribution: Id
    signature: Signature | None = None
    """EIP-191 over ``sign_in.withdrawal(...)``, by the wallet that signed the contribution, where one did."""
