"""A file that is there as a whole or not at all, and that never takes the place of another one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.errors import ConfigError

PART: Final = ".part"
"""Ends the name of a file that is not whole yet."""


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """An empty file beside ``target``, mode 0600, to be filled in the block; at its end it is made durable and named
    ``target``. It goes if the block fails. Raises ConfigError where there is something already, or cannot be.
    """
    part = target.with_name(target.name + PART)
    if target.exists() or target.is_symlink():
        raise _exists(target)
    handle = _taken(part)
    try:
        _remove_beside(part)
        yield part
        sync(part)
        try:
            os.link(part, target)  # where a rename would take the place of a file that came meanwhile
        except FileExistsError:
            raise _exists(target) from None
        sync(target.absolute().parent)
    finally:
        _remove_beside(part)
        part.unlink(missing_ok=True)
        os.close(handle)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _taken(part: Path) -> int:
    """The file, emptied: what a run that was killed has left is nobody's. It is ours until the handle is closed."""
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"'{part}' cannot be written: {error.strerror}.", remedy="Check the folder.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), part.stat()):  # whoever had it has just given it its name
            raise BlockingIOError
    except OSError:
        os.close(handle)
        raise ConfigError(f"Somebody else is writing '{part}'.", remedy="Wait for that to end.") from None
    os.ftruncate(handle, 0)
    os.fchmod(handle, 0o600)
    return handle


def _remove_beside(part: Path) -> None:
    """What SQLite keeps beside a file: of one that was cut off it would be taken for a part of the next."""
    for suffix in ("-journal", "-wal", "-shm"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)


def _exists(target: Path) -> ConfigError:
    return ConfigError(f"'{target}' exists already.", remedy="Nothing was changed; choose another path.")
