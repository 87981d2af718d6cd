"""Files of any size to and from the service, a chunk at a time, their digests checked on both sides."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

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


def save(reply: httpx.Response, sha256: str, path: Path) -> None:
    """Write a reply's body to ``path``, which it gets only when it is whole. Raises ProofError if it is another file.

    ConfigError where ``path`` cannot be written.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    digest = hashlib.sha256()
    try:
        with part.open("xb") as file:
            for chunk in reply.iter_raw(CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            raise ProofError(
                f"The service gave a file with the digest {digest.hexdigest()}, not {sha256}.",
                remedy="Nothing was saved. Ask the operator: its store of files is damaged.",
            )
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be written: {error.strerror}.", remedy="Check the path.") from None
    finally:
        part.unlink(missing_ok=True)


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be read: {error.strerror}.", remedy="Check the path.") from None
