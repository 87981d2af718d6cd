"""What a program that imports for a platform tells of itself, so that its people see how far it is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ledger.wire.values import Id, Model, Title, Word

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
ImportState = Literal["running", "done", "stopped", "failed"]


class Things(Model):
    """How many of each kind."""

    task: Count = 0
    contribution: Count = 0
    decision: Count = 0


class NewImport(Model):
    """An import that begins: which connector reads which file or source into which campaign."""

    campaign: Id
    connector: Word
    form: Word
    file: Title
    """A name to know it by, without its folder."""


class ImportProgress(Model):
    """How far an import is. ``rows`` were read, of which some were ``used``, ``refused`` or rightly left out.

    ``written`` counts what is new in the log, ``known`` what was there already; ``expected`` is how many rows there may
    be, null if nobody can say; ``detail`` is why it failed.
    """

    state: ImportState = "running"
    expected: Count | None = None
    rows: Count
    used: Count
    refused: Count
    skipped: Count = 0
    written: Things = Things()
    known: Things = Things()
    detail: Annotated[str, StringConstraints(max_length=1000)] | None = None


class Import(ImportProgress):
    """An import as it was last heard of at ``seen``; one that nobody heard of for a minute counts as stopped."""

    id: Id
    campaign: Id
    connector: Word
    form: Word
    file: Title
    began: str
    seen: str
    ended: str | None
