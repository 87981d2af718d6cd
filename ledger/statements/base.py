"""What every statement has: version, kind and time."""

from __future__ import annotations

from typing import Literal

import msgspec

from ledger.statements.values import Timestamp


# Statements are trees, so they need no garbage collector; a log has millions of them.
class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of all statements; a subclass's tag is its ``kind``. Members that do not apply are None, not written."""

    v: Literal[1]
    at: Timestamp


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of the objects inside statements."""
