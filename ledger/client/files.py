"""Files of any size to and from the service, a chunk at a time, their digests checked on both sides."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.errors import ConfigError, ProofError

CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be sent: each iteration reads it anew, so that a request can be repeated."""

    path: Path
    sha256: str
    size: int

    @classmethod
    def of(cls, path: Path) -> Source:
        """Hash a file. Raises ConfigError where it cannot be read."""
        digest = hashlib.sha256()
        size = 0
        for chunk in _chunks(path):
            digest.update(chunk)
            size += len(chunk)
        return cls(path, digest.hexdigest(), size)

    def __iter__(self) -> Iterator[bytes]:
        return _chunks(self.path)


class Part:
    """A file on its way to ``path``, which it gets only when it is whole. ConfigError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        self._digest = hashlib.sha256()
        with self._writing():
            self._file = self._part.open("xb")

    def write(self, chunk: bytes) -> None:
        """Add to it."""
        self._digest.update(chunk)
        with self._writing():
            self._file.write(chunk)

    def keep(self, sha256: str | None) -> None:
        """Put it in its place, if it has this digest (or none was named). Raises ProofError if it has another."""
        with self._writing():
            self._file.flush()
            os.fsync(self._file.fileno())
        found = self._digest.hexdigest()
        if sha256 is not None and found != sha256:
            raise ProofError(
                f"The service gave a file with the digest {found}, not {sha256}.",
                remedy="Nothing was saved. Ask the operator: its store of files is damaged.",
            )
        with self._writing():
            self._part.replace(self._path)

    def drop(self) -> None:
        """End it; what was not kept is gone."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigError(
                f"'{self._path}' cannot be written: {error.strerror}.", remedy="Check the path."
            ) from None


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be read: {error.strerror}.", remedy="Check the path.") from None
