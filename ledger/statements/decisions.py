"""Statements about decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.contributions import Signature
from ledger.statements.values import ContributorId, Digest, Id, Score

Verdict = Literal["accepted", "rejected", "needs_work"]
_Word = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
_Text = Annotated[str, Meta(max_length=500)]


class Method(Part, frozen=True, kw_only=True):
    """How a decision came about, so that it can be run again while its inputs can be opened."""

    type: Literal["human", "consensus", "gold", "model"]
    name: _Word | None = None
    version: _Word | None = None
    parameters: Annotated[dict[_Word, _Text], Meta(max_length=50)] | None = None
    inputs: Digest | None = None
    """A commitment to what the method was given."""


class DecisionMade(Statement, frozen=True, kw_only=True, tag_field="kind", tag="decision.made"):
    """A verdict on a contribution, with a score in [0, 1]."""

    id: Id
    contribution: Id
    verdict: Verdict
    score: Score
    method: Method
    reviewer: ContributorId | None = None
    feedback: Digest | None = None
    supersedes: Id | None = None
    signature: Signature | None = None
