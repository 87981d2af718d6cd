"""Platforms and their API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.auth import ALL_SCOPES, Caller, admin, make_key, needs
from api.key_uses import last_uses
from api.openapi import writes
from api.reads.members import find_member
from api.reads.people import platform_names
from api.replies import entry_page, write_reply
from api.service import Service, new_id, service_of
from ledger.errors import NotFoundError
from ledger.log.items import AddKey, RegisterPlatform, RevokeKey
from ledger.log.shapes import StoredKey
from ledger.statements.values import format_time, time_ms
from ledger.wire import CurrentKey, Key, KeyWritten, NewKey, NewPlatform, Page, RotateKey, Written

router = APIRouter(prefix="/v1", tags=["platforms"])


@router.post("/platforms", dependencies=[Depends(admin)], **writes(KeyWritten))
async def register_platform(new: NewPlatform, request: Request) -> Response:
    """Register a platform; its first key, which has every scope, is shown this once. For the operator's admin key."""
    service = service_of(request)
    text, key = make_key(ALL_SCOPES)
    item = RegisterPlatform(id=new_id(), name=new.name, key=key, external_id=new.external_id)
    written = await service.writer.write(item)
    return await write_reply(service, written, entry_page, key=None if written.repeated else text)


@router.get("/keys")
async def get_keys(request: Request, caller: Annotated[Caller, needs("admin")]) -> Page[Key]:
    """The platform's keys by their public ids, those whose time is over included."""
    service = service_of(request)
    stored = [key for key in await service.reader.keys(caller.platform) if not key.revoked]
    uses = await last_uses(service.reads, (key.id for key in stored))
    items = [
        Key(id=key.id, scopes=sorted(key.scopes), expires=_time(key.expires_ms), last_used=_time(uses.get(key.id)))
        for key in stored
    ]
    return Page(items=items, next=None)


@router.get("/keys/current")
async def get_current_key(request: Request, caller: Annotated[Caller, needs(None)]) -> CurrentKey:
    """The key or the member that asks: the scopes, and the platform."""
    service = service_of(request)
    names = await platform_names(service.reads, [caller.platform])
    member = None if caller.member is None else await find_member(service.reads, caller.platform, caller.member)
    return CurrentKey(
        id=caller.by,
        scopes=sorted(caller.scopes),
        expires=_time(caller.expires_ms),
        platform=caller.platform,
        platform_name=names[caller.platform],
        member=member,
    )


@router.post("/keys", **writes(KeyWritten))
async def add_key(new: NewKey, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Add a key; it is shown this once."""
    service = service_of(request)
    text, key = make_key(tuple(new.scopes), None if new.expires is None else time_ms(new.expires))
    written = await service.writer.write(AddKey(platform=caller.platform, key=key, by=caller.by))
    return await write_reply(service, written, entry_page, key=text)


@router.post("/keys/{key}/rotate", **writes(KeyWritten))
async def rotate_key(
    key: str, request: Request, caller: Annotated[Caller, needs("admin")], wish: RotateKey | None = None
) -> Response:
    """A new key with the same scopes and the same end, shown this once; the old one counts for a while (a day)."""
    service = service_of(request)
    old = await _key(service, caller.platform, key)
    text, made = make_key(tuple(scope for scope in ALL_SCOPES if scope in old.scopes), old.expires_ms)
    overlap_ms = (wish or RotateKey()).overlap_seconds * 1000
    item = AddKey(platform=caller.platform, key=made, rotates=key, overlap_ms=overlap_ms, by=caller.by)
    written = await service.writer.write(item)
    service.keys.forget(key)
    return await write_reply(service, written, entry_page, key=text)


@router.delete("/keys/{key}", **writes(Written))
async def revoke_key(key: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Revoke a key; other processes of the service follow within seconds."""
    service = service_of(request)
    await _key(service, caller.platform, key, revoked=True)
    written = await service.writer.write(RevokeKey(platform=caller.platform, key_id=key, by=caller.by))
    service.keys.forget(key)
    return await write_reply(service, written, entry_page)


async def _key(service: Service, platform: str, key: str, *, revoked: bool = False) -> StoredKey:
    """A key of the platform; one that was ``revoked`` only if asked. Raises NotFoundError."""
    for known in await service.reader.keys(platform):
        if known.id == key and (revoked or not known.revoked):
            return known
    raise NotFoundError(f"Your platform has no key {key}.", remedy="GET /v1/keys lists your keys.")


def _time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else format_time(milliseconds)
