"""Statements by which contributors rate tasks, decisions and campaigns."""

from __future__ import annotations

from typing import Literal

from ledger.statements.base import Statement
from ledger.statements.values import ContributorId, Digest, Id, Score


class FeedbackGiven(Statement, frozen=True, kw_only=True, tag_field="kind", tag="feedback.given"):
    """A contributor's score, and a commitment to words, about a task, a decision on their work or a campaign."""

    id: Id
    campaign: Id
    contributor: ContributorId
    about: Literal["task", "decision", "campaign"]
    subject: Id
    score: Score
    words: Digest | None = None
