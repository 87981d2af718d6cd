"""What contributors say of the work, and where their pay goes."""

from __future__ import annotations

from typing import Literal

import msgspec

from ledger.statements.canonical import JsonValue
from ledger.statements.wallets import ContractSignature


class GiveFeedback(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A contributor's rating; ``contributor`` is the public id."""

    id: str
    platform: str
    campaign: str
    contributor: str
    about: Literal["task", "decision", "campaign"]
    subject: str
    score: str
    salt: bytes
    words: JsonValue = None


class LinkWallet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A signed EIP-4361 message of a contributor's wallet; ``platform`` must be the contributor's."""

    id: str
    platform: str
    contributor: str
    address: str
    message: str
    signature: str
    erc1271: ContractSignature | None = None
    consent: str | None = None


class ObjectToLink(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The wallet in force objects to the link in entry ``link``; ``contributor`` is the public id."""

    contributor: str
    link: int
    signature: str
