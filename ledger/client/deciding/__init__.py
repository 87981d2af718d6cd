"""Decide a campaign by a method of consensus or a judge, through the API as any platform does.

Read the work (``read_work``), plan (``plan_by_method`` or ``plan_by_judge``, then ``with_bonus``), send (``send``).
Planning writes nothing. All answers in force have their votes, those decided before too; only the undecided are
decided, so that a second run goes on where the first stopped. What a method was given is one document for all
decisions: it is stored once, as a file, and every decision commits to its digest at a place of its own.
"""

from __future__ import annotations

from ledger.client.deciding.bonus import Bonus, with_bonus
from ledger.client.deciding.plan import Figures, Plan, Ruling, pay_of, plan_by_judge, plan_by_method
from ledger.client.deciding.send import Sent, send
from ledger.client.deciding.work import Piece, Work, by_task, gold_by_task, read_work

__all__ = [
    "Bonus",
    "Figures",
    "Piece",
    "Plan",
    "Ruling",
    "Sent",
    "Work",
    "by_task",
    "gold_by_task",
    "pay_of",
    "plan_by_judge",
    "plan_by_method",
    "read_work",
    "send",
    "with_bonus",
]
