"""The accuracy bonus: once for everybody whose answers to gold questions were good."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ledger.client import Client
from ledger.client.deciding.plan import Plan, answers_of
from ledger.client.deciding.work import Piece, Work
from ledger.consensus.answers import MILLION, votes_of
from ledger.consensus.methods import Gold, agreement_with
from ledger.errors import FieldError
from ledger.statements import kinds
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import amount
from ledger.tree.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Bonus:
    """``units`` once for who answered at least ``least`` gold questions, ``accuracy`` (millionths) of them rightly."""

    units: int
    accuracy: int = 900_000
    least: int = 10


def with_bonus(client: Client, work: Work, plan: Plan, gold: Gold, bonus: Bonus, field: str | None = None) -> Plan:
    """The plan with the bonus on the first accepted decision (by log index) of everybody who earned and has none yet.

    Raises FieldError above what the campaign declared.
    """
    limit = work.campaign.bonus_limit
    if limit is None or bonus.units > amount(limit):
        raise FieldError(
            "The campaign declared no bonus." if limit is None else f"The campaign's bonuses are at most {limit}.",
            field="bonus",
            remedy="Take less, or none; 'bonus_limit' is declared when a campaign is opened.",
        )
    answers, _ = answers_of(work, field)
    counts = agreement_with(votes_of(answers), gold)
    experts = {
        who
        for who, (right, answered) in counts.items()
        if answered >= bonus.least and right * MILLION >= answered * bonus.accuracy
    }
    for piece in work.pieces:
        if piece.contributor in experts and piece.verdict == "accepted" and _has_bonus(client, piece):
            experts.remove(piece.contributor)
    author = {piece.id: piece.contributor for piece in work.pieces}
    rulings = []
    for ruling in plan.rulings:
        who = author[ruling.contribution]
        if ruling.verdict == "accepted" and who in experts:
            experts.remove(who)
            rulings.append(replace(ruling, bonus=bonus.units))
        else:
            rulings.append(ruling)
    return replace(plan, rulings=tuple(rulings))


def _has_bonus(client: Client, piece: Piece) -> bool:
    assert piece.decision is not None
    made = kinds.parse(Receipt.parse(client.decision_receipt(piece.decision)).statement)
    return isinstance(made, DecisionMade) and made.bonus is not None
