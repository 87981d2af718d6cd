"""What both clients have in common: requests and replies typed, problems raised again, patience, receipts checked."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import MethodType
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from pydantic import BaseModel, ValidationError

from ledger import wire
from ledger.client import patience
from ledger.client.batches import Item, error_in, items_of, parts, result, unknown
from ledger.client.files import Source
from ledger.client.proving import Receipts
from ledger.errors import CrowdLedgerError, FormatError, UnavailableError

DEFAULT_PATIENCE_SECONDS: Final = 30.0
DEFAULT_TIMEOUT_SECONDS: Final = 60.0
CREATED: Final = 201
JSON_TYPE: Final = {"Content-Type": "application/json"}

Reply = TypeVar("Reply", bound=BaseModel)
Line = TypeVar("Line", bound=BaseModel)
Made = TypeVar("Made")
Each = TypeVar("Each")
P = ParamSpec("P")
Result: TypeAlias = wire.Written | CrowdLedgerError
New: TypeAlias = wire.Model | msgspec.Struct
Query: TypeAlias = Mapping[str, str | Sequence[str] | None]


def path_of(template: str, *names: str | int) -> str:
    """A path with each ``{}`` replaced by a name, whatever its characters. FormatError for one that names nothing."""
    for name in names:
        if name in ("", ".", ".."):
            raise FormatError(f"'{name}' is no id.", remedy="Give the id that a reply or a list has.")
    return template.format(*(quote(str(name), safe="") for name in names))


def _address(url: str) -> str:
    """The URL of a service, checked. FormatError for others, which does not show what may be a password."""
    with suppress(ValueError, httpx.InvalidURL):
        there = urlsplit(url)
        whole = not httpx.URL(url).userinfo and not there.query and not there.fragment and there.port != 0
        if whole and there.scheme in ("http", "https") and there.hostname:
            return url.rstrip("/")
    shown = "This" if "@" in url else f"'{url}'"
    remedy = "Write it as http://HOST:PORT, without a user; the key is given by itself."
    raise FormatError(f"{shown} is not the URL of a service.", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be made again. ``repeatable``: twice is the same as once."""

    method: str
    path: str
    body: bytes | Source | None
    query: Query | None
    headers: Mapping[str, str] | None
    repeatable: bool
    stream: bool = False
    silence_seconds: float | None = None
    """How long a stream may bring nothing, if that is not the client's own time."""


class Core(ABC):
    """One service, with one platform's key (or the operator's, or none for what is public)."""

    _http: httpx.Client | httpx.AsyncClient

    def __init__(self, base_url: str, *, patience_seconds: float, timeout_seconds: float, verify: str | bool) -> None:
        self.base_url = _address(base_url)
        self._patience_seconds = patience_seconds
        self._timeout_seconds = timeout_seconds
        self._receipts = Receipts.of(verify)
        self._reached = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    @property
    def vkey(self) -> str | None:
        """The log's key that receipts are checked with; None where none is checked, or none was seen yet."""
        return None if self._receipts is None else self._receipts.vkey

    # What the two clients do in their own way

    @abstractmethod
    def _bind(self, made: MethodType) -> Callable[..., Any]:
        """A call as the client gives it."""

    @abstractmethod
    def _bind_each(self, made: MethodType) -> Callable[..., Any]:
        """A call that gives one thing after the other, as the client gives it."""

    @abstractmethod
    async def _transmit(self, request: httpx.Request, stream: bool) -> httpx.Response:
        """Send one request. Raises httpx.HTTPError."""

    @abstractmethod
    async def _load(self, reply: httpx.Response) -> None:
        """Read all of a streamed reply."""

    @abstractmethod
    async def _drop(self, reply: httpx.Response) -> None:
        """Close a streamed reply."""

    @abstractmethod
    def _chunks(self, reply: httpx.Response) -> AsyncIterator[bytes]:
        """The body of a streamed reply, as it comes."""

    @abstractmethod
    def _content(self, source: Source) -> Any:
        """A file as a body."""

    @abstractmethod
    async def _pause(self, seconds: float) -> None:
        """Wait."""

    @abstractmethod
    async def _apart(self, work: Callable[P, Made], *args: P.args, **more: P.kwargs) -> Made:
        """Work that would hold up others: on files, or with much to compute."""

    @abstractmethod
    async def _all(self, work: Callable[[Each], Awaitable[Made]], items: Iterable[Each]) -> list[Made]:
        """The outcomes of ``work`` in the order of ``items``."""

    # Requests

    async def _get(self, path: str, model: type[Reply], **query: str | Sequence[str] | None) -> Reply:
        return await self._read(await self._reply("GET", path, query=query), model)

    async def _post(self, path: str, new: New | None, model: type[Reply], *, repeatable: bool | None = None) -> Reply:
        """Send ``new``; it may be repeated where that is said, or where it has an ``external_id``."""
        item = None if new is None else Item.of(new)
        if repeatable is None:
            repeatable = item is not None and item.repeatable
        reply = await self._reply("POST", path, None if item is None else item.body, repeatable=repeatable)
        return await self._read(reply, model, new)

    async def _patch(self, path: str, new: New, model: type[Reply]) -> Reply:
        return await self._read(await self._reply("PATCH", path, Item.of(new).body), model)

    async def _delete(self, path: str, model: type[Reply]) -> Reply:
        return await self._read(await self._reply("DELETE", path), model)

    async def _pages(self, path: str, model: type[Line], **query: str | Sequence[str] | None) -> AsyncIterator[Line]:
        """All items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self._reply("GET", path, query={**query, "cursor": cursor})
            found = await self._read(page, wire.Page[model])  # type: ignore[valid-type]  # a model made at run time
            for item in found.items:
                yield item
            if found.next is None:
                return
            if found.next == cursor:
                raise FormatError(f"The list at {path} goes on where it was: it would have no end.")
            cursor = found.next

    async def _batches(self, path: str, new: Iterable[New]) -> list[Result]:
        """Each of ``new`` by itself, in as many requests as it takes."""

        async def send(part: list[Item]) -> list[Result]:
            return await self._batch(path, part)

        return [each for answered in await self._all(send, parts(items_of(new))) for each in answered]

    async def _batch(self, path: str, part: Sequence[Item]) -> list[Result]:
        """One batch; items that could not be taken yet are sent again while the patience lasts."""
        found: list[Result | None] = [None] * len(part)
        deadline = time.monotonic() + self._patience_seconds
        while True:
            waiting = [place for place, each in enumerate(found) if each is None]
            body = b'{"items":[' + b",".join(part[place].body for place in waiting) + b"]}"
            repeatable = all(part[place].repeatable for place in waiting)
            try:
                reply = await self._reply("POST", path, body, repeatable=repeatable)
            except CrowdLedgerError as error:
                if len(waiting) == len(part):
                    raise
                return [error if each is None else each for each in found]  # what became of the others is known
            answers = (await self._read(reply, wire.BatchReply)).results
            if len(answers) != len(waiting):
                raise FormatError(f"The service answered {len(answers)} results to {len(waiting)} items.")
            results = [result(answer) for answer in answers]
            if self._receipts is not None:
                await self._know_key(self._receipts)
                firsts = [answer.code == CREATED for answer in answers]
                new = [part[place].new for place in waiting]
                await self._apart(self._receipts.check_all, zip(results, new, firsts, strict=True))
            for place, each in zip(waiting, results, strict=True):
                found[place] = each
            again = [place for place in waiting if patience.may_repeat(found[place], part[place].repeatable)]
            seconds = max((patience.seconds_of(found[place]) for place in again), default=0.0)
            if not again or time.monotonic() + seconds > deadline:
                return [each for each in found if each is not None]
            await self._pause(seconds)
            for place in again:
                found[place] = None

    async def _reply(
        self,
        method: str,
        path: str,
        body: bytes | Source | None = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """The reply to one request. Raises the error that a problem tells of."""
        if headers is None and body is not None:
            headers = JSON_TYPE
        return await self._answer(
            Asked(method, path, body, query, headers, method != "POST" if repeatable is None else repeatable)
        )

    async def _answer(self, asked: Asked) -> httpx.Response:
        """The reply; asked for again where that is safe and may help, while the patience lasts."""
        deadline = time.monotonic() + self._patience_seconds
        tries = 0
        while True:
            cause: httpx.HTTPError | None = None
            try:
                reply = await self._transmit(self._request(asked), asked.stream)
                self._reached = True
                if reply.is_success:
                    return reply
                await self._load(reply)
            except httpx.HTTPError as broken:
                cause, error = broken, self._unanswered(broken)
                seconds = patience.after_failure(broken, tries, asked.repeatable, self._reached)
            else:
                error = error_in(reply)
                seconds = patience.after_refusal(reply, error, tries, asked.repeatable)
            if seconds is None or time.monotonic() + seconds > deadline:
                raise error from cause
            await self._pause(seconds)
            tries += 1

    def _request(self, asked: Asked) -> httpx.Request:
        query = (
            None if asked.query is None else {name: value for name, value in asked.query.items() if value is not None}
        )
        body = self._content(asked.body) if isinstance(asked.body, Source) else asked.body
        timeout = httpx.Timeout(self._timeout_seconds, read=asked.silence_seconds or self._timeout_seconds)
        return self._http.build_request(
            asked.method, asked.path, content=body, headers=asked.headers, params=query, timeout=timeout
        )

    @asynccontextmanager
    async def _streamed(
        self,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        silence_seconds: float | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """A reply to a GET whose body is still to come, by ``_chunks``."""
        reply = await self._answer(
            Asked("GET", path, None, query, headers, True, stream=True, silence_seconds=silence_seconds)
        )
        try:
            yield reply
        except httpx.HTTPError as error:
            raise self._unanswered(error) from error
        finally:
            await self._drop(reply)

    @staticmethod
    def _headers(key: str | None) -> dict[str, str]:
        """Raises FormatError for a key that no header can carry: nothing else would keep it out of its message."""
        if key is None:
            return {}
        if not key or any(not "!" <= each <= "~" for each in key):
            raise FormatError("The key is none.", remedy="Give it as it was shown, without spaces or an end of line.")
        return {"Authorization": f"Bearer {key}"}

    async def _is_ready(self) -> bool:
        try:
            reply = await self._transmit(self._http.build_request("GET", "/ready"), stream=False)
        except httpx.HTTPError:
            return False
        return reply.status_code == 200

    def _unanswered(self, error: httpx.HTTPError) -> CrowdLedgerError:
        return UnavailableError(
            f"The service at {self.base_url} does not answer: {str(error) or type(error).__name__}.",
            remedy="Check the URL and that the service runs ('crowdledger serve').",
        )

    # Replies

    async def _read(self, reply: httpx.Response, model: type[Reply], new: New | None = None) -> Reply:
        """The reply, read, and its receipt checked if that was asked for; ``new`` is what was sent."""
        try:
            found = model.model_validate_json(reply.content)
        except ValidationError as error:
            raise unknown(f"The service's reply to {reply.request.url.path}", error) from None
        if self._receipts is not None and isinstance(found, wire.Written):
            await self._know_key(self._receipts)
            self._receipts.check(found, new, reply.status_code == CREATED)
        return found

    async def _receipt(self, path: str, of: str | int | None = None, **query: str | None) -> bytes:
        """The file of the receipt ``of`` an id or an index, checked if that was asked for."""
        data = (await self._reply("GET", path, query=query)).content
        if self._receipts is not None:
            await self._know_key(self._receipts)
            self._receipts.check_receipt(data, of)
        return data

    async def _know_key(self, receipts: Receipts) -> None:
        """Trust the key that the service names first, where none was given."""
        if receipts.key is None:
            named = (await self._get("/v1/audit/summary", wire.AuditSummary)).vkey
            if receipts.key is None:  # others may have asked at the same time: the first answer counts
                receipts.pin(named)
