"""Statements about the log itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ledger.statements.base import Statement
from ledger.statements.values import Seconds

Origin = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]{0,126}[a-z0-9])?(/[a-z0-9][a-z0-9._-]{0,63}){0,4}\Z")]
"""A log's name: a schema-less URL such as ``example.org/crowd`` (C2SP tlog-checkpoint), never a host of the moment."""


class LogOpened(Statement, frozen=True, kw_only=True, tag_field="kind", tag="log.opened"):
    """Entry 0: the log's name, its key and how long a linked wallet waits."""

    origin: Origin
    key: Annotated[str, Meta(max_length=300)]
    """The log's verifier key, a C2SP vkey."""
    wallet_delay: Seconds


class ClockTick(Statement, frozen=True, kw_only=True, tag_field="kind", tag="clock.tick"):
    """Nothing but the time, so that an idle log's deadlines pass."""
