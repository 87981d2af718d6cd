"""Statements about what came out of a campaign."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.values import Count, Digest, Id, Word


class ResultMethod(Part, frozen=True, kw_only=True):
    """How the result was made: ``tally``, ``labels``, ``assembly``, ``ranking``, or a name of the platform's."""

    name: Word
    version: Word
    parameters: Annotated[dict[Word, Annotated[str, Meta(max_length=500)]], Meta(max_length=50)] | None = None


class ResultPublished(Statement, frozen=True, kw_only=True, tag_field="kind", tag="result.published"):
    """A commitment (purpose result) to the tally, labels, text or winners, and the entries that it was made from."""

    id: Id
    campaign: Id
    commitment: Digest
    method: ResultMethod
    entries: Digest
    """SHA-256 of the canonical JSON of the list of contributions, in the order of the log."""
    count: Count
    """Their number."""
