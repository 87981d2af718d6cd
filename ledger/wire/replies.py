"""What every write answers with, problems, and pages of lists."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from ledger.statements import canonical
from ledger.wire.values import Model

Item = TypeVar("Item")
State = Literal["recorded", "anchored", "permanent"]
"""How firm an entry is: signed by the log; on the chain; in a block that the chain calls finalized."""


class Written(Model):
    """A statement is in the log at ``index``.

    ``receipt`` is the canonical receipt as a JSON object: its RFC 8785 bytes are the receipt's file, which ``GET
    {url of the thing}/receipt`` gives too. ``opening`` (salt and content) is private to the contributor. ``url`` is a
    plain page about it.
    """

    id: str
    index: int
    status: State
    url: str
    receipt: dict[str, Any]
    opening: dict[str, Any] | None

    def receipt_file(self) -> bytes:
        """The receipt as the file to keep: its canonical bytes."""
        return canonical.encode(self.receipt)

    def opening_file(self) -> bytes | None:
        """The opening as the file to keep beside it, private to the contributor."""
        return None if self.opening is None else canonical.encode(self.opening)


class BatchItem(BaseModel):
    """One result of a batch: ``code`` 200 or 201 with what a single write answers, or the members of a problem."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    code: int


class BatchReply(Model):
    """The results of a batch, in the order of its items."""

    results: list[BatchItem]


class Problem(BaseModel):
    """A problem (RFC 9457). ``type`` is ``/problems/{slug}``, a page; ``remedy`` says what to do."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    type: str
    title: str
    status: int
    detail: str
    remedy: str
    instance: str | None = None


class Page(Model, Generic[Item]):
    """A page of a list; ``next`` is the cursor of the following one, null at the end."""

    items: list[Item]
    next: str | None
