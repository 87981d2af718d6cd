"""A mirror in a bucket of an object store: the same files, and the same care, as in a folder.

New files are put aside on this machine and verified as a whole; then they are put into the bucket, the checkpoint after
everything that it vouches for. While they go, the object ``.incoming`` stands there: a run that finds it goes on where
another one was cut off. The checkpoint only ever replaces the one that was there when the run began, where the store
knows conditional writes (RFC 9110 section 13.1.1), so that of two runs one ends without effect.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from ledger.audit.landing import INCOMING, FolderPlace, Landing, Place
from ledger.audit.published import MAX_BYTES
from ledger.audit.source import CHECKPOINT, PARALLEL, Closing
from ledger.blobs.s3 import SCHEME, Bucket
from ledger.errors import ConfigError, CrowdLedgerError, FormatError, NotFoundError, UnavailableError
from ledger.tree.tiles import FULL_WIDTH, MAX_ENTRY_BYTES

_LARGEST_BYTES: Final = max(MAX_BYTES, FULL_WIDTH * (2 + MAX_ENTRY_BYTES))
_AT_A_TIME: Final = 1000
"""Files that are handed to the threads together."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_NOW: Final = "no-cache"


def open_place(place: str) -> Place:
    """Where a user wants a mirror to be: ``s3://BUCKET/PREFIX``, or a folder. Raises ConfigError."""
    return BucketPlace(place) if place.startswith(SCHEME) else FolderPlace(Path(place))


class BucketPlace:
    """See ``Place``."""

    def __init__(self, address: str) -> None:
        self._bucket = Bucket(address, PARALLEL)
        self.name = self._bucket.name
        self._aside = Path()
        self._checkpoint: str | None = None

    def source(self) -> BucketSource:
        """See ``Place.source``."""
        return BucketSource(self._bucket)

    def names(self) -> set[str]:
        """See ``Place.names``."""
        return self._bucket.top()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """See ``Place.alone``. Nobody is kept out here, but whoever comes second cannot put its checkpoint."""
        self._checkpoint = None
        with contextlib.suppress(NotFoundError):
            self._checkpoint = self._bucket.call("head_object", CHECKPOINT)["ETag"]
        with tempfile.TemporaryDirectory(prefix="crowdledger-mirror-") as folder:
            self._aside = Path(folder)
            yield

    def landing(self) -> BucketLanding:
        """See ``Place.landing``."""
        return BucketLanding(self._bucket, self._aside, self._checkpoint)

    def drop(self, folder: str) -> None:
        """See ``Place.drop``."""
        with contextlib.suppress(CrowdLedgerError):
            for path in self._bucket.below(folder):
                self._bucket.erase(path)


class BucketSource(Closing):
    """See ``Source``."""

    is_copy = True
    parallel = PARALLEL

    def __init__(self, bucket: Bucket) -> None:
        self.name = bucket.name
        self._bucket = bucket

    def fetch(self, path: str, limit: int) -> bytes:
        """Read one file; errors as for :meth:`Source.fetch`."""
        return self._bucket.get(path, limit)


class BucketLanding(Landing):
    """See ``Arrivals``. What arrives is put aside in a folder of this machine."""

    def __init__(self, bucket: Bucket, aside: Path, checkpoint: str | None) -> None:
        """``checkpoint`` is the tag (RFC 9110 section 8.8.3) of the one that may be replaced; None where none is."""
        super().__init__(aside)
        self._bucket = bucket
        self._checkpoint = checkpoint
        self._is_cut_off = INCOMING in bucket.top()

    def left(self, path: str) -> bytes | None:
        """See ``Arrivals.left``."""
        data = self._held(path) if self._is_cut_off else None
        self.goes_on |= data is not None
        return data

    def land(self, last: str) -> None:
        """See ``Arrivals.land``. What stands there already, to the byte, is not put again."""
        begun = self._is_cut_off
        others = [path for path in self._arrived if path != last]
        with ThreadPoolExecutor(PARALLEL) as pool:
            for begin in range(0, len(others), _AT_A_TIME):
                some = others[begin : begin + _AT_A_TIME]
                lacking = [path for path, lacks in zip(some, pool.map(self._lacks, some), strict=True) if lacks]
                if lacking and not begun:
                    self._put(INCOMING, b"")
                    begun = True
                for _ in pool.map(lambda path: self._put(path, self.read(path)), lacking):
                    pass
        if self._lacks(last):
            self._replace(last)
        if begun:
            self._bucket.erase(INCOMING)
        self.clear()

    def clear(self) -> None:
        """See ``Arrivals.clear``."""
        super().clear()
        self._is_cut_off = False

    def _lacks(self, path: str) -> bool:
        """Whether the bucket lacks a file as it is now. Nobody but a run that was cut off can have put a full tile."""
        if not self._is_cut_off and path.startswith("tile/") and ".p/" not in path:
            return True
        return self._held(path) != self.read(path)

    def _held(self, path: str) -> bytes | None:
        try:
            return self._bucket.get(path, _LARGEST_BYTES)
        except (NotFoundError, FormatError):  # or longer than any file of ours
            return None

    def _replace(self, path: str) -> None:
        """Put the checkpoint over the one that was there, and over no other."""
        condition = {"IfNoneMatch": "*"} if self._checkpoint is None else {"IfMatch": self._checkpoint}
        try:
            self._put(path, self.read(path), **condition)
        except ConfigError:
            # A store that knows no conditional writes; whatever else it refuses, it refuses again.
            self._put(path, self.read(path))
        except NotFoundError:  # so it was taken away meanwhile
            raise UnavailableError(
                f"Somebody else is writing to '{self._bucket.name}' at this moment.", remedy="Run it again."
            ) from None

    def _put(self, path: str, data: bytes, **condition: str) -> None:
        self._bucket.call("put_object", path, Body=data, **_headers(path), **condition)


def _headers(path: str) -> dict[str, str]:
    """What a web server should say of a file, as the service does."""
    if path.startswith("tile/"):
        return {"ContentType": "application/octet-stream", "CacheControl": _FOR_EVER}
    kind = "application/json" if path.endswith(".json") else "text/plain; charset=utf-8"
    return {"ContentType": kind, "CacheControl": _NOW}
