"""Statements about appeals."""

from __future__ import annotations

from ledger.statements.base import Statement
from ledger.statements.values import ContributorId, Digest, Id


class AppealFiled(Statement, frozen=True, kw_only=True, tag_field="kind", tag="appeal.filed"):
    """A contributor objects to a decision in its appeal window; pay waits."""

    id: Id
    contribution: Id
    decision: Id
    grounds: Digest
    """A commitment (purpose appeal)."""


class AppealResolved(Statement, frozen=True, kw_only=True, tag_field="kind", tag="appeal.resolved"):
    """Somebody else has looked at it: ``decision`` stands, the one appealed or one that supersedes it."""

    appeal: Id
    decision: Id
    reviewer: ContributorId
    reason: Digest
    """A commitment (purpose feedback)."""
