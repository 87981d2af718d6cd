"""How files come into a mirror's folder: put aside as they arrive, and in place only as a whole, durably.

What arrives is written to ``.incoming``. ``land`` makes all of it durable, moves it into place and then, after
everything it vouches for, the checkpoint: a power cut leaves the old checkpoint or the new one, never one that vouches
for files that are not there. What an interruption left in ``.incoming`` or in place is there for the next run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

from ledger.audit.source import FolderSource, Source
from ledger.errors import UnavailableError

INCOMING: Final = ".incoming"
_SYNCING: Final = 8
"""Files that are made durable at a time: a disk takes them together."""


class Arrivals(Protocol):
    """What arrives for a mirror. Every method raises UnavailableError where it cannot be kept or read."""

    goes_on: bool
    """Whether an earlier run's files were taken up, which nobody has verified."""

    def put(self, path: str, data: bytes) -> None:
        """Put a file aside."""
        ...

    def left(self, path: str) -> bytes | None:
        """What an earlier run left of a file; it lands as if it had arrived now."""
        ...

    def read(self, path: str) -> bytes:
        """A file that arrived."""
        ...

    def land(self, last: str) -> None:
        """Bring what arrived into place, the file ``last`` after all others."""
        ...

    def clear(self) -> None:
        """Forget what arrived, and what an earlier run left."""
        ...


class Place(Protocol):
    """Where a mirror is kept: a folder, or a bucket of an object store."""

    name: str

    def source(self) -> Source:
        """The mirror as a source to read from."""
        ...

    def names(self) -> set[str]:
        """What stands at its top."""
        ...

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Keep other runs out, from before the mirror is read until what is new has landed."""
        ...

    def landing(self) -> Arrivals:
        """How new files come into it; while :meth:`alone`."""
        ...

    def drop(self, folder: str) -> None:
        """Remove a folder and its files, as far as possible: what is left disturbs nobody."""
        ...


class FolderPlace:
    """A mirror in a folder."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def source(self) -> FolderSource:
        """See ``Place.source``."""
        return FolderSource(self._folder)

    def names(self) -> set[str]:
        """See ``Place.names``."""
        return {path.name for path in self._folder.iterdir()}

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """See ``Place.alone``; makes the folder if there is none."""
        return alone_in(self._folder)

    def landing(self) -> Landing:
        """See ``Place.landing``."""
        return Landing(self._folder)

    def drop(self, folder: str) -> None:
        """See ``Place.drop``."""
        shutil.rmtree(self._folder / folder, ignore_errors=True)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make the folder if there is none, and keep other mirrors out of it. Raises UnavailableError."""
    with _usable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError(
                f"Another mirror is being written to '{folder}' at this moment.",
                remedy="Wait until it is done, or give another folder.",
            ) from None
        yield
    finally:
        os.close(handle)


class Landing:
    """What arrives for the mirror in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = folder / INCOMING / "files"
        self._part = folder / INCOMING / "part"
        self._arrived: dict[str, None] = {}
        self.goes_on = False
        """Whether an earlier run's files were taken up, which nobody has verified."""

    def put(self, path: str, data: bytes) -> None:
        """Put a file aside. Raises UnavailableError where it cannot be written."""
        target = self._files / path
        with _usable(target):
            # Written under another name first: what has its name is whole, unless the power went.
            try:
                self._part.write_bytes(data)
            except FileNotFoundError:
                self._part.parent.mkdir()
                self._part.write_bytes(data)
            try:
                self._part.replace(target)
            except FileNotFoundError:
                target.parent.mkdir(parents=True)
                self._part.replace(target)
        self._arrived[path] = None

    def left(self, path: str) -> bytes | None:
        """What an earlier run left of a file, aside or in place; it lands as if it had arrived now."""
        for file in (self._files / path, self._folder / path):
            if file.is_file():
                self._arrived[path] = None
                self.goes_on = True
                with _usable(file):
                    return file.read_bytes()
        return None

    def read(self, path: str) -> bytes:
        """A file that arrived. Raises UnavailableError where it cannot be read."""
        with _usable(self._files / path):
            return (self._files / path).read_bytes()

    def land(self, last: str) -> None:
        """Bring what arrived into place, the file ``last`` after all others. Raises UnavailableError."""
        with _usable(self._folder), ThreadPoolExecutor(_SYNCING) as pool:
            others = [path for path in self._arrived if path != last]
            _exhaust(pool.map(self._make_durable, [*others, last]))
            for path in others:
                self._move(path)
            folders = {parent for path in others for parent in Path(path).parents}
            _exhaust(pool.map(lambda parent: _sync(self._folder / parent), sorted(folders | {Path()})))
            self._move(last)
            _sync(self._folder)
        self.clear()

    def clear(self) -> None:
        """Remove what is left aside."""
        shutil.rmtree(self._folder / INCOMING, ignore_errors=True)
        self._arrived.clear()
        self.goes_on = False

    def _make_durable(self, path: str) -> None:
        try:
            _sync(self._files / path)
        except FileNotFoundError:  # it is in place already, since an earlier run that went no further
            _sync(self._folder / path)

    def _move(self, path: str) -> None:
        target = self._folder / path
        with contextlib.suppress(FileNotFoundError):  # the same
            try:
                (self._files / path).replace(target)
            except FileNotFoundError:
                target.parent.mkdir(parents=True, exist_ok=True)
                (self._files / path).replace(target)


@contextlib.contextmanager
def _usable(path: Path) -> Iterator[None]:
    """Type the errors of the disk."""
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"'{path}' cannot be used: {error.strerror}.",
            remedy="The mirror is what it was. Look at the disk and the folder's rights and run it again: it goes on.",
        ) from error


def _sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exhaust(done: Iterable[None]) -> None:
    for _ in done:
        pass
