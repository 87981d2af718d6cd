"""What an import leaves beside its file: how far it is, and the rows that it could not use."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from ledger.connectors.records import Refused
from ledger.errors import ConfigError

BEGINNING: Final = 1024 * 1024
"""Bytes of the file whose digest tells it from another one; it may have grown since."""
_HEAD_LINE: Final = b"line,reason,remedy,row\r\n"
_ANOTHER: Final = "Name another with --rejects."


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is imported to where: a run goes on only with the same."""

    connector: str
    form: str
    campaign: str
    url: str
    options: dict[str, str]
    decisions: bool
    rate: str
    """Base units for one unit of the platform's money; empty where nobody said."""
    mapping: str
    """SHA-256 of the mapping; empty where a connector reads the file."""
    digest: str
    """SHA-256 of the file's first ``beginning`` bytes."""
    beginning: int
    size: int
    changed_ns: int
    """When the file was written to last. One that was changed since is read anew: rows may stand elsewhere in it."""


class Progress(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far: ``rows`` of the file are done with. ``rejects_bytes`` is how long the file of refused rows is by now.

    ``told`` is the id under which the service shows the import; empty where it does not.
    """

    rows: int = 0
    line: int = 0
    used: int = 0
    refused: int = 0
    rejects_bytes: int = 0
    written: dict[str, int] = {}
    known: dict[str, int] = {}
    skipped: dict[str, int] = {}
    told: str = ""


class _State(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    v: int
    job: Job
    progress: Progress


def hold(file: BinaryIO, words: str, remedy: str) -> None:
    """Keep other processes off a file until it is closed. Raises ConfigError where another one holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(words, remedy=remedy) from None
    except OSError:  # a file system without locks
        pass


def beginning_of(source: BinaryIO, size: int = BEGINNING) -> tuple[str, int]:
    """The digest of the first ``size`` bytes or fewer, and how many they are; the file is at its start again."""
    data = source.read(size)
    source.seek(0)
    return hashlib.sha256(data).hexdigest(), len(data)


class StateFile:
    """How far an import is, in a file that is replaced as a whole and durable before the next batch counts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, job: Job, source: BinaryIO) -> Progress | None:
        """Where an earlier run of the same stopped; None for a new one, and where the file was changed since.

        Raises ConfigError for another job's state.
        """
        try:
            state = msgspec.json.decode(self.path.read_bytes(), type=_State)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise ConfigError(f"'{self.path}' cannot be used: {error}.", remedy=self._anew()) from None
        before = state.job
        digest, beginning = beginning_of(source, before.beginning)
        if (before.digest, before.beginning) != (digest, beginning):
            raise ConfigError("The file is another one than an unfinished import began with.", remedy=self._anew())
        here = msgspec.structs.replace(
            job, digest=digest, beginning=beginning, size=before.size, changed_ns=before.changed_ns
        )
        if not before.rate:  # without one no bonus was sent: the first stopped that run
            before = msgspec.structs.replace(before, rate=job.rate)
        if before != here:
            names = [name for name in before.__struct_fields__ if getattr(before, name) != getattr(here, name)]
            raise ConfigError(
                f"An unfinished import of this file had another {' and '.join(names)}.",
                remedy=f"Give the same as then ({', '.join(f'{name}: {getattr(before, name)}' for name in names)}), "
                f"or begin anew: {self._anew()}",
            )
        return state.progress if (job.size, job.changed_ns) == (before.size, before.changed_ns) else None

    def save(self, job: Job, progress: Progress) -> None:
        """Keep it, durably."""
        part = self.path.with_name(f"{self.path.name}.part")
        with part.open("wb") as file:
            file.write(msgspec.json.encode(_State(v=1, job=job, progress=progress)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)

    def note(self, told: str) -> None:
        """Keep under which id the service shows the import, which may be known late; nothing where nothing is kept."""
        try:
            state = msgspec.json.decode(self.path.read_bytes(), type=_State)
        except FileNotFoundError:
            return
        if state.progress.told != told:
            self.save(state.job, msgspec.structs.replace(state.progress, told=told))

    def remove(self) -> None:
        """The import is over."""
        self.path.unlink(missing_ok=True)

    def _anew(self) -> str:
        return f"remove '{self.path}'; what is recorded already is found again, nothing is recorded twice."


class Rejects:
    """The rows that could not be used, as a CSV file of their own; it is made with the first of them."""

    def __init__(self, path: Path, kept_bytes: int) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        if kept_bytes:
            self._file = self._kept(kept_bytes)
        elif path.exists():  # of an earlier run, which this one replaces; one that was killed may have written less
            with path.open("rb") as file:
                hold(file, f"Another import reads or writes '{path}'.", _ANOTHER)
                if not _HEAD_LINE.startswith(file.read(len(_HEAD_LINE))):
                    raise ConfigError(f"'{path}' is no file of refused rows.", remedy=_ANOTHER)
            path.unlink()

    def _kept(self, kept_bytes: int) -> BinaryIO:
        """The file of the run that is gone on with."""
        try:
            file = self.path.open("r+b")
            if file.seek(0, os.SEEK_END) >= kept_bytes:
                hold(file, f"Another import reads or writes '{self.path}'.", _ANOTHER)
                file.truncate(kept_bytes)
                file.seek(kept_bytes)
                return file
            file.close()
        except FileNotFoundError:
            pass
        raise ConfigError(
            f"'{self.path}', where an unfinished import had begun to write refused rows, is not as it was left.",
            remedy="Put it back, or remove the .crowdledger-import file: what is recorded already is found again.",
        )

    def _made(self) -> BinaryIO:
        try:
            file = self.path.open("xb")
        except FileExistsError:
            raise ConfigError(f"Another import made '{self.path}' meanwhile.", remedy=_ANOTHER) from None
        hold(file, f"Another import reads or writes '{self.path}'.", _ANOTHER)
        file.write(_HEAD_LINE)
        return file

    def add(self, refused: Iterable[Refused]) -> int:
        """Write these, durably; how long the file is then."""
        text = io.StringIO()
        writer = csv.writer(text)
        for each in refused:
            writer.writerow((each.line, *map(_as_text, (each.reason, each.remedy, each.raw))))
        if not text.tell():
            return self._file.tell() if self._file is not None else 0
        if self._file is None:
            self._file = self._made()
        self._file.write(text.getvalue().encode("utf-8", "replace"))
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _as_text(raw: str) -> str:
    """What a stranger wrote, so that a spreadsheet that opens the file takes it for no formula."""
    return f"'{raw}" if raw.startswith(("=", "+", "-", "@", "\t", "\r")) else raw
