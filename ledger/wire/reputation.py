"""Reputation: figures of a public id, and the entries of the log that prove them."""

from __future__ import annotations

from ledger.book import reputation
from ledger.book.reputation import Judged
from ledger.statements.values import format_score
from ledger.wire.values import Model, Score


class JudgedEntries(Model):
    """A contribution and the decision that stands on it, by their entries: ``/v1/entries/{index}/receipt`` proves."""

    contribution: int
    decision: int


class Record(Model):
    """Figures over ``entries``. Shares and scores are in [0, 1], null where nothing gives them.

    ``weighted_score``: the mean score, each decision weighing as many times as it has judges. ``reliability``:
    (agreed + 1) / (compared + 2) over decisions that compared an answer with those of others or with a known one.
    """

    decided: int
    accepted: int
    acceptance: Score | None
    weighted_score: Score | None
    compared: int
    agreed: int
    reliability: Score | None


class CampaignRecord(Record):
    """The figures of one campaign, and the entries that they were made from."""

    campaign: str
    entries: list[JudgedEntries]


class PublicReputation(Record):
    """What the log says of somebody's work, whoever they are. ``left_out``: older decided work beyond the bound."""

    contributor: str
    size: int
    """The log's size that it was read at."""
    campaigns: list[CampaignRecord]
    left_out: int


def figures(judged: list[Judged]) -> dict[str, int | str | None]:
    """The members of ``Record``."""
    found = reputation.reputation(judged)
    return {
        "decided": found.decided,
        "accepted": found.accepted,
        "acceptance": _share(found.acceptance),
        "weighted_score": _share(found.weighted_score),
        "compared": found.compared,
        "agreed": found.agreed,
        "reliability": _share(found.reliability),
    }


def _share(millionths: int | None) -> str | None:
    return None if millionths is None else format_score(millionths)
