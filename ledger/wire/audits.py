"""Audits that a service runs of itself when it is asked to."""

from __future__ import annotations

from typing import Any, Literal

from ledger.wire.values import Model


class AuditLine(Model):
    """An audit that was asked for. ``state`` is asked, running, done or failed; what is not known yet is null.

    ``errors``, ``warnings`` and ``notes`` count findings; ``anchored`` is the anchored size that the chain showed.
    """

    id: str
    state: Literal["asked", "running", "done", "failed"]
    by_operator: bool
    """Whether the operator asked, or somebody else."""
    at: str
    started: str | None
    ended: str | None
    verdict: Literal["pass", "fail"] | None
    entries: int | None
    anchored: int | None
    errors: int | None
    warnings: int | None
    notes: int | None
    detail: str | None
    """Why there is no report, where it failed."""
    url: str


class AuditReport(AuditLine):
    """The same with its ``report``, as ``crowdledger audit --json`` prints it."""

    report: dict[str, Any] | None
