"""Statements about content: that it can no longer be opened, or that somebody with a mandate has opened it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ledger.statements.base import Statement
from ledger.statements.values import Id, Timestamp

Purpose = Literal["task", "contribution", "feedback", "appeal", "inputs", "result"]
"""What a commitment is to (FORMATS, Commitment)."""


class ContentErased(Statement, frozen=True, kw_only=True, tag_field="kind", tag="content.erased"):
    """The content and salt behind a commitment are gone: it still stands in the log and can no longer be opened.

    Before a contribution is final only its contributor's wish or the law erases its content.
    """

    purpose: Purpose
    subject: Id
    """The task, contribution, decision, review, appeal, rating or result whose statement carries the commitment."""
    reason: Literal["wish", "law", "retention"]


class AuditorMandated(Statement, frozen=True, kw_only=True, tag_field="kind", tag="auditor.mandated"):
    """A platform lets somebody open selected commitments of its campaigns, or of one of them, until a date."""

    id: Id
    platform: Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    until: Timestamp
    campaign: Id | None = None


class ContentOpened(Statement, frozen=True, kw_only=True, tag_field="kind", tag="content.opened"):
    """An auditor with a mandate was given the opening of a commitment."""

    mandate: Id
    purpose: Purpose
    subject: Id
