"""A judge behind HTTP: any service that answers one POST with verdicts.

Request: ``{"v":1,"parameters":{..},"items":[{"contribution","task","content"}]}``. Reply, status 200: ``{"v":1,
"results":[{"contribution","verdict","score","confidence"?,"reason"?}]}``, scores as statements write them (``"0.85"``).
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import httpx
import msgspec
from msgspec import Meta

from ledger.consensus.answers import Judged
from ledger.consensus.judges import MAX_REASON, Item
from ledger.errors import ConfigError, FormatError, UnavailableError
from ledger.statements import canonical
from ledger.statements.values import Score, score_millionths

MAX_REPLY_BYTES: Final = 4 * 1024 * 1024
TIMEOUT_SECONDS: Final = 60.0


class _Result(msgspec.Struct, forbid_unknown_fields=True):
    contribution: str
    verdict: Literal["accepted", "rejected", "needs_review"]
    score: Score
    confidence: Score | None = None
    reason: Annotated[str, Meta(max_length=MAX_REASON)] = ""


class _Reply(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    results: list[_Result]


@dataclass(frozen=True, slots=True)
class HttpJudge:
    """Asks ``url``: https, or http to this machine only, because contents are private. No redirect is followed.

    ``token`` goes as ``Authorization: Bearer`` and shows nowhere. The url is the operator's, never a request's.
    Raises ConfigError for another url.
    """

    url: str
    name: str
    version: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ConfigError(f"The judge's address is not a URL: {error}.") from error
        if not url.host or not (url.scheme == "https" or (url.scheme == "http" and _is_here(url.host))) or url.userinfo:
            raise ConfigError(
                f"The judge {self.name} must be reached by https.",
                remedy="Give an https URL, or http to localhost; a secret goes into the token, not into the URL.",
            )

    def judge(self, items: Sequence[Item]) -> list[Judged]:
        """One request for all items. Raises UnavailableError without a 200 in time, FormatError for what it holds."""
        body = canonical.encode(
            {
                "v": 1,
                "parameters": {**self.parameters},
                "items": [
                    {"contribution": item.contribution, "task": item.task, "content": item.content} for item in items
                ],
            }
        )
        try:
            reply = msgspec.json.decode(self._post(body), type=_Reply)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FormatError(f"The judge {self.name} answered nonsense: {error}.", remedy="Mend the judge.") from error
        return [_judged(result) for result in reply.results]

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        data = bytearray()
        end = time.monotonic() + self.timeout_seconds  # httpx's own limit is for each read: a slow drip would never end
        try:
            with (
                httpx.Client(timeout=self.timeout_seconds, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", self.url, content=body, headers=headers) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise UnavailableError(
                        f"The judge {self.name} answered {response.status_code}.", remedy="Look at the judge's own log."
                    )
                for part in response.iter_raw():  # not decoded: a small compressed answer may be a huge one
                    data += part
                    if time.monotonic() > end:
                        raise UnavailableError(f"The judge {self.name} took over {self.timeout_seconds:g} seconds.")
                    if len(data) > MAX_REPLY_BYTES:
                        raise FormatError(f"The judge {self.name} answered more than {MAX_REPLY_BYTES} bytes.")
        except httpx.HTTPError as error:
            raise UnavailableError(f"The judge {self.name} does not answer: {type(error).__name__}.") from error
        return bytes(data)


def _judged(result: _Result) -> Judged:
    score = score_millionths(result.score)
    confidence = score if result.confidence is None else score_millionths(result.confidence)
    return Judged(result.contribution, result.verdict, score, confidence, result.reason)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
