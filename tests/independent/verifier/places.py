"""Where a log is read from: a URL prefix over HTTP, or a folder with the same files."""

from __future__ import annotations

import http.client
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

MAX_BYTES = 256 * (2 + 65_535)
"""A full entry bundle of the longest entries, the longest thing there is."""


@dataclass(frozen=True)
class Reply:
    """What came for a path. ``headers`` has lower-case names and is ``None`` where there is no HTTP."""

    status: int
    body: bytes = b""
    headers: dict[str, str] | None = field(default=None)


class Place(Protocol):
    """Gives the files of a log by their path below its prefix."""

    def get(self, path: str, *, gzip: bool = False) -> Reply:
        """Fetch one file, following no redirect; ``gzip`` allows a compressed answer, which is undone."""
        ...


class Url:
    """A log's URL prefix."""

    def __init__(self, prefix: str) -> None:
        parts = urlsplit(prefix)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=60)
        self._prefix = parts.path.rstrip("/")

    def get(self, path: str, *, gzip: bool = False) -> Reply:
        """See :class:`Place`."""
        accepted = "gzip, identity" if gzip else "identity"
        try:
            answer = self._ask(path, accepted)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()  # a server may end a connection that was idle while we computed
            answer = self._ask(path, accepted)
        body = answer.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            self._connection.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if gzip and headers.get("content-encoding") == "gzip":
            body = _unpacked(body)
        return Reply(answer.status, body, headers)

    def _ask(self, path: str, accepted: str) -> http.client.HTTPResponse:
        self._connection.request("GET", f"{self._prefix}/{path}", headers={"Accept-Encoding": accepted})
        return self._connection.getresponse()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _unpacked(body: bytes) -> bytes:
    """What gzip made ``body`` of; nothing where it is not gzip, so that whoever reads it finds nothing right."""
    try:
        return zlib.decompressobj(31).decompress(body, MAX_BYTES + 1)
    except zlib.error:
        return b""


class Folder:
    """A folder that a web server could serve as it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str, *, gzip: bool = False) -> Reply:
        """See :class:`Place`; files are never compressed."""
        file = self._folder / path
        if not file.is_file():
            return Reply(404)
        with file.open("rb") as opened:
            return Reply(200, opened.read(MAX_BYTES + 1))

    def tiles(self) -> list[str]:
        """The paths of all files below ``tile/``."""
        files = (self._folder / "tile").rglob("*")
        return sorted(str(file.relative_to(self._folder)) for file in files if not file.is_dir())
