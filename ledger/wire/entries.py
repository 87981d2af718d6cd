"""Entries of the log, as they are looked up."""

from __future__ import annotations

from typing import Any

from ledger.wire.replies import State
from ledger.wire.values import Model


class Entry(Model):
    """An entry. The canonical bytes (RFC 8785) of ``statement`` are what the log holds: with a zero byte before them
    they hash to ``leaf_hash``. ``status`` is how firm it is now: a reorganisation of the chain can take ``anchored``
    back. ``url`` is a page, ``receipt`` and ``proof`` are files that prove the entry offline."""

    index: int
    kind: str
    at: str
    leaf_hash: str
    status: State
    statement: dict[str, Any]
    url: str
    receipt: str
    proof: str


class Existing(Model):
    """What an external id names already, in a problem ``id-reused``: its id and entry, and the original receipt."""

    id: str
    index: int
    url: str
    receipt: dict[str, Any]
