"""Wallets: the text to sign, the signed text, and the objection of the wallet that it would replace."""

from __future__ import annotations

import secrets
import time
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.attempts import address_of
from api.openapi import writes
from api.replies import entry_page, write_reply
from api.service import Service, new_id, service_of
from api.sessions import Bearer, chain_id_of, check_wallet, is_session, one_of, person_entrusted, signed_in
from ledger.errors import FieldError, FormatError
from ledger.log.items import LinkWallet, ObjectToLink
from ledger.log.shapes import PersonView
from ledger.statements import sign_in
from ledger.statements.values import format_time
from ledger.wire import NewWallet, WalletMessage, WalletMessageRequest, Written
from ledger.wire.people import NewObjection

router = APIRouter(prefix="/v1/wallets", tags=["wallets"])
MESSAGE_SECONDS: Final = 3600


@router.post("/message", dependencies=[Bearer])
async def make_message(asked: WalletMessageRequest, request: Request) -> WalletMessage:
    """The EIP-4361 text with which a wallet says: pay this contributor to me. Good for an hour and for one use."""
    service = service_of(request)
    person = await _person(service, request, asked.contributor)
    link = await service.reader.link(person.id)
    now_ms = time.time_ns() // 1_000_000
    expires_at = format_time(now_ms + MESSAGE_SECONDS * 1000)
    message = sign_in.WalletLink(
        domain=service.domain,
        address=asked.address,
        contributor=person.id,
        log=service.config.origin,
        replaces=None if link is None else link.index,
        uri=service.public_url,
        chain_id=chain_id_of(service),
        nonce=secrets.token_hex(16),
        issued_at=format_time(now_ms),
        expires_at=expires_at,
    ).message()
    return WalletMessage(message=message, expires_at=expires_at)


@router.post("", dependencies=[Bearer], **writes(Written))
async def link_wallet(new: NewWallet, request: Request) -> Response:
    """Link the wallet that signed the message; it is paid from now plus the log's wallet delay.

    A wallet that is a contract is asked through the service's node whether it signed (ERC-1271).
    """
    service = service_of(request)
    if is_session(request):
        service.attempts.count(address_of(request))
    person = await _person(service, request, new.contributor)
    try:
        link = sign_in.parse(new.message)
    except FormatError as error:
        raise FieldError(f"message: {error.detail}", field="message", remedy=error.remedy) from error
    ours = (service.domain, service.public_url, chain_id_of(service))
    if (link.domain, link.uri, link.chain_id) != ours:
        raise FieldError(
            f"message: It was made for {link.domain} ({link.uri}, chain {link.chain_id}), "
            f"not for {ours[0]} ({ours[1]}, chain {ours[2]}).",
            field="message",
            remedy="Ask POST /v1/wallets/message for a message and sign that.",
        )
    item = LinkWallet(
        id=new_id(),
        platform=person.platform,
        contributor=person.id,
        address=link.address,
        message=new.message,
        signature=new.signature.lower(),
        erc1271=await check_wallet(service, new.message, new.signature, link.address),
        consent=None if new.consent is None else new.consent.lower(),
    )
    return await write_reply(service, await service.writer.write(item), entry_page)


@router.post("/objections", **writes(Written))
async def object_to_link(new: NewObjection, request: Request) -> Response:
    """Delay a link that would replace one's wallet, once: the signature of the wallet in force says who objects."""
    service = service_of(request)
    service.attempts.count(address_of(request))
    item = ObjectToLink(contributor=new.contributor, link=new.link, signature=new.signature.lower())
    return await write_reply(service, await service.writer.write(item), entry_page)


async def _person(service: Service, request: Request, contributor: str | None) -> PersonView:
    """The contributor that is meant: of the session, or of the platform whose key with the scope submit is sent."""
    if is_session(request):
        return one_of(await signed_in(request), contributor)
    caller = await service.keys.caller(request, "submit")
    if contributor is None:
        raise FieldError(
            "contributor: It is missing.",
            field="contributor",
            remedy="Send your own id of the person whose wallet it is.",
        )
    return await person_entrusted(service, caller, contributor)
