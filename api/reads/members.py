"""Members of platforms, as their platforms see them, and what their sessions open now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec
from sqlalchemy import ColumnElement, Row, select

from api.reads import Reads
from ledger.db.tables import members, platforms, sessions
from ledger.errors import NotFoundError
from ledger.statements.values import format_time
from ledger.wire.members import MAX_MEMBERS, Member, Role

_ID: Final = re.compile("mem_[0-9a-f]{16}")
_MAX_PLATFORMS: Final = 100
"""Whose member one wallet can be asked for."""


class Seat(msgspec.Struct, frozen=True, gc=False):
    """What a member's session opens: as it is now, not as it was when they signed in."""

    digest: bytes
    member: str
    platform: str
    role: Role
    expires_ms: int


class Membership(NamedTuple):
    """A platform that a wallet signs in to, and as whom."""

    platform: str
    platform_name: str
    member: Member


def is_member_id(text: str) -> bool:
    """Whether ``text`` has the form of a member's id."""
    return _ID.fullmatch(text) is not None


async def find_seat(reads: Reads, digest: bytes, now_ms: int) -> Seat | None:
    """What the session of a token opens; None where it is over, or its member gone."""
    of, who = sessions.c, members.c
    mine = (who.log == of.log) & (who.id == of.contributor) & (who.platform == of.platform)
    query = (
        select(of.digest, of.expires_ms, who.id, who.platform, who.role)
        .join_from(sessions, members, mine)
        .where(of.log == reads.log, of.digest == digest, of.expires_ms >= now_ms)
    )
    row = await reads.one(query)
    return None if row is None else Seat(bytes(row.digest), row.id, row.platform, row.role, row.expires_ms)


async def list_members(reads: Reads, platform: str) -> list[Member]:
    """A platform's members, the oldest first."""
    query = _of(reads, platform).order_by(members.c.at_ms, members.c.id).limit(MAX_MEMBERS)
    return [_member(row) for row in await reads.all(query)]


async def find_member(reads: Reads, platform: str, id_: str) -> Member:
    """One member. Raises NotFoundError, also for another platform's."""
    row = await reads.one(_of(reads, platform, members.c.id == id_)) if is_member_id(id_) else None
    if row is None:
        raise no_member(id_)
    return _member(row)


async def is_member(reads: Reads, platform: str, id_: str) -> bool:
    """Whether it is a member of the platform now."""
    return is_member_id(id_) and await reads.one(_of(reads, platform, members.c.id == id_)) is not None


def no_member(id_: str) -> NotFoundError:
    """That there is none of this id, or that it is another platform's."""
    return NotFoundError(f"Your platform has no member {id_}.", remedy="GET /v1/members lists your members.")


async def memberships(reads: Reads, wallet: str, platform: str | None) -> Sequence[Membership]:
    """Whose member a wallet is: of ``platform``, or of all."""
    who = members.c
    query = (
        select(members, platforms.c.name.label("platform_name"))
        .join_from(members, platforms, (platforms.c.log == who.log) & (platforms.c.id == who.platform))
        .where(who.log == reads.log, who.wallet == wallet)
        .order_by(who.platform)
        .limit(_MAX_PLATFORMS)
    )
    found = await reads.all(query if platform is None else query.where(who.platform == platform))
    return [Membership(row.platform, row.platform_name, _member(row)) for row in found]


def _of(reads: Reads, platform: str, *more: ColumnElement[bool]) -> Any:
    return select(members).where(members.c.log == reads.log, members.c.platform == platform, *more)


def _member(row: Row[Any]) -> Member:
    return Member(
        member=row.id,
        name=row.name,
        role=cast(Role, row.role),
        wallet=row.wallet or None,
        added=format_time(row.at_ms),
    )
