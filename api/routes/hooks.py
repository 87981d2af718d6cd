"""Webhooks that platforms send us: made and looked after with a platform's key, and where their deliveries come in."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.acts import check_notable, note_act
from api.auth import Caller, needs
from api.ids import check_id, is_id
from api.inbox import deliveries, receiving
from api.inbox.receiving import hooks_of
from api.lookup import find_campaign
from api.service import new_id, service_of
from ledger.errors import FieldError
from ledger.wire import MAX_PAGE_ITEMS, Page
from ledger.wire.hooks import DeliveryLine, Hook, HookChange, HookWritten, NewHook, NewSecret, Received, Waits

router = APIRouter(prefix="/v1/hooks", tags=["webhooks in"])


@router.post("", status_code=201)
async def make_hook(
    new: NewHook, request: Request, response: Response, caller: Annotated[Caller, needs("admin")]
) -> HookWritten:
    """Make a webhook: the address and the secret to enter at the platform. The secret is shown this once."""
    service = service_of(request)
    await find_campaign(service.reader, new.campaign, caller.platform)
    check_notable(service)
    made = await hooks_of(service).make(caller.platform, new, new_id())
    await note_act(service, caller, "hook.made", made.id)
    response.headers["Location"] = service.url(f"/v1/hooks/{made.id}")
    return made


@router.get("")
async def list_hooks(request: Request, caller: Annotated[Caller, needs("admin")]) -> Page[Hook]:
    """The platform's webhooks, the newest first, with how many of their deliveries wait or could not be used."""
    return Page(items=await hooks_of(service_of(request)).all(caller.platform), next=None)


@router.get("/{hook}")
async def get_hook(hook: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> Hook:
    """One webhook of the platform."""
    return await hooks_of(service_of(request)).show(caller.platform, check_id(hook, "webhook"))


@router.patch("/{hook}")
async def change_hook(
    hook: str, change: HookChange, request: Request, caller: Annotated[Caller, needs("admin")]
) -> Hook:
    """Change the address or the token with which the platform is asked back, or the rate of bonuses."""
    service = service_of(request)
    check_notable(service)
    changed = await hooks_of(service).change(caller.platform, check_id(hook, "webhook"), change)
    await note_act(service, caller, "hook.changed", changed.id)
    return changed


@router.delete("/{hook}", status_code=204)
async def delete_hook(hook: str, request: Request, caller: Annotated[Caller, needs("admin")]) -> None:
    """Delete a webhook with its deliveries, those that wait included. What it recorded stays in the log."""
    service, own = service_of(request), check_id(hook, "webhook")
    check_notable(service)
    await hooks_of(service).remove(caller.platform, own)
    await note_act(service, caller, "hook.removed", own)


@router.post("/{hook}/rotate")
async def rotate_secret(
    hook: str, new: NewSecret, request: Request, caller: Annotated[Caller, needs("admin")]
) -> HookWritten:
    """Put another secret in force; the old one stays good for a while, a day if nothing is said."""
    service = service_of(request)
    check_notable(service)
    rotated = await hooks_of(service).rotate(caller.platform, check_id(hook, "webhook"), new)
    await note_act(service, caller, "hook.rotated", rotated.id)
    return rotated


@router.get("/{hook}/deliveries")
async def list_deliveries(
    hook: str,
    request: Request,
    caller: Annotated[Caller, needs("admin")],
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 50,
) -> Page[DeliveryLine]:
    """A webhook's deliveries, the newest first: what became of each, and why."""
    service = service_of(request)
    if cursor is not None and not is_id(cursor):
        raise FieldError("cursor: This is not a cursor.", field="cursor", remedy="Send 'next' of the last page as is.")
    found = await hooks_of(service).show(caller.platform, check_id(hook, "webhook"))
    lines = await deliveries.page(service.reads, service.public_url, found.id, cursor, limit + 1)
    return Page(items=lines[:limit], next=lines[limit - 1].id if len(lines) > limit else None)


@router.post("/{hook}/deliveries/{delivery}/retry", status_code=202)
async def retry_delivery(
    hook: str, delivery: str, request: Request, caller: Annotated[Caller, needs("admin")]
) -> Received:
    """Work once more on a delivery that is refused or dead, once its reason is gone."""
    service = service_of(request)
    found = await hooks_of(service).show(caller.platform, check_id(hook, "webhook"))
    own = check_id(delivery, "delivery")
    await deliveries.retry(service.reads, found.id, own, time.time_ns() // 1_000_000)
    service.door.arrived.set()
    return Received(delivery=own)


@router.get("/{connector}/{hook}")
async def greet(connector: str, hook: str) -> Waits:
    """Whatever the address: deliveries are POSTed here. Some platforms look whether it answers before they take it."""
    return Waits(method="POST")


@router.post("/{connector}/{hook}")
async def receive_delivery(connector: str, hook: str, request: Request) -> Received:
    """Where a platform delivers. Its signature is checked; the work is done afterwards.

    One that comes again is answered in the same way and is nothing new. Everything but a genuine delivery is refused
    in one way, whether there is such a webhook or not.
    """
    return Received(delivery=await receiving.receive(service_of(request), connector, hook, request))
