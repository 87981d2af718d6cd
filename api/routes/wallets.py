"""Wallets: the text to sign, and the signed text."""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Caller, needs
from api.lookup import find_contributor
from api.openapi import writes
from api.replies import entry_page, write_reply
from api.service import new_id, service_of
from ledger.errors import FieldError, FormatError
from ledger.log.items import LinkWallet
from ledger.statements import sign_in
from ledger.statements.values import format_time
from ledger.wire import NewWallet, WalletMessage, WalletMessageRequest, Written

router = APIRouter(prefix="/v1/wallets", tags=["wallets"])
MESSAGE_SECONDS: Final = 3600
_MAINNET: Final = 1


@router.post("/message")
async def make_message(
    asked: WalletMessageRequest, request: Request, caller: Annotated[Caller, needs("submit")]
) -> WalletMessage:
    """The EIP-4361 text with which a wallet says: pay this contributor to me. Good for an hour and for one use."""
    service = service_of(request)
    contributor = await find_contributor(service.reader, caller.platform, asked.contributor)
    link = await service.reader.link(contributor)
    now_ms = time.time_ns() // 1_000_000
    expires_at = format_time(now_ms + MESSAGE_SECONDS * 1000)
    message = sign_in.WalletLink(
        domain=service.domain,
        address=asked.address,
        contributor=contributor,
        log=service.config.origin,
        replaces=None if link is None else link.index,
        uri=service.public_url,
        chain_id=_MAINNET if service.deployment is None else service.deployment.chain_id,
        nonce=secrets.token_hex(16),
        issued_at=format_time(now_ms),
        expires_at=expires_at,
    ).message()
    return WalletMessage(message=message, expires_at=expires_at)


@router.post("", **writes(Written))
async def link_wallet(new: NewWallet, request: Request, caller: Annotated[Caller, needs("submit")]) -> Response:
    """Link the wallet that signed the message; it is paid from now plus the log's wallet delay."""
    service = service_of(request)
    contributor = await find_contributor(service.reader, caller.platform, new.contributor)
    try:
        link = sign_in.parse(new.message)
    except FormatError as error:
        raise FieldError(f"message: {error.detail}", field="message", remedy=error.remedy) from error
    if link.domain != service.domain:
        raise FieldError(
            f"message: It was made for {link.domain}, not for {service.domain}.",
            field="message",
            remedy="Ask POST /v1/wallets/message for a message and sign that.",
        )
    item = LinkWallet(
        id=new_id(),
        platform=caller.platform,
        contributor=contributor,
        address=link.address,
        message=new.message,
        signature=new.signature.lower(),
    )
    return await write_reply(service, await service.writer.write(item), entry_page)
