"""The people of a platform: who they are, and what their role lets them do."""

from __future__ import annotations

from typing import Final, Literal

from ledger.statements.platforms import Scope
from ledger.wire.values import Address, Model, Title

MAX_MEMBERS: Final = 200
"""Of a platform."""
Role = Literal["owner", "manager", "reviewer", "treasurer", "viewer"]
ROLES: Final[dict[Role, tuple[Scope, ...]]] = {
    "owner": ("submit", "review", "settle", "admin"),
    "manager": ("submit", "review", "settle"),
    "reviewer": ("review",),
    "treasurer": ("settle",),
    "viewer": (),
}
"""The scopes of each role; what every key may read, all of them may."""


class NewMember(Model):
    """A person of the platform. ``name`` is private; ``wallet`` is what they sign in with, if not by links only."""

    name: Title
    role: Role
    wallet: Address | None = None


class MemberChange(Model):
    """What is to change of a member; what is left out or null stays, and an empty ``wallet`` takes it away.

    Another role or wallet ends their sessions, and what links to sign in they have.
    """

    name: Title | None = None
    role: Role | None = None
    wallet: Address | Literal[""] | None = None


class Member(Model):
    """A person of the platform. ``member`` names them in the log, and as a reviewer."""

    member: str
    name: str
    role: Role
    wallet: str | None
    added: str
