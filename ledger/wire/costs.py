"""What a campaign has cost on the chain."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from ledger.wire.values import Model

Wei = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]*)$")]
"""The chain's own coin; without a bound, as a node may say anything."""


class CostLine(Model):
    """What all transactions of one kind cost: ``intent`` is anchor, propose, activate, claim or follow.

    ``transactions`` are those of which the campaign bears a share; ``gas`` and ``wei`` are its shares.
    """

    intent: str
    transactions: int
    gas: int
    wei: Wei


class CampaignCosts(Model):
    """What the service has paid for a campaign on the chain, by the receipts of permanent transactions. Exact.

    A transaction that serves several campaigns is shared out among them, without a remainder.
    """

    campaign: str
    chain_id: int | None
    """None where the log has no chain."""
    gas: int
    wei: Wei
    intents: list[CostLine]
