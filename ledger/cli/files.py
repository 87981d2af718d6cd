"""Reading and writing the files that a user names."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from ledger.errors import ConfigError


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a file of at most ``limit`` bytes; ``-`` reads stdin. Raises ConfigError."""
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be read: {error.strerror}.", remedy="Check the path.") from None
    if len(data) > limit:
        raise ConfigError(f"'{path}' is longer than {limit} bytes.", remedy="Give the right file.")
    return data


def open_file(path: Path) -> BinaryIO:
    """A file of any size, to be read in pieces. Raises ConfigError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be read: {error.strerror}.", remedy="Check the path.") from None


def write_new_file(path: Path, data: bytes, *, secret: bool = False) -> None:
    """Write a file that must not exist yet; a secret one may be read by its owner only. Raises ConfigError."""
    try:
        path.parent.mkdir(mode=0o700 if secret else 0o777, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
    except FileExistsError:
        raise ConfigError(f"'{path}' exists already.", remedy="Nothing was changed; choose another path.") from None
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be written: {error.strerror}.", remedy="Check the path.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes) -> None:
    """Put a secret file in the place of another one, at once and durably. Raises ConfigError."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    write_new_file(part, data, secret=True)
    try:
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be written: {error.strerror}.", remedy="Check the path.") from None
