"""Statements about the log itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ledger.statements.base import Statement
from ledger.statements.values import Seconds

Origin = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]{0,126}[a-z0-9])?(/[a-z0-9][a-z0-9._-]{0,63}){0,4}\Z")]
"""A log's name: a schema-less URL such as ``example.org/crowd`` (C2SP tlog-checkpoint), never a host of the moment."""

Vkey = Annotated[str, Meta(max_length=300)]
"""A verifier key as C2SP signed-note writes it."""
Ed25519Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{128}\Z")]
"""64 bytes (RFC 8032) as lower-case hex digits."""


class LogOpened(Statement, frozen=True, kw_only=True, tag_field="kind", tag="log.opened"):
    """Entry 0: the log's name, its key and how long a linked wallet waits."""

    origin: Origin
    key: Vkey
    """The log's first verifier key."""
    wallet_delay: Seconds


class LogKeyRotated(Statement, frozen=True, kw_only=True, tag_field="kind", tag="log.key_rotated"):
    """From this entry on another key signs the log's checkpoints. Both keys sign ``ledger.tree.key_chain``'s text."""

    key: Vkey
    """The new verifier key, of the same origin."""
    previous: Vkey
    """The key that was in force."""
    signature: Ed25519Signature
    """By the new key, whose holder proves to have it."""
    endorsed: Ed25519Signature
    """By the previous key: whoever trusts that one may trust the new one."""


class ClockTick(Statement, frozen=True, kw_only=True, tag_field="kind", tag="clock.tick"):
    """Nothing but the time, so that an idle log's deadlines pass."""
