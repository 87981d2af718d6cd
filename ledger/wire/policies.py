"""How a campaign pays, as requests carry it. Amounts are base units."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ledger.wire.values import Amount, Model, Score


class PieceRate(Model):
    """The same amount for every accepted contribution."""

    name: Literal["piece_rate"] = "piece_rate"
    amount: Amount


class ScoreRate(Model):
    """``max_amount`` times the score, for every accepted contribution."""

    name: Literal["score_rate"] = "score_rate"
    max_amount: Amount


class Prizes(Model):
    """The first amount to the best accepted entry, the next to the next, once all entries are final.

    Entries below ``min_score`` win nothing; equal scores share the prizes of the places that they take.
    """

    name: Literal["prizes"] = "prizes"
    amounts: Annotated[list[Amount], Field(min_length=1, max_length=100)]
    min_score: Score = "0"


class Pool(Model):
    """``total`` shared by all accepted parts in proportion to their scores, once all parts are final."""

    name: Literal["pool"] = "pool"
    total: Amount


Policy = Annotated[PieceRate | ScoreRate | Prizes | Pool, Field(discriminator="name")]
