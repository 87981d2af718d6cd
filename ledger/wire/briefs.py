"""The published call of a campaign: what it asks, by which rules, and who owns what comes in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from ledger.wire.values import Document, Model, Word

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("it is empty; show what such a contribution looks like")
    return value


Example = Annotated[Document, AfterValidator(_given)]


class Rights(Model):
    """Who owns entries that are not accepted, and when the rights in accepted ones pass on."""

    rejected_entries: Literal["contributor", "platform", "public"]
    pass_on: Literal["submission", "acceptance", "payment"]


class CriterionText(Model):
    """A criterion in words; its weight stands in the campaign's ``judging``."""

    name: Word
    text: Text


class Brief(Model):
    """What everybody reads before working. It is published as sent; the log has the digest of every version.

    ``criteria`` are those of ``judging`` in words, each once. ``extra`` is the platform's own, any JSON.
    """

    problem: Text
    mode: Literal["cooperation", "competition"]
    rules: Text
    example_accepted: Example
    example_rejected: Example
    rights: Rights
    criteria: Annotated[list[CriterionText], Field(max_length=20)] | None = None
    extra: Document = None

    def document(self) -> dict[str, Any]:
        """The brief as it is published and hashed: the members that were sent, as they were sent."""
        return self.model_dump(mode="json", exclude_unset=True)
