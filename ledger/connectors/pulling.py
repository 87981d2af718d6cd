"""Work that is fetched from a platform's own API, in the shape of all connectors: page by page, from where it ended.

A source does no I/O of its own: it is handed a way to ask, which is bounded and leads to one address only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, Protocol

from ledger.connectors import rows
from ledger.connectors.reading.text import refused
from ledger.connectors.records import Read
from ledger.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from ledger.connectors.connector import Options

MAX_PAGES: Final = 100_000
"""Pages of one list that are asked for; a server whose list never ends is given up."""
_LONGEST_NUMBER: Final = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """All that the platform had before here was handed over. ``line`` is that of the last thing before it.

    It counts once everything since the mark before is recorded, with nothing refused among it: then ``since`` is kept
    for the next pull, which begins behind it, and ``done`` is called (a queue's messages are taken off).
    """

    line: int
    since: str | None = None
    done: Callable[[], None] | None = None


Pulled = Read | Mark


class Platform(Protocol):
    """A platform's API as a command asks it: bounded, patient, at one address and nowhere else."""

    def __call__(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of the reply. Raises ConfigError where it is refused, UnavailableError without an answer in time."""

    def file(self, path: str, query: Mapping[str, Any] | None = None) -> BinaryIO:
        """The body of the reply as a file, which the caller closes. Raises as above."""

    def sign_in(self, path: str, account: str) -> None:
        """Sign in at a form of Django's with the token as the password, instead of showing it in headers.

        Raises ConfigError where it is refused.
        """


class Source(Protocol):
    """A platform's API."""

    @property
    def speaks(self) -> Literal["http", "aws"]:
        """Which way of asking it takes: plain HTTP, or Amazon's signed requests."""

    @property
    def address(self) -> str | None:
        """Where it is for everybody; None where everybody has a server of their own."""

    @property
    def options(self) -> Mapping[str, str]:
        """What may be said with ``--option``: names, and what they are."""

    def headers(self, token: str) -> Mapping[str, str]:
        """The headers that show the token."""

    def pull(self, ask: Platform, options: Options, since: str | None) -> Iterator[Pulled]:
        """What is there, behind ``since`` if it is given. Lines count from 1 over the whole pull.

        Raises ConfigError for an option that is missing, FormatError for replies that are none of this platform.
        """


def needed(options: Options, name: str, source: Source) -> str:
    """An option that must be there: an id, which may stand in a path. Raises ConfigError."""
    value = options.get(name)
    if not value:
        raise ConfigError(f"--option {name}=... is missing.", remedy=f"It is {source.options[name]}.")
    try:
        return rows.path_id(value, name)
    except FormatError:
        raise ConfigError(f"--option {name}: '{value}' is no id.", remedy=f"It is {source.options[name]}.") from None


def read(line: int, value: Any, record: Callable[[int, dict[str, Any]], Read]) -> Read:
    """One thing of a reply as a record; what is wrong with it is said of it alone."""
    try:
        return record(line, rows.mapping(value, "item"))
    except FormatError as error:
        return refused(line, error.detail, error.remedy, repr(value))


def number(text: str) -> int:
    """A number of a mark. Raises ConfigError for what no mark holds."""
    if not (text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER):
        raise ConfigError("What is kept of the last pull is none of this platform.", remedy="Give another --state.")
    return int(text)
