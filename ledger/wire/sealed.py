"""Sealed entries and direct ones."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import Field

from ledger.statements.contributions import Signature
from ledger.statements.values import ContributorId, Digest, Id
from ledger.wire.appeals import GivenOpening
from ledger.wire.values import Address, Model
from ledger.wire.writes import Salt


class Reveal(Model):
    """The opening of a sealed entry, by its author, once the deadline has passed."""

    opening: GivenOpening


class WalletSigned(Model):
    """A wallet's signature of a text (EIP-191): 65 bytes, s in the lower half, v 27 or 28."""

    address: Address
    value: Annotated[str, Field(pattern="^0x[0-9a-f]{128}(1b|1c)$")]


class Withdraw(Model):
    """What a wallet signed is withdrawn by the same wallet."""

    signature: WalletSigned


class NewDirectContribution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Work that its author's wallet signed (EIP-712), to a campaign that takes direct entries; no key is needed.

    ``contributor_id`` is the public id that stands in what was signed: that of the contributor whose wallet in force
    signed, or a random one (a UUID version 4) of somebody new. Of ``content`` with its ``salt`` and ``commitment`` (a
    sealed entry) one is given. ``terms`` is the digest of the terms that the author accepts.
    """

    campaign: Id
    contributor_id: ContributorId
    signature: Signature
    terms: Digest
    content: Any | msgspec.UnsetType = msgspec.UNSET
    salt: Salt | None = None
    commitment: Digest | None = None
    task: Id | None = None
    replaces: Id | None = None
