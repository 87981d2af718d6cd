"""Server-sent events, parsed as they come (WHATWG HTML, section 9.2.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ledger.errors import FormatError

MAX_MESSAGE_BYTES: Final = 1024 * 1024
DEFAULT_RETRY_SECONDS: Final = 1.0
MAX_RETRY_SECONDS: Final = 60.0
# A carriage return at the very end may be the first half of a line's end.
_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")
_BOM: Final = b"\xef\xbb\xbf"


class Message(NamedTuple):
    """One message: the id by then, its event's name, its data's lines."""

    id: str
    event: str
    data: str


class Messages:
    """The messages in a stream that comes in pieces, however it is cut."""

    def __init__(self) -> None:
        self.retry_seconds = DEFAULT_RETRY_SECONDS
        """How long the server asks to wait before the stream is opened again."""
        self.last_id = ""
        """The id to go on behind: the last one that a message, or an empty one, ended with."""
        self._rest = bytearray()
        self._first = True
        self._id = ""
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """The messages that end in ``chunk``. Raises FormatError for one above ``MAX_MESSAGE_BYTES``."""
        for line in self._lines(chunk):
            self._size += len(line)
            if self._first:
                line, self._first = line.removeprefix(_BOM), False  # noqa: PLW2901
            if (message := self._take(line.decode(errors="replace"))) is not None:
                yield message
        if self._size + len(self._rest) > MAX_MESSAGE_BYTES:
            raise FormatError(f"A message of the stream has more than {MAX_MESSAGE_BYTES} bytes.")

    def _lines(self, chunk: bytes) -> list[bytes]:
        """The lines that end in ``chunk``; what was looked at before is not looked at again."""
        seen = max(0, len(self._rest) - 1)
        self._rest += chunk
        begin, lines = 0, []
        for end in [match.span() for match in _LINE_END.finditer(self._rest, seen)]:
            lines.append(bytes(self._rest[begin : end[0]]))
            begin = end[1]
        del self._rest[:begin]
        return lines

    def _take(self, line: str) -> Message | None:
        if not line:
            return self._end()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 10:
            self.retry_seconds = min(int(value) / 1000, MAX_RETRY_SECONDS)
        return None

    def _end(self) -> Message | None:
        """An empty line ends a message; one without data is none."""
        data, event = self._data, self._event
        self._data, self._event, self._size = [], "", 0
        self.last_id = self._id
        return Message(self._id, event or "message", "\n".join(data)) if data else None
