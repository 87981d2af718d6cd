"""The keys of a log, for whoever trusts one of them."""

from __future__ import annotations

from ledger.wire.values import Model


class LogKey(Model):
    """A key, the entry that put it in force, and, but for the first, the tlog-proof of that entry."""

    key: str
    from_index: int
    proof: str | None = None


class LogKeys(Model):
    """All keys that the log has had, the one in force last (docs/formats)."""

    v: int = 1
    keys: list[LogKey]
