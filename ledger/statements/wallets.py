"""Statements about wallets."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ledger.statements.base import Statement
from ledger.statements.values import Address, ContributorId


class WalletLinked(Statement, frozen=True, kw_only=True, tag_field="kind", tag="wallet.linked"):
    """A contributor's pay goes to this address from now plus the log's wallet delay, proved by the wallet itself."""

    contributor: ContributorId
    address: Address
    message: Annotated[str, Meta(max_length=2000)]
    """An EIP-4361 message (``ledger.statements.sign_in``) that names contributor, log and the link it replaces."""
    signature: Annotated[str, Meta(pattern=r"^0x[0-9a-f]{128}(?:1b|1c)\Z")]
    """EIP-191 signature of the message by ``address``."""
