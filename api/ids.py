"""Ids in paths and queries."""

from __future__ import annotations

import re

from ledger.errors import NotFoundError

_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of our ids."""
    return _ID.fullmatch(text) is not None


def check_id(text: str, kind: str) -> str:
    """``text`` if it has the form of our ids; otherwise nothing can be found under it (NotFoundError)."""
    if not is_id(text):
        raise NotFoundError(
            f"There is no {kind} of this id: it is not a lower-case UUID of version 7.",
            remedy="Use the id that the reply to your write gave.",
        )
    return text
