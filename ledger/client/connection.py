"""The connection to a service: requests and replies typed, problems raised again, patience where it says so."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from pydantic import BaseModel, ValidationError

from ledger import wire
from ledger.errors import CrowdLedgerError, FormatError, UnavailableError
from ledger.wire.problems import error_of

DEFAULT_PATIENCE_SECONDS: Final = 30.0
DEFAULT_TIMEOUT_SECONDS: Final = 60.0
_BATCH_BYTES: Final = wire.MAX_BATCH_BYTES // 2
_LEAST_WAIT_SECONDS: Final = 0.1

Reply = TypeVar("Reply", bound=BaseModel)
Line = TypeVar("Line", bound=BaseModel)
Result = wire.Written | CrowdLedgerError


class Connection:
    """One service, with one platform's key (or the operator's, or none for what is public)."""

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        patience_seconds: float = DEFAULT_PATIENCE_SECONDS,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FormatError(f"'{base_url}' is not the URL of a service.", remedy="Write it as http://HOST:PORT.")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self.base_url = base_url.rstrip("/")
        self._patience_seconds = patience_seconds
        self._http = httpx.Client(
            base_url=self.base_url, headers=headers, timeout=timeout_seconds, transport=transport, trust_env=False
        )

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ready(self) -> bool:
        """Whether the service answers and takes writes now."""
        try:
            return self._http.get("/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def _get(self, path: str, model: type[Reply]) -> Reply:
        return self._read(self._send("GET", path), model)

    def _post(self, path: str, new: wire.Model | None, model: type[Reply]) -> Reply:
        body = None if new is None else new.model_dump_json(exclude_none=True).encode()
        return self._read(self._send("POST", path, body), model)

    def _list(self, path: str, model: type[Line], **query: str | None) -> Iterator[Line]:
        """All items of a list, page by page."""
        asked = {name: value for name, value in query.items() if value is not None}
        cursor: str | None = None
        while True:
            page = self._send("GET", path, query=asked | ({} if cursor is None else {"cursor": cursor}))
            found = self._read(page, wire.Page[model])  # type: ignore[valid-type]  # a model made at run time
            yield from found.items
            cursor = found.next
            if cursor is None:
                return

    def _batches(self, path: str, encoded: Iterable[bytes]) -> list[Result]:
        results: list[Result] = []
        for part in _parts(encoded):
            reply = self._send("POST", path, b'{"items":[' + b",".join(part) + b"]}")
            found = self._read(reply, wire.BatchReply).results
            if len(found) != len(part):
                raise FormatError(f"The service answered {len(found)} results to {len(part)} items.")
            results += [_result(each) for each in found]
        return results

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request, again where the service asks to come later. Raises the error that a problem tells of."""
        if headers is None:
            headers = {} if body is None else {"Content-Type": "application/json"}
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                reply = self._http.request(method, path, content=body, headers=headers, params=query)
            except httpx.HTTPError as error:
                raise self._unanswered(error) from error
            if reply.is_success:
                return reply
            wait_seconds = _retry_after(reply)
            if reply.status_code != 503 or time.monotonic() + wait_seconds > deadline:
                raise error_in(reply)
            time.sleep(wait_seconds)

    def _unanswered(self, error: httpx.HTTPError) -> UnavailableError:
        return UnavailableError(
            f"The service at {self.base_url} does not answer: {error}.",
            remedy="Check the URL and that the service runs ('crowdledger serve').",
        )

    @staticmethod
    def _read(reply: httpx.Response, model: type[Reply]) -> Reply:
        try:
            return model.model_validate_json(reply.content)
        except ValidationError as error:
            raise FormatError(
                f"The service's reply to {reply.request.url.path} is not what this client knows: {error}.",
                remedy="Use client and service of the same version.",
            ) from error


def _parts(encoded: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Batches within the limits of number and bytes."""
    part: list[bytes] = []
    size = 0
    for item in encoded:
        if part and (len(part) == wire.MAX_BATCH_ITEMS or size + len(item) > _BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += len(item)
    if part:
        yield part


def _result(item: wire.BatchItem) -> Result:
    members: dict[str, Any] = dict(item.model_extra or {})
    return wire.Written.model_validate(members) if item.code in (200, 201) else error_of(members, item.code)


def error_in(reply: httpx.Response) -> CrowdLedgerError:
    """The error that a reply tells of."""
    try:
        members = msgspec.json.decode(reply.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        members = {}
    return error_of(members if isinstance(members, dict) else {}, reply.status_code)


def _retry_after(reply: httpx.Response) -> float:
    """The seconds of Retry-After; without one, those of our own unavailability."""
    text = reply.headers.get("retry-after", "")
    seconds = float(text) if text.isascii() and text.isdigit() else float(UnavailableError.retry_after_seconds)
    return max(seconds, _LEAST_WAIT_SECONDS)
