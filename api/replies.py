"""Replies of the write paths, made from the writer's bytes without parsing them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from api.existing import tell_existing
from api.reads.summary import AnchorRow
from api.service import Service
from api.states import state_of
from api.tracing import wrote
from ledger.errors import CrowdLedgerError, UnavailableError
from ledger.log.items import Written
from ledger.wire import State
from ledger.wire.problems import problem


class JsonBytes(Response):
    """JSON that is bytes already, with no other headers: made without the work that the framework does for those."""

    def __init__(self, body: bytes, status_code: int) -> None:
        self.body = body
        self.status_code = status_code
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


class _Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``ledger.wire.Written`` with its receipt and opening as raw bytes; ``code`` stands in batches only."""

    code: int = 0
    id: str
    index: int
    status: State
    url: str
    receipt: msgspec.Raw
    opening: msgspec.Raw


_ENCODER = msgspec.json.Encoder()
_NULL = msgspec.Raw(b"null")

Page = Callable[[Written], str]
"""Gives the path of a written thing's page."""


def page_of(kind: str) -> Page:
    """Pages by the id: ``/c/{id}`` for contributions, ``/d/{id}`` for decisions, ``/campaigns/{id}``."""
    return lambda written: f"/{kind}/{written.id}"


def entry_page(written: Written) -> str:
    """The page of the entry itself, for things that have none of their own."""
    return f"/e/{written.index}"


async def write_reply(service: Service, written: Written, page: Page, **members: Any) -> Response:
    """The reply to one write; ``members`` are those that its path adds."""
    last = await service.anchor.get() if written.repeated else None
    body = _ENCODER.encode(_reply(service, written, page, last, 0))
    if members:
        body = body[:-1] + b"," + _ENCODER.encode(members)[1:]
    return JsonBytes(body, code_of(written))


async def batch_reply(service: Service, results: Sequence[Written | CrowdLedgerError], page: Page) -> Response:
    """The reply to a batch: every result with its code, in the order of the items.

    Raises the UnavailableError where no item could be written for now: then the whole batch is to be sent again later.
    """
    unavailable = [result for result in results if isinstance(result, UnavailableError)]
    if unavailable and len(unavailable) == len(results):
        raise unavailable[0].with_traceback(None)
    last = await service.anchor.get()
    await tell_existing(service, (result for result in results if isinstance(result, CrowdLedgerError)))
    lines: list[Any] = [
        {"code": result.status} | problem(result)
        if isinstance(result, CrowdLedgerError)
        else _reply(service, result, page, last, code_of(result))
        for result in results
    ]
    return JsonBytes(_ENCODER.encode({"results": lines}), 200)


def code_of(written: Written) -> int:
    """201 for a new entry, 200 for one that had been written before."""
    return 200 if written.repeated else 201


def _reply(service: Service, written: Written, page: Page, last: AnchorRow | None, code: int) -> _Reply:
    wrote(written.index)
    return _Reply(
        code=code,
        id=written.id,
        index=written.index,
        status=state_of(last, written.index) if written.repeated else "recorded",
        url=service.url(page(written)),
        receipt=msgspec.Raw(written.receipt),
        opening=_NULL if written.opening is None else msgspec.Raw(written.opening),
    )
