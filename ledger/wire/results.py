"""What came out of a campaign, published so that anybody can count again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from ledger.wire.replies import Written
from ledger.wire.values import Document, Id, Model, OwnId, Word

MAX_RESULT_ENTRIES = 50_000


class ResultMethod(Model):
    """How a result was made: a name, a version and parameters of the platform's own."""

    name: Word
    version: Word
    parameters: (
        Annotated[dict[Word, Annotated[str, StringConstraints(max_length=500)]], Field(max_length=50)] | None
    ) = None


class NewResult(Model):
    """A result to publish: the platform's own document, or one that the service makes.

    Own: ``result``, ``method`` and the ``entries`` (contributions) that it was made from. Made: ``make`` is tally (how
    often each answer), labels (each task's most frequent answer), ranking (by score) or assembly (all contents), from
    everything that stands as accepted; ``field`` names the member of the contents that holds the answer.
    ``public``: everybody is given the document. Left out, it is; but not the contents that an assembly is made of.
    """

    make: Literal["tally", "labels", "ranking", "assembly"] | None = None
    field: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    result: Document = None
    method: ResultMethod | None = None
    entries: Annotated[list[Id], Field(min_length=1, max_length=MAX_RESULT_ENTRIES)] | None = None
    public: bool | None = None
    external_id: OwnId | None = None

    @property
    def is_public(self) -> bool:
        """Whether everybody is given the document."""
        return self.make != "assembly" if self.public is None else self.public


class ResultWritten(Written):
    """``document`` is where the published document can be read, whatever its size."""

    document: str


class Result(Model):
    """A published result. ``result`` and ``opening`` are null where it is not public or was erased.

    A document too large for one statement's content is a file; ``result`` is then ``{"sha256","bytes","type"}`` and
    ``document`` gives its bytes.
    """

    id: str
    campaign: str
    index: int
    at: str
    method: dict[str, Any]
    entries: str
    count: int
    commitment: str
    public: bool
    result: Any
    opening: dict[str, Any] | None
    document: str
    receipt: str


class ResultLine(Model):
    """A result in a list."""

    id: str
    index: int
    at: str
    method: str
    count: int
    public: bool
    url: str
