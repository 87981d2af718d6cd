"""What an accepted contribution earns, by the campaign's policy. Pure integer functions of a final decision."""

from __future__ import annotations

from ledger.statements.campaigns import PieceRate, Policy, ScoreRate
from ledger.statements.values import SCORE_ONE, amount

SCORE_OF_DEFAULT = SCORE_ONE
"""The score, in millionths, of a contribution that is accepted because nobody decided in time."""


def award(policy: Policy, score_millionths: int) -> int:
    """Base units for one accepted contribution with this score in millionths.

    ``piece_rate`` pays its amount whatever the score; ``score_rate`` pays the whole units of ``max_amount`` times the
    score (what is below one unit is not owed to anybody and stays in the budget).
    """
    match policy:
        case PieceRate():
            return amount(policy.amount)
        case ScoreRate():
            return amount(policy.max_amount) * score_millionths // SCORE_ONE
