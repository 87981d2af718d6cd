"""The service's own statements."""

from __future__ import annotations

import msgspec

from ledger.statements.kinds import AnyStatement


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A statement of the service's own (worker, opening of the log); only its ``at`` is set anew."""

    statement: AnyStatement
