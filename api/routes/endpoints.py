"""Endpoints: where a platform is told of events, signed as Standard Webhooks has it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from api import cursors
from api.acts import check_notable, note_act
from api.auth import Caller, needs
from api.endpoints import Endpoints
from api.ids import check_id
from api.reads import endpoints as reads
from api.service import Service, new_id, service_of
from ledger.errors import UnavailableError
from ledger.log.writer import system_clock_ms
from ledger.statements.values import MAX_COUNT
from ledger.wire import MAX_PAGE_ITEMS, Page
from ledger.wire.endpoints import (
    Endpoint,
    EndpointChange,
    EndpointTested,
    EndpointWritten,
    NewEndpoint,
    Replay,
    Rotation,
    Sending,
    SendingState,
)

router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"])
Admin = Annotated[Caller, needs("admin")]
Number = Annotated[int, Path(ge=1, le=MAX_COUNT)]


@router.post("", status_code=201)
async def make_endpoint(new: NewEndpoint, request: Request, caller: Admin) -> EndpointWritten:
    """Make an endpoint: events from now on are sent there. The secret that signs them is shown this once."""
    service = service_of(request)
    if service.deployment is None:
        raise UnavailableError(
            "This log has no worker, which would send.", remedy="Operator: run 'crowdledger deploy' and the worker."
        )
    check_notable(service)
    made = await _endpoints(service).make(caller.platform, new, new_id())
    await note_act(service, caller, "endpoint.made", made.id)
    return made


@router.get("")
async def list_endpoints(request: Request, caller: Admin) -> Page[Endpoint]:
    """The platform's endpoints."""
    found = await reads.list_endpoints(service_of(request).reads, caller.platform, system_clock_ms())
    return Page(items=found, next=None)


@router.get("/{endpoint}")
async def get_endpoint(endpoint: str, request: Request, caller: Admin) -> Endpoint:
    """One endpoint, and how it stands."""
    id_ = check_id(endpoint, "endpoint")
    return await reads.find_endpoint(service_of(request).reads, caller.platform, id_, system_clock_ms())


@router.patch("/{endpoint}")
async def change_endpoint(endpoint: str, new: EndpointChange, request: Request, caller: Admin) -> Endpoint:
    """Change an endpoint, disable it, or enable it again: it then gets what happened meanwhile."""
    service = service_of(request)
    check_notable(service)
    changed = await _endpoints(service).change(caller.platform, check_id(endpoint, "endpoint"), new)
    await note_act(service, caller, "endpoint.changed", changed.id)
    return changed


@router.delete("/{endpoint}", status_code=204)
async def remove_endpoint(endpoint: str, request: Request, caller: Admin) -> None:
    """Remove an endpoint with all that is known of what was sent there."""
    service, own = service_of(request), check_id(endpoint, "endpoint")
    check_notable(service)
    await _endpoints(service).remove(caller.platform, own)
    await note_act(service, caller, "endpoint.removed", own)


@router.post("/{endpoint}/rotate")
async def rotate_secret(
    endpoint: str, request: Request, caller: Admin, rotation: Rotation | None = None
) -> EndpointWritten:
    """Put a new secret in force, shown this once. The old one signs as well for a day, or as long as is said."""
    overlap = (rotation or Rotation()).old_for_seconds
    service = service_of(request)
    check_notable(service)
    rotated = await _endpoints(service).rotate(caller.platform, check_id(endpoint, "endpoint"), overlap)
    await note_act(service, caller, "endpoint.rotated", rotated.id)
    return rotated


@router.post("/{endpoint}/test")
async def test_endpoint(endpoint: str, request: Request, caller: Admin) -> EndpointTested:
    """Send one ``endpoint.test`` event now, and say how it went."""
    return await _endpoints(service_of(request)).test(caller.platform, check_id(endpoint, "endpoint"), new_id())


@router.post("/{endpoint}/replay", status_code=202)
async def replay_events(endpoint: str, replay: Replay, request: Request, caller: Admin) -> Endpoint:
    """Send all events behind a number again, as far back as events are kept."""
    return await _endpoints(service_of(request)).replay(caller.platform, check_id(endpoint, "endpoint"), replay.after)


@router.get("/{endpoint}/sendings")
async def list_sendings(
    endpoint: str,
    request: Request,
    caller: Admin,
    state: SendingState | None = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 50,
) -> Page[Sending]:
    """The delivery log, the newest events first; of one state where it is given."""
    found = service_of(request).reads
    id_ = (await reads.endpoint_row(found, caller.platform, check_id(endpoint, "endpoint"))).id
    items, more = await reads.list_sendings(found, id_, state, cursors.decode(cursor), limit)
    return Page(items=items, next=cursors.encode(more))


@router.post("/{endpoint}/sendings/{event}/retry", status_code=202)
async def retry_sending(endpoint: str, event: Number, request: Request, caller: Admin) -> Sending:
    """Send an event again at once, whatever became of it."""
    service, id_ = service_of(request), check_id(endpoint, "endpoint")
    await _endpoints(service).retry(caller.platform, id_, event)
    return await reads.find_sending(service.reads, id_, event)


def _endpoints(service: Service) -> Endpoints:
    if service.sealed is None:
        raise UnavailableError(
            "This service cannot keep secrets, so that it cannot send webhooks.",
            remedy="Operator: run 'crowdledger key sealing FILE' and set secrets_key_file to it, then restart.",
        )
    return Endpoints(service.reads, service.sealed, service.public_url, service.config.private_addresses)
