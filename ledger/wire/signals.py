"""Signs of fraud, as evidence for a person."""

from __future__ import annotations

from ledger.wire.values import Model


class SignalPerson(Model):
    """Somebody whom a signal is about: the platform's own id and the public one."""

    contributor: str
    public_id: str


class Signal(Model):
    """Why somebody should look; ``strength`` is in [0, 1]. Never a verdict."""

    kind: str
    people: list[SignalPerson]
    strength: str
    evidence: str
    contributions: list[str]


class Signals(Model):
    """The strongest signals first, from the newest ``looked_at`` contributions; ``complete``: there were no others."""

    signals: list[Signal]
    looked_at: int
    complete: bool
