"""Statements about platforms: who may write, with which keys."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from ledger.statements.base import Part, Statement
from ledger.statements.values import Id, Timestamp

MAX_KEYS: Final = 100
"""Of a platform, those included whose time is over."""
Scope = Literal["submit", "review", "settle", "admin"]
KeyId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
_MEMBER: Final = "mem_[0-9a-f]{16}"
MemberId = Annotated[str, Meta(pattern=rf"^{_MEMBER}\Z")]
"""A person of a platform; their name is nowhere in the log."""
ActorId = Annotated[str, Meta(pattern=rf"^(?:[0-9a-f]{{16}}|{_MEMBER})\Z")]
"""Who did it: a key's id, or a member's where it was done with their session."""
_THING: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SubjectId = Annotated[str, Meta(pattern=rf"^(?:{_THING}|{_MEMBER})\Z")]
"""What it was done to: an ``Id``, or a member."""


class Key(Part, frozen=True, kw_only=True):
    """An API key by its public id; its secret is nowhere in the log."""

    id: KeyId
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=4)]
    expires: Timestamp | None = None
    """From then on it opens nothing."""


class PlatformRegistered(Statement, frozen=True, kw_only=True, tag_field="kind", tag="platform.registered"):
    """A platform may write, with these keys."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    keys: Annotated[list[Key], Meta(max_length=MAX_KEYS)]


Act = Literal[
    "hook.made",
    "hook.changed",
    "hook.removed",
    "hook.rotated",
    "endpoint.made",
    "endpoint.changed",
    "endpoint.removed",
    "endpoint.rotated",
    "member.made",
    "member.changed",
    "member.removed",
    "member.invited",
]
"""A hook is a webhook that a platform sends us, an endpoint is where we send events; rotated are their secrets. A
member is a person of the platform; invited is who was given a link to sign in: whoever made it could use it as well."""


class AdminActed(Statement, frozen=True, kw_only=True, tag_field="kind", tag="admin.acted"):
    """A platform's administrator, by the key that was used or the member they are, changed what the service does."""

    platform: Id
    by: ActorId
    act: Act
    subject: SubjectId


class KeyRotated(Statement, frozen=True, kw_only=True, tag_field="kind", tag="key.rotated"):
    """From here on these, and no others, are the platform's keys."""

    platform: Id
    keys: Annotated[list[Key], Meta(max_length=MAX_KEYS)]
    by: ActorId | None = None
    """Who asked for it; the operator's command has none."""
