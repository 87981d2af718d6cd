"""Bytes as text, line by line: the encoding by its mark, all kinds of line ends, and no line longer than a bound."""

from __future__ import annotations

import codecs
import io
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, Final

from ledger.connectors.records import Refused
from ledger.errors import FormatError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ROW: Final = 4 * 1024 * 1024
"""Characters of one row or one object. A contribution may have 256 KiB; a row may mean several."""
_BUFFER_BYTES: Final = 64 * 1024
AGAIN_FREE: Final = 16 * MAX_ROW
AGAIN_TIMES: Final = 4
"""What is read again behind damaged rows may come to so many times what was read, and to this much at first."""
MAX_RAW: Final = 2000
"""Characters of a refused row that are kept."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class TooLongError(Exception):
    """What was being read grew over the bound. Stays inside this package."""


class Lines:
    """The lines of a file with their ends. Those of the row under way are kept, so that they can be read again.

    Text is UTF-8, or what a byte order mark says. Bytes that are no text become lone surrogates, for which ``fault``
    looks.
    """

    def __init__(self, source: BinaryIO) -> None:
        encoding, head = _encoding(source)
        errors = "surrogateescape" if encoding == "utf-8" else "strict"
        self._text = io.TextIOWrapper(rest(head, source), encoding, errors=errors, newline="")
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self._size = 0
        self._read = self._read_again = 0
        self.line = 1
        """The number of the first line in ``taken``, from 1."""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._readline()
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        if self._size > MAX_ROW:
            raise TooLongError
        return line

    def done(self) -> None:
        """The row is read: forget its lines."""
        self.line += len(self.taken)
        self.taken.clear()
        self._size = 0

    def give_back(self, keep: int) -> None:
        """Keep the first ``keep`` lines of the row; the others will be read again.

        Raises FormatError where that happens so much that reading would not end in any time.
        """
        self._read_again += sum(map(len, self.taken[keep:]))
        if self._read_again > AGAIN_FREE + AGAIN_TIMES * self._read:
            raise FormatError(
                f"Too many rows have quotes that are not closed, the last one in line {self.line}.",
                remedy="Take the file anew from the platform, or mend its quotes.",
            )
        self._again.extendleft(reversed(self.taken[keep:]))
        del self.taken[keep:]
        self._size = sum(map(len, self.taken))

    def first_only(self) -> str:
        """Take the first line alone as the row; its text, cut. One over the bound is read to its end, and forgotten."""
        self.give_back(1)
        first = self.taken[0]
        if len(first) > MAX_ROW:
            rest = first
            while rest and not rest.endswith(("\n", "\r")):
                rest = self._readline()
        self.done()
        return first[:MAX_RAW].rstrip("\r\n")

    def text(self) -> str:
        """The row's text."""
        return self.taken[0] if len(self.taken) == 1 else "".join(self.taken)

    def _readline(self) -> str:
        try:
            line = self._text.readline(MAX_ROW + 1)
            self._read += len(line)
            return line
        except UnicodeDecodeError as error:
            raise FormatError(
                f"The file is not {self._text.encoding}: {error.reason}.", remedy="Save it as UTF-8."
            ) from None


def fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a row as text: reason and remedy."""
    if "\0" in text:
        return "There is a NUL character in it.", "Save the file as UTF-8 text."
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "It is not UTF-8.", "Save the file as UTF-8; spreadsheets call it 'CSV UTF-8'."
    return None


def refused(line: int, reason: str, remedy: str, raw: str) -> Refused:
    """A row that cannot be used; what is not text in it shows as question marks."""
    return Refused(line, reason, remedy, raw[:MAX_RAW].encode("utf-8", "replace").decode())


def _encoding(source: BinaryIO) -> tuple[str, bytes]:
    """The encoding, and what was read after its mark."""
    head = source.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, head[len(mark) :]
    return "utf-8", head


def rest(first: bytes, source: BinaryIO) -> io.BufferedReader:
    """A file of what was read already and what follows in ``source``, which stays open for whoever opened it."""
    return io.BufferedReader(_Rest(first, source), _BUFFER_BYTES)


class _Rest(io.RawIOBase):
    def __init__(self, first: bytes, source: BinaryIO) -> None:
        super().__init__()
        self._first = first
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if self._first:
            data, self._first = self._first[: len(view)], self._first[len(view) :]
        else:
            data = self._source.read(len(view))
        view[: len(data)] = data
        return len(data)
