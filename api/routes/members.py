"""Members: the people of a platform, what their role lets them do, and how they come in."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.acts import check_notable, note_act
from api.auth import Caller, digest_of, needs
from api.members import Members
from api.reads.members import find_member, list_members
from api.service import Service, service_of
from api.sessions import LINK_SECONDS, new_link_token
from ledger.statements.values import format_time
from ledger.wire import Page
from ledger.wire.members import Member, MemberChange, NewMember
from ledger.wire.people import SignInLink

router = APIRouter(prefix="/v1/members", tags=["members"])
Admin = Annotated[Caller, needs("admin")]


@router.post("", status_code=201)
async def make_member(new: NewMember, request: Request, response: Response, caller: Admin) -> Member:
    """Add a person to the platform. They come in by a sign-in link, or by their wallet."""
    service = service_of(request)
    check_notable(service)
    made = await _members(service, caller).make(new)
    await note_act(service, caller, "member.made", made.member)
    response.headers["Location"] = service.url(f"/v1/members/{made.member}")
    return made


@router.get("")
async def get_members(request: Request, caller: Admin) -> Page[Member]:
    """The platform's members, the oldest first."""
    return Page(items=await list_members(service_of(request).reads, caller.platform), next=None)


@router.get("/{member}")
async def get_member(member: str, request: Request, caller: Admin) -> Member:
    """One member."""
    return await find_member(service_of(request).reads, caller.platform, member)


@router.patch("/{member}")
async def change_member(member: str, change: MemberChange, request: Request, caller: Admin) -> Member:
    """Change a member. Another role or wallet ends their sessions at once. A platform keeps its last owner."""
    service = service_of(request)
    check_notable(service)
    changed = await _members(service, caller).change(member, change)
    await note_act(service, caller, "member.changed", changed.member)
    return changed


@router.delete("/{member}", status_code=204)
async def remove_member(member: str, request: Request, caller: Admin) -> None:
    """Remove a member; their sessions end at once. Keys that they made, or saw, go on: revoke those too."""
    service = service_of(request)
    check_notable(service)
    await _members(service, caller).remove(member)
    await note_act(service, caller, "member.removed", member)


@router.post("/{member}/sign-in-links", status_code=201)
async def make_member_link(member: str, request: Request, caller: Admin) -> SignInLink:
    """A token with which a member signs in once, within a quarter of an hour. Shown once, and noted in the log."""
    service = service_of(request)
    check_notable(service)
    token = new_link_token(member=True)
    now_ms = time.time_ns() // 1_000_000
    expires_ms = now_ms + LINK_SECONDS * 1000
    await _members(service, caller).invite(member, digest_of(token), now_ms, expires_ms)
    await note_act(service, caller, "member.invited", member)
    url = service.url(f"/platform#link={token}")
    return SignInLink(token=token, url=url, expires_at=format_time(expires_ms))


def _members(service: Service, caller: Caller) -> Members:
    return Members(service.reads, caller.platform, caller.member)
