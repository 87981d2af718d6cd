"""Mandates of auditors: who may open commitments, and what they were given."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ledger.wire.replies import Written
from ledger.wire.values import Id, Model, Moment, Title


class NewMandate(Model):
    """Lets an auditor open commitments of all the platform's campaigns, or of one, until a date."""

    name: Title
    until: Moment
    campaign: Id | None = None


class MandateWritten(Written):
    """``token`` is the auditor's, shown this once and stored nowhere."""

    token: str = Field(repr=False)


class Mandate(Model):
    """A mandate; ``opened`` is how many openings were given under it."""

    id: str
    index: int
    name: str
    campaign: str | None
    until: str
    opened: int


class Opened(Model):
    """An opening given to an auditor; entry ``index`` of the log says that it was."""

    index: int
    opening: dict[str, Any]
    receipt: dict[str, Any]
