"""Statements about wallets."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.campaigns import ChainId
from ledger.statements.values import Address, ChainHash, ContributorId, Count

WalletSignature = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{128}(?:1b|1c)\Z")]
"""65 bytes r || s || v, s in the lower half, v 27 or 28."""


class ContractSignature(Part, frozen=True, kw_only=True):
    """The wallet is a contract, which called the signature its own (ERC-1271) at a block; an audit asks it again."""

    chain_id: ChainId
    block: Count
    block_hash: ChainHash


class WalletLinked(Statement, frozen=True, kw_only=True, tag_field="kind", tag="wallet.linked"):
    """A contributor's pay goes to this address from now plus the log's wallet delay, proved by the wallet itself."""

    contributor: ContributorId
    address: Address
    message: Annotated[str, Meta(max_length=2000)]
    """An EIP-4361 message (``ledger.statements.sign_in``) that names contributor, log and the link it replaces."""
    signature: Annotated[str, Meta(pattern=r"^0x(?:[0-9a-f]{2}){1,2000}\Z")]
    """Of the message by ``address``: EIP-191, 65 bytes, low s, v 27 or 28; or whatever its contract accepts."""
    erc1271: ContractSignature | None = None
    consent: WalletSignature | None = None
    """The signature of the same message by the wallet that is replaced: then it cannot object any more."""


class WalletObjected(Statement, frozen=True, kw_only=True, tag_field="kind", tag="wallet.objected"):
    """The wallet in force objects to the link that would replace it, once: that doubles the link's delay."""

    contributor: ContributorId
    link: Count
    """The entry of the link."""
    signature: WalletSignature
    """EIP-191, by the wallet in force, of ``sign_in.objection(...)``."""
