"""How a log grew, and what became of money: a few figures to draw."""

from __future__ import annotations

from ledger.wire.values import Amount, Model


class GrowthPoint(Model):
    """How many entries the log had at a time; between the entries that were looked at it is estimated."""

    at: str
    size: int


class AnchorPoint(Model):
    """An anchor. ``at`` is when its transaction was signed, or where that is unknown the time of its newest entry."""

    at: str
    size: int
    transaction: str


class PoolMoney(Model):
    """A pool's money in base units: paid in for campaigns, awarded by settlements, paid out to accounts.

    ``payable`` is what of the awarded is accounts': the rest waits for people to link a wallet. ``symbol`` and
    ``decimals`` say how people count the token.
    """

    chain_id: int
    pool: str
    token: str | None
    symbol: str
    decimals: int
    funded: Amount
    awarded: Amount
    payable: Amount
    paid: Amount


class History(Model):
    """Points in the order of time; of many anchors some."""

    entries: list[GrowthPoint]
    anchors: list[AnchorPoint]
    money: list[PoolMoney]
