"""What a contributor's record says of their work. Pure integer functions of decisions that stand.

The same figures come out wherever the same entries are: in the service, in a certificate, on another platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.statements.decisions import DecisionMade
from ledger.statements.values import SCORE_ONE, score_millionths


@dataclass(frozen=True, slots=True)
class Judged:
    """A contribution with the decision that stands on it (accepted or rejected), by their entries in the log.

    ``score`` in millionths. ``judges``: how many reviews the decision was made of, 1 for any other. ``compared``: it
    came about by comparing the answer with those of others, or with a known one.
    """

    contribution: int
    decision: int
    campaign: str
    accepted: bool
    score: int
    judges: int
    compared: bool

    @classmethod
    def of(cls, contribution: int, campaign: str, decision: int, made: DecisionMade) -> Judged | None:
        """What a decision says of the contribution in entry ``contribution``; None where it asks for a new version."""
        if made.verdict == "needs_work":
            return None
        return cls(
            contribution,
            decision,
            campaign,
            made.verdict == "accepted",
            score_millionths(made.score),
            len(made.reviews or ()) or 1,
            made.method.type in ("consensus", "gold"),
        )


@dataclass(frozen=True, slots=True)
class Reputation:
    """Figures of some decided contributions; shares and scores in millionths, None where nothing gives them."""

    decided: int
    accepted: int
    acceptance: int | None
    """The share of what was decided that was accepted."""
    weighted_score: int | None
    """The mean score, each decision weighing as many times as it has judges."""
    compared: int
    """How many decisions compared the answer with others or with a known one."""
    agreed: int
    """How many of these accepted it."""
    reliability: int | None
    """(agreed + 1) / (compared + 2): Laplace's rule, so that a few answers do not make anybody perfect."""


def reputation(judged: Sequence[Judged]) -> Reputation:
    """The figures, rounded down; the order does not matter."""
    accepted = sum(each.accepted for each in judged)
    judges = sum(each.judges for each in judged)
    compared = sum(each.compared for each in judged)
    agreed = sum(each.compared and each.accepted for each in judged)
    return Reputation(
        decided=len(judged),
        accepted=accepted,
        acceptance=accepted * SCORE_ONE // len(judged) if judged else None,
        weighted_score=sum(each.score * each.judges for each in judged) // judges if judged else None,
        compared=compared,
        agreed=agreed,
        reliability=(agreed + 1) * SCORE_ONE // (compared + 2) if compared else None,
    )


def by_campaign(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    """The same, apart by campaign, in the order in which each first appears."""
    found: dict[str, list[Judged]] = {}
    for each in judged:
        found.setdefault(each.campaign, []).append(each)
    return found
