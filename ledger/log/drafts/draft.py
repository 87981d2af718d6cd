"""A statement to be, with what the database keeps beside it."""

from __future__ import annotations

from typing import NamedTuple

from ledger.db.rows import ApiKeyRow, ContributorRow
from ledger.statements.commitments import Opening
from ledger.statements.contents import Purpose
from ledger.statements.kinds import AnyStatement


class Kept(NamedTuple):
    """An opening to keep: of what purpose, and the id of what carries the commitment."""

    purpose: Purpose
    subject: str
    opening: Opening


class Draft(NamedTuple):
    """A statement to be. ``opening`` is what the caller is answered, ``kept`` what the database keeps."""

    statement: AnyStatement
    opening: Opening | None = None
    kept: tuple[Kept, ...] = ()
    person: ContributorRow | None = None
    """Somebody whom the log names for the first time."""
    key: ApiKeyRow | None = None
    revoked: str | None = None
    expired: tuple[str, int] | None = None
    """A key of before, and from when on it opens nothing."""
