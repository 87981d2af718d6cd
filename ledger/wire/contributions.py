"""Contributions as their platform reads them, and wallets."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from ledger.wire.replies import State
from ledger.wire.values import Address, Model, OwnId


class Decision(Model):
    """The decision that stands on a contribution; ``feedback`` is as the platform gave it."""

    id: str
    index: int
    at: str
    verdict: str
    score: str
    method: dict[str, Any]
    feedback: Any
    final_from: str
    """When it can no longer change."""


class Contribution(Model):
    """A contribution. ``public_contributor`` is how the log names the person.

    ``payable_from`` is when its award becomes part of the next settlement; null while nothing is to be paid, and where
    prizes or a pool are shared out at the campaign's end.
    """

    id: str
    index: int
    at: str
    status: State
    campaign: str
    contributor: str
    public_contributor: str
    task: str | None
    content: Any
    replaced_by: str | None
    withdrawn: bool
    decision: Decision | None
    payable_from: str | None
    url: str
    receipt: str


class ContributionLine(Model):
    """A contribution in a list. ``verdict`` is of ``decision``, the one that stands.

    ``content`` is null where it was not asked for, and where it is sealed or erased.
    """

    id: str
    index: int
    at: str
    campaign: str
    contributor: str
    public_contributor: str
    task: str | None
    replaced_by: str | None
    withdrawn: bool
    decision: str | None
    verdict: str | None
    url: str
    content: Any = None


class WalletMessageRequest(Model):
    """Asks for the text with which ``address`` says: pay this contributor to me.

    A contributor's own session leaves ``contributor`` out, or sends the public id that is meant.
    """

    contributor: OwnId | None = None
    address: Address


class WalletMessage(Model):
    """An EIP-4361 text for ``personal_sign``, good until ``expires_at``."""

    message: str
    expires_at: str


class NewWallet(Model):
    """The signed text. It joins the contributor's public id and the address for good, for everybody to see.

    ``signature`` is of the new wallet: 65 bytes of its key, or what its contract accepts (ERC-1271). ``consent`` is the
    signature of the same text by the wallet in force, which then does not object later.
    """

    contributor: OwnId | None = None
    message: Annotated[str, StringConstraints(max_length=2000)]
    signature: Annotated[str, Field(pattern="^0x(?:[0-9a-fA-F]{2}){1,2000}$")]
    consent: Annotated[str, Field(pattern="^0x[0-9a-fA-F]{130}$")] | None = None
