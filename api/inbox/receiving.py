"""A delivery at the door: read within bounds, checked before anything of it is parsed, stored, answered.

Whoever knows no hook is treated as one who does not know its secret: the same work, the same answer.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final, NoReturn

from starlette.requests import Request

from api.bodies import read_body
from api.ids import is_id
from api.inbox import deliveries
from api.inbox.hooks import Hooks, StoredHook, checks_of
from api.service import Service, new_id
from ledger.connectors.connector import Delivery, Verified
from ledger.errors import (
    MalformedError,
    SignatureError,
    StaleDeliveryError,
    TooManyError,
    UnauthorizedError,
    UnavailableError,
)

BODY_SECONDS: Final = 15.0
MAX_EVENT_CHARS: Final = 200
_FALLBACK: Final = "forms"
"""Whose check is made where the path names no connector."""


async def receive(service: Service, connector: str, hook: str, request: Request) -> str:
    """Take a delivery; its id, or that of the first one of the same event.

    Raises UnauthorizedError for one that is not genuine, StaleDeliveryError for one of another time, TooLargeError,
    and TooManyError or UnavailableError for what the platform may send again.
    """
    now_ms = time.time_ns() // 1_000_000
    found = await _find(service, connector, hook, now_ms)
    body = await _read(service, found, request)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers.raw}
    verified = _verify(service, found, connector, Delivery(headers, body, now_ms))
    if found is None or len(verified.event_id) > MAX_EVENT_CHARS:
        _refuse()
    try:
        stored = await deliveries.store(service.reads, found.id, new_id(), verified.event_id, body, now_ms)
    except TooManyError:
        service.door.refusals.count(found.id, "full")
        raise
    service.door.arrived.set()
    return stored


def hooks_of(service: Service) -> Hooks:
    """The log's webhooks. Raises UnavailableError where secrets cannot be kept."""
    if service.sealed is None:
        raise UnavailableError(
            "This service cannot keep secrets, so that there are no webhooks.",
            remedy="Operator: run 'crowdledger key sealing FILE' and set secrets_key_file to it, then restart.",
        )
    return Hooks(service.reads, service.sealed, service.public_url, service.config.private_addresses)


async def _find(service: Service, connector: str, hook: str, now_ms: int) -> StoredHook | None:
    if service.sealed is None or not is_id(hook):
        return None
    return await hooks_of(service).stored(hook, now_ms, connector)


async def _read(service: Service, found: StoredHook | None, request: Request) -> bytes:
    try:
        with service.door.turn(None if found is None else found.platform):
            async with asyncio.timeout(BODY_SECONDS):
                return await read_body(request)
    except TooManyError:
        service.door.refusals.count("" if found is None else found.id, "full")
        raise
    except TimeoutError:
        raise MalformedError(f"The body did not come within {BODY_SECONDS:g} seconds.") from None


def _verify(service: Service, found: StoredHook | None, connector: str, delivery: Delivery) -> Verified:
    """Raises StaleDeliveryError, and UnauthorizedError without a word of why."""
    own = checks_of(connector)
    checks = own or checks_of(_FALLBACK)
    assert checks is not None
    name = "" if found is None else found.id
    keys = service.door.decoy() if found is None or own is None else found.keys()
    try:
        return checks.verify(delivery, keys)
    except StaleDeliveryError:
        service.door.refusals.count(name, "stale")
        raise
    except SignatureError:
        service.door.refusals.count(name, "unknown" if found is None else "forged")
        _refuse()


def _refuse() -> NoReturn:
    raise UnauthorizedError(
        "This delivery is not signed with the hook's secret.",
        remedy="Set the secret that the hook was made with at the platform, or rotate the hook's secret.",
    )
