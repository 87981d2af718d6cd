"""Where a log is read from: a service's URL or a mirror's folder. Both give the same files under the same paths.

Paths are those of C2SP tlog-tiles below the log's prefix (``checkpoint``, ``tile/...``), plus ``crowdledger.json``: the
service's ``/v1/audit/summary``, hints that nobody has to believe. Everything that is read has a bound.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

from ledger.errors import ConfigError, FormatError, NotFoundError, UnavailableError
from ledger.tree.checkpoints import MAX_NOTE_BYTES
from ledger.tree.merkle import HASH_SIZE
from ledger.tree.tiles import ENTRIES, MAX_ENTRY_BYTES, Tile

CHECKPOINT = "checkpoint"
SUMMARY = "crowdledger.json"
MAX_SUMMARY_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0
ATTEMPTS = 3
PARALLEL = 8
_BUSY = frozenset({429, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Source(Protocol):
    """A log's files. ``name`` is what a person typed; ``is_copy`` says that it may end earlier than the log does."""

    name: str
    is_copy: bool

    def fetch(self, path: str, limit: int) -> bytes:
        """Return a file of at most ``limit`` bytes.

        NotFoundError if there is none, FormatError if it is longer, UnavailableError if the source does not answer.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closing:
    """The context manager that sources and openings are."""

    def close(self) -> None:
        """Nothing to let go of."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FolderSource(Closing):
    """A mirror on disk."""

    is_copy = True

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def fetch(self, path: str, limit: int) -> bytes:
        """Read one file; errors as for :meth:`Source.fetch`."""
        try:
            with (self._folder / path).open("rb") as file:
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(
                f"The mirror '{self._folder}' has no file '{path}'.",
                remedy="Make it with 'crowdledger mirror URL FOLDER', or run that again.",
            ) from None
        except OSError as error:
            raise UnavailableError(
                f"'{self._folder / path}' cannot be read: {error.strerror}.", remedy="Check the folder and its rights."
            ) from error
        return _bounded(data, path, limit)


class UrlSource(Closing):
    """A service, or any web server with the same files, at ``{url}/logs/{log}/``."""

    is_copy = False

    def __init__(self, url: str, log: str = "main") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"'{url}' is not an HTTP address.", remedy="Write it as https://crowd.example.org.")
        self.name = url
        self._base = url.rstrip("/")
        self._log = log
        # A proxy from the environment is for the world outside, not for a service on this machine.
        self._http = httpx.Client(
            timeout=TIMEOUT_SECONDS,
            trust_env=parts.hostname not in LOOPBACK,
            headers={"accept-encoding": "identity"},
            limits=httpx.Limits(max_connections=PARALLEL),
        )

    def fetch(self, path: str, limit: int) -> bytes:
        """Get one file, again after a short wait if the service is busy; errors as for :meth:`Source.fetch`."""
        url = f"{self._base}/v1/audit/summary" if path == SUMMARY else f"{self._base}/logs/{self._log}/{path}"
        return patiently(lambda: self._get(url, limit))

    def _get(self, url: str, limit: int) -> bytes:
        try:
            with self._http.stream("GET", url) as reply:
                if reply.status_code == 404:
                    raise NotFoundError(f"'{url}' is not there (404).", remedy="Check the address and the log's name.")
                if reply.status_code != 200:
                    error = UnavailableError if reply.status_code in _BUSY else FormatError
                    raise error(
                        f"'{url}' answers {reply.status_code}.", remedy="Check the address; try again in a while."
                    )
                data = bytearray()
                for chunk in reply.iter_raw():
                    data += chunk
                    if len(data) > limit:
                        break
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"'{url}' does not answer: {error}.",
                remedy="Check that the service runs and that the address is right.",
            ) from error
        return _bounded(bytes(data), url, limit)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def open_source(place: str, log: str = "main") -> Source:
    """The source that a user names: an ``http(s)://`` address or a folder. ConfigError if it is neither."""
    if place.startswith(("http://", "https://")):
        return UrlSource(place, log)
    folder = Path(place)
    if not folder.is_dir():
        raise ConfigError(
            f"'{place}' is neither an http(s):// address nor a folder.", remedy="Give a service's URL or a mirror."
        )
    return FolderSource(folder)


def patiently(get: Callable[[], bytes]) -> bytes:
    """What ``get`` returns, asked again after a short wait while it raises UnavailableError."""
    for attempt in range(1, ATTEMPTS):
        try:
            return get()
        except UnavailableError:
            time.sleep(0.3 * attempt)
    return get()


def tile_limit(tile: Tile) -> int:
    """The most bytes that a tile or an entry bundle can have."""
    return tile.width * (2 + MAX_ENTRY_BYTES if tile.level == ENTRIES else HASH_SIZE)


def fetch_tiles(source: Source, tiles: Sequence[Tile]) -> Iterator[tuple[Tile, bytes]]:
    """Yield tiles with their bytes in the given order; a few are asked for at a time, never more than are used up."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        for begin in range(0, len(tiles), PARALLEL):
            group = tiles[begin : begin + PARALLEL]
            yield from zip(group, pool.map(lambda tile: source.fetch(tile.path, tile_limit(tile)), group), strict=True)


def fetch_checkpoint(source: Source) -> bytes:
    """The log's signed checkpoint, not verified."""
    return source.fetch(CHECKPOINT, MAX_NOTE_BYTES)


def fetch_summary(source: Source) -> dict[str, Any]:
    """The service's own words on its log; empty where there are none. FormatError if they are no JSON object."""
    try:
        data = source.fetch(SUMMARY, MAX_SUMMARY_BYTES)
    except NotFoundError:
        return {}
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise FormatError(f"The summary of '{source.name}' is not a JSON object.")
    return value


def _bounded(data: bytes, what: str, limit: int) -> bytes:
    if len(data) > limit:
        raise FormatError(f"'{what}' is longer than the {limit} bytes that it may have.")
    return data
