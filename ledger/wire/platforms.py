"""Platforms and their API keys."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from ledger.statements.platforms import Scope
from ledger.wire.members import Member
from ledger.wire.replies import Written
from ledger.wire.values import Model, Moment, OwnId, Title

MAX_OVERLAP_SECONDS: Final = 30 * 86_400


def _distinct(scopes: list[Scope]) -> list[Scope]:
    if len(set(scopes)) != len(scopes):
        raise ValueError("a scope is named once")
    return scopes


Scopes = Annotated[list[Scope], Field(min_length=1, max_length=4), AfterValidator(_distinct)]


class NewPlatform(Model):
    """A platform to register; its first key has every scope."""

    name: Title
    external_id: OwnId | None = None


class NewKey(Model):
    """A key to add to the platform. Without ``expires`` it counts until it is revoked."""

    scopes: Scopes
    expires: Moment | None = None


class RotateKey(Model):
    """A key to put in the place of another one, which counts for ``overlap_seconds`` more."""

    overlap_seconds: Annotated[int, Field(ge=0, le=MAX_OVERLAP_SECONDS)] = 86_400


class KeyWritten(Written):
    """``key`` is shown this once and stored nowhere; a repeated request cannot show it again (null)."""

    key: str | None = Field(repr=False)


class Key(Model):
    """A key by its public id."""

    id: str
    scopes: list[str]
    expires: str | None
    last_used: str | None
    """To a minute or so; None where it was not used since this is noted."""


class CurrentKey(Model):
    """The key that asks, and whose it is; with a member's session the ``member``, their id and the session's end."""

    id: str
    scopes: list[str]
    expires: str | None
    platform: str
    platform_name: str
    member: Member | None = None
