"""The service's own statements."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.statements.kinds import AnyStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A statement of the service's own (worker, opening of the log); only its ``at`` is set anew."""

    statement: AnyStatement
