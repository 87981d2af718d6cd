"""What tlog-tiles asks of HTTP answers: content types, caching, compression, no redirects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

from tests.independent.verifier.places import Reply

MUST, SHOULD = "MUST", "SHOULD"
FEW_SECONDS = 10
LONG_LIVED_SECONDS = 86_400
WORTH_COMPRESSING = 1_400
"""Bytes that fit into one packet gain nothing."""


def faults_of_checkpoint(reply: Reply) -> Iterator[tuple[str, str]]:
    """Faults of a checkpoint's headers: duty and words."""
    if reply.headers is None:
        return
    kind = _content_type(reply.headers)
    if (kind.get_content_type(), kind.get_content_charset()) != ("text/plain", "utf-8"):
        yield MUST, f"its Content-Type is {reply.headers.get('content-type')!r}, not text/plain; charset=utf-8"
    age = _cached_seconds(reply.headers)
    if age is None or age > FEW_SECONDS:
        yield SHOULD, "its headers do not prevent caching beyond a few seconds"


def faults_of_tile(reply: Reply, *, bundle: bool) -> Iterator[tuple[str, str]]:
    """Faults of the headers of a tile or an entry bundle, which was asked for with gzip allowed."""
    if reply.headers is None:
        return
    if reply.headers.get("content-type") != "application/octet-stream":
        yield MUST, f"its Content-Type is {reply.headers.get('content-type')!r}, not application/octet-stream"
    age = _cached_seconds(reply.headers)
    if age is None or age < LONG_LIVED_SECONDS:
        yield SHOULD, "it never changes, but its headers do not let it be cached for long"
    coding = reply.headers.get("content-encoding", "identity")
    if coding not in ({"identity", "gzip"} if bundle else {"identity"}):
        yield MUST, f"it came with the Content-Encoding {coding}, which was not asked for"
    if bundle and coding != "gzip" and len(reply.body) > WORTH_COMPRESSING:
        yield SHOULD, "the entry bundle is not compressed"


def _content_type(headers: dict[str, str]) -> Message:
    message = Message()
    message["content-type"] = headers.get("content-type", "")
    return message


def _cached_seconds(headers: dict[str, str]) -> int | None:
    """How long an answer may be used again; ``None`` where Cache-Control says nothing (RFC 9111 section 5.2.2)."""
    control = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(store|cache)\b", control):
        return 0
    age = re.search(r"\bmax-age=(\d+)\b", control)
    return int(age[1]) if age else None
