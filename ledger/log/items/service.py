"""The service's own statements."""

from __future__ import annotations

import msgspec

from ledger.statements.kinds import AnyStatement


class Fence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The worker's lease under which something is written: refused once it is another worker's."""

    holder: str
    token: int


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A statement of the service's own (worker, opening of the log); only its ``at`` is set anew."""

    statement: AnyStatement
    fence: Fence | None = None
