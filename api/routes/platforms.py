"""Platforms and their API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.auth import ALL_SCOPES, Caller, admin, make_key, needs
from api.openapi import writes
from api.reads.people import platform_names
from api.replies import entry_page, write_reply
from api.service import new_id, service_of
from ledger.errors import NotFoundError
from ledger.log.items import AddKey, RegisterPlatform, RevokeKey
from ledger.wire import CurrentKey, Key, KeyWritten, NewKey, NewPlatform, Page, Written

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
    """The platform's keys by their public ids."""
    return Page(
        items=[
            Key(id=key.id, scopes=sorted(key.scopes))
            for key in await service_of(request).reader.keys(caller.platform)
            if not key.revoked
        ],
        next=None,
    )


@router.get("/keys/current")
async def get_current_key(request: Request, caller: Annotated[Caller, needs(None)]) -> CurrentKey:
    """The key that asks: its scopes, and the platform it is of."""
    names = await platform_names(service_of(request).reads, [caller.platform])
    return CurrentKey(
        id=caller.key_id,
        scopes=sorted(caller.scopes),
        platform=caller.platform,
        platform_name=names[caller.platform],
    )


@router.post("/keys", **writes(KeyWritten))
async def add_key(new: NewKey, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Add a key; it is shown this once."""
    service = service_of(request)
    text, key = make_key(tuple(new.scopes))
    written = await service.writer.write(AddKey(platform=caller.platform, key=key))
    return await write_reply(service, written, entry_page, key=text)


@router.delete("/keys/{key}", **writes(Written))
async def revoke_key(key: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Response:
    """Revoke a key; other processes of the service follow within seconds."""
    service = service_of(request)
    if all(known.id != key for known in await service.reader.keys(caller.platform)):
        raise NotFoundError(f"Your platform has no key {key}.", remedy="GET /v1/keys lists your keys.")
    written = await service.writer.write(RevokeKey(platform=caller.platform, key_id=key))
    service.keys.forget(key)
    return await write_reply(service, written, entry_page)
