"""Signing in: by a link of the platform, or by the signature of a wallet."""

from __future__ import annotations

import secrets
import time
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request

from api.attempts import address_of
from api.auth import MEMBER_PREFIX, Caller, bearer, digest_of, needs
from api.reads.people_sessions import NO_PLATFORM, Subject, add_one_time, end_session
from api.service import service_of
from api.sessions import (
    LINK_SECONDS,
    MESSAGE_SECONDS,
    Bearer,
    chain_id_of,
    new_link_token,
    open_by_token,
    open_by_wallet,
    people_of,
    person_entrusted,
    signed_in,
)
from ledger.statements import sign_in
from ledger.statements.values import format_time
from ledger.wire.contributions import WalletMessage
from ledger.wire.people import (
    NewSession,
    NewSignInLink,
    SessionEnded,
    SessionOpened,
    SignInLink,
    SignInMessageRequest,
)

router = APIRouter(prefix="/v1", tags=["sessions"])


@router.post("/sign-in-links", status_code=201)
async def make_link(asked: NewSignInLink, request: Request, caller: Annotated[Caller, needs(None)]) -> SignInLink:
    """A token with which one contributor of the platform signs in once, within a quarter of an hour. Shown once.

    Needs the scope submit, but for a member who asks for themselves: so they get what they earned by judging.
    """
    service = service_of(request)
    if asked.contributor != caller.member:
        caller = await service.keys.caller(request, "submit")
    person = await person_entrusted(service, caller, asked.contributor)
    token = new_link_token()
    now_ms = _now_ms()
    expires_ms = now_ms + LINK_SECONDS * 1000
    subject = Subject(caller.platform, person.id)
    await add_one_time(service.reads, digest_of(token), subject, now_ms, expires_ms)
    return SignInLink(token=token, url=service.url(f"/me#link={token}"), expires_at=format_time(expires_ms))


@router.post("/sessions/message")
async def make_message(asked: SignInMessageRequest, request: Request) -> WalletMessage:
    """The EIP-4361 text with which a wallet signs in, as a contributor or a member, once and within ten minutes."""
    service = service_of(request)
    service.attempts.count(address_of(request))
    now_ms = _now_ms()
    expires_ms = now_ms + MESSAGE_SECONDS * 1000
    nonce = secrets.token_hex(16)
    await add_one_time(service.reads, digest_of(nonce), Subject(NO_PLATFORM, asked.address), now_ms, expires_ms)
    message = (sign_in.MemberSignIn if asked.member else sign_in.SignIn)(
        domain=service.domain,
        address=asked.address,
        log=service.config.origin,
        uri=service.public_url,
        chain_id=chain_id_of(service),
        nonce=nonce,
        issued_at=format_time(now_ms),
        expires_at=format_time(expires_ms),
    ).message()
    return WalletMessage(message=message, expires_at=format_time(expires_ms))


@router.post("/sessions", status_code=201)
async def open_session(new: NewSession, request: Request) -> SessionOpened:
    """A session of two hours, for a sign-in link's token or for a signed message; each opens one only.

    A member's is sent wherever a key is, and does what the member's role allows.
    """
    service = service_of(request)
    service.attempts.count(address_of(request))
    if new.token is not None:
        opened = await open_by_token(service, new.token)
    else:
        opened = await open_by_wallet(service, new.message or "", new.signature or "", new.platform)
    people = [] if opened.member is not None else await people_of(service, opened.subject)
    return SessionOpened(
        token=opened.token,
        expires_at=format_time(opened.expires_ms),
        people=[person.id for person in people],
        member=opened.member,
    )


@router.delete("/sessions/current", dependencies=[Bearer])
async def close_session(request: Request) -> SessionEnded:
    """Sign out: the session's token is worth nothing any more."""
    service = service_of(request)
    if "authorization" in request.headers and bearer(request).startswith(MEMBER_PREFIX):
        await service.keys.caller(request, None)
        digest = digest_of(bearer(request))
    else:
        digest = (await signed_in(request)).digest
    await end_session(service.reads, digest)
    return SessionEnded(ended=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
