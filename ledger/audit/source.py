"""Where a log is read from: a service's URL, any web server with a mirror, or a mirror's folder.

They have the same files under the same paths, those of C2SP tlog-tiles below the log's base (``checkpoint``,
``tile/...``), plus ``crowdledger.json``: the service's ``/v1/audit/summary``, hints that nobody has to believe. The
base is what the user names if it has a checkpoint, else ``logs/main`` below it; a log that is named explicitly is
``logs/{log}`` below it. Everything that is read has a bound.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from ledger.errors import ConfigError, FormatError, NotFoundError, UnavailableError
from ledger.tree.checkpoints import MAX_NOTE_BYTES
from ledger.tree.merkle import HASH_SIZE
from ledger.tree.tiles import ENTRIES, MAX_ENTRY_BYTES, Tile, decode_entries, encode_entries

CHECKPOINT = "checkpoint"
SUMMARY = "crowdledger.json"
KEYS = "keys.json"
MAX_SUMMARY_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0
ATTEMPTS = 3
PARALLEL = 8
_BUSY = frozenset({429, 502, 503, 504})
_NOT_THERE = frozenset({403, 404})
"""403 is what an object store says of a missing file where not everybody may list its files."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SERVED_SUMMARY = "v1/audit/summary"
_LOG_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,63}")
_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
"""What is said of a path where nothing is, or nothing that could be a file: a circle of links, a socket."""
_GZIP = 31
"""zlib's name for a stream with a gzip header."""
_GZIP_ROOM_BYTES = 4096

FetchedT = TypeVar("FetchedT")


class Source(Protocol):
    """A log's files. ``name`` is what a person typed; ``is_copy`` says that it may end earlier than the log does.

    Pickled, it is the same place to read from, with connections of its own.
    """

    name: str
    is_copy: bool
    parallel: int
    """Files that are worth asking for at a time."""

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
    """A mirror on disk, or a folder that has mirrors at ``logs/{log}``."""

    is_copy = True
    parallel = 1

    def __init__(self, folder: Path, log: str | None = None) -> None:
        self.name = str(folder)
        self._folder = folder if log is None else folder / "logs" / checked_log_name(log)
        if log is None and not (folder / CHECKPOINT).is_file() and (folder / "logs" / "main" / CHECKPOINT).is_file():
            self._folder = folder / "logs" / "main"

    def fetch(self, path: str, limit: int) -> bytes:
        """Read one file; errors as for :meth:`Source.fetch`."""
        try:
            data = _read_file(f"{self._folder}/{path}", limit)
        except OSError as error:
            if error.errno in _NO_FILE:
                raise NotFoundError(
                    f"The mirror '{self._folder}' has no file '{path}'.",
                    remedy="Make it with 'crowdledger mirror URL FOLDER', or run that again.",
                ) from None
            raise UnavailableError(
                f"'{self._folder / path}' cannot be read: {error.strerror}.", remedy="Check the folder and its rights."
            ) from error
        return _bounded(data, path, limit)


def _read_file(place: str, limit: int) -> bytes:
    """A file of a folder, a byte more than ``limit`` at most; OSError, with ENOENT for what is no regular file."""
    file = os.open(place, os.O_RDONLY | os.O_NONBLOCK)  # or a pipe would keep us waiting for ever
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "It is no regular file", place)
        # As much as is there, not a buffer of the limit's size for each small file.
        return os.read(file, min(limit, status.st_size) + 1)
    finally:
        os.close(file)


class UrlSource(Closing):
    """A service, or any web server with the same files. ``is_copy``: it is known to be a mirror."""

    parallel = PARALLEL

    def __init__(self, url: str, log: str | None = None, *, is_copy: bool = False) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ConfigError(f"'{url}' is not an HTTP address.", remedy="Write it as https://crowd.example.org.")
        self.name = url
        self.is_copy = is_copy
        self._log = log
        self._given = url.rstrip("/")
        self._base = None if log is None else f"{self._given}/logs/{checked_log_name(log)}"
        self._finding = threading.Lock()
        # A proxy from the environment is for the world outside, not for a service on this machine.
        self._http = httpx.Client(
            timeout=TIMEOUT_SECONDS,
            trust_env=parts.hostname not in LOOPBACK,
            headers={"accept-encoding": "gzip, identity"},
            limits=httpx.Limits(max_connections=PARALLEL),
        )

    def fetch(self, path: str, limit: int) -> bytes:
        """Get one file, again after a short wait if the service is busy; errors as for :meth:`Source.fetch`."""
        base = self._found_base()
        if path == SUMMARY:  # a service has it among its own paths, a mirror as a file
            with contextlib.suppress(NotFoundError):
                return patiently(lambda: self._get(f"{base}/{_SERVED_SUMMARY}", limit))
        return patiently(lambda: self._get(f"{base}/{path}", limit))

    def _found_base(self) -> str:
        with self._finding:
            if self._base is None:
                try:
                    patiently(lambda: self._get(f"{self._given}/{CHECKPOINT}", MAX_NOTE_BYTES))
                    self._base = self._given
                except NotFoundError:
                    below = f"{self._given}/logs/main"
                    patiently(lambda: self._get(f"{below}/{CHECKPOINT}", MAX_NOTE_BYTES))
                    self._base = below
            return self._base

    def _get(self, url: str, limit: int) -> bytes:
        try:
            with self._http.stream("GET", url) as reply:
                if reply.status_code in _NOT_THERE:
                    raise NotFoundError(
                        f"'{url}' is not there ({reply.status_code}).", remedy="Check the address and the log's name."
                    )
                if reply.status_code != 200:
                    error = UnavailableError if reply.status_code in _BUSY else FormatError
                    raise error(
                        f"'{url}' answers {reply.status_code}.", remedy="Check the address; try again in a while."
                    )
                return _read(reply, url, limit)
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"'{url}' does not answer: {error}.",
                remedy="Check that the service runs and that the address is right.",
            ) from error
        except (httpx.InvalidURL, UnicodeError) as error:  # of a host that cannot be one
            raise ConfigError(
                f"{self.name!a} is not an HTTP address: {error}.", remedy="Write it as https://crowd.example.org."
            ) from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __reduce__(self) -> tuple[Callable[..., UrlSource], tuple[str, str | None]]:
        return partial(UrlSource, is_copy=self.is_copy), (self.name, self._log)


def checked_log_name(log: str) -> str:
    """A log's name, fit for a path. Raises ConfigError."""
    if not _LOG_NAME.fullmatch(log):
        raise ConfigError(f"'{log}' is no name of a log.", remedy="Names are lower-case letters, digits and . _ -")
    return log


def open_source(place: str, log: str | None = None, *, is_copy: bool = False) -> Source:
    """The source that a user names: an ``http(s)://`` address or a folder. ConfigError if it is neither."""
    if place.startswith(("http://", "https://")):
        return UrlSource(place, log, is_copy=is_copy)
    folder = Path(place)
    if not folder.is_dir():
        raise ConfigError(
            f"'{place}' is neither an http(s):// address nor a folder.", remedy="Give a service's URL or a mirror."
        )
    return FolderSource(folder, log)


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


def fetch_tile(source: Source, tile: Tile) -> bytes:
    """A tile or an entry bundle. A partial one may be gone once it is full (tlog-tiles): then it is cut from that."""
    try:
        return source.fetch(tile.path, tile_limit(tile))
    except NotFoundError:
        if tile.is_full:
            raise
        full = Tile(tile.level, tile.index)
        try:
            data = source.fetch(full.path, tile_limit(full))
        except NotFoundError:
            data = b""
        if not data:
            raise
        if tile.level == ENTRIES:
            return encode_entries(decode_entries(data)[: tile.width])
        return data[: tile.width * HASH_SIZE]


def fetch_tiles(source: Source, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, bytes]]:
    """Yield tiles with their bytes in the given order; a few are asked for ahead, never more than ``parallel``."""
    yield from ahead(source.parallel, tiles, lambda tile: fetch_tile(source, tile))


def ahead(parallel: int, tiles: Iterable[Tile], fetch: Callable[[Tile], FetchedT]) -> Iterator[tuple[Tile, FetchedT]]:
    """Yield tiles with what ``fetch`` gives for them, in their order; ``parallel`` are asked for at a time."""
    if parallel == 1:
        yield from ((tile, fetch(tile)) for tile in tiles)
        return
    waiting: deque[tuple[Tile, Future[FetchedT]]] = deque()
    with ThreadPoolExecutor(parallel) as pool:
        try:
            for tile in tiles:
                if len(waiting) == parallel:
                    first, fetched = waiting.popleft()
                    yield first, fetched.result()
                waiting.append((tile, pool.submit(fetch, tile)))
            while waiting:
                first, fetched = waiting.popleft()
                yield first, fetched.result()
        finally:
            for _, fetched in waiting:
                fetched.cancel()


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


def _read(reply: httpx.Response, url: str, limit: int) -> bytes:
    """A body, unpacked as it comes and never beyond its bound: a log may send gzip even unasked (tlog-tiles)."""
    encoding = reply.headers.get("content-encoding", "identity")
    if encoding not in ("identity", "gzip"):
        raise FormatError(f"'{url}' comes with the encoding '{encoding}', which was not asked for.")
    unpacking = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    data = bytearray()
    arrived = 0
    try:
        for chunk in reply.iter_raw():
            arrived += len(chunk)
            data += chunk if unpacking is None else unpacking.decompress(chunk, limit + 1 - len(data))
            if len(data) > limit or arrived > 2 * limit + _GZIP_ROOM_BYTES:
                break
    except zlib.error as error:
        raise FormatError(f"'{url}' is not the gzip that it is declared to be.") from error
    found = _bounded(bytes(data), url, limit)
    if unpacking is not None and (not unpacking.eof or unpacking.unused_data):
        raise FormatError(f"'{url}' is not the gzip that it is declared to be: it does not end where it should.")
    return found


def _bounded(data: bytes, what: str, limit: int) -> bytes:
    if len(data) > limit:
        raise FormatError(f"'{what}' is longer than the {limit} bytes that it may have.")
    return data
