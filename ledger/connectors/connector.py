"""The one shape of all connectors: which files a platform writes, and how its deliveries are checked and read.

A connector does no I/O of its own: it is handed an open file, a delivery, or a way to ask its platform.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from ledger.connectors.pulling import Source
from ledger.connectors.records import Read, Record
from ledger.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Options:
    """What a person says beside the file; each connector's page names those that it knows."""

    values: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str | None = None) -> str | None:
        """An option, or what holds without it."""
        return self.values.get(name, default)

    def one_of(self, name: str, usual: str, other: str) -> str:
        """An option of two words, ``usual`` where nobody says it. Raises ConfigError for a third."""
        value = self.values.get(name, usual)
        if value not in (usual, other):
            raise ConfigError(f"--option {name}: '{value}' is not known.", remedy=f"Say {usual} or {other}.")
        return value


@dataclass(frozen=True, slots=True)
class FileForm:
    """A form of file that a platform writes. ``columns`` are those that only this form has together.

    ``options`` names what may be said beside a file of it.
    """

    name: str
    suffixes: tuple[str, ...]
    columns: frozenset[str]
    options: frozenset[str] = frozenset()

    def likeness(self, names: frozenset[str]) -> int:
        """How much a file with these column or member names looks like this form, 0 to 100; 100: it has all."""
        return 100 * len(self.columns & names) // len(self.columns) if self.columns else 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook's request as it came. Header names are in lower case; the body is untouched."""

    headers: Mapping[str, str]
    body: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class Verified:
    """A delivery that is genuine. ``event_id`` is the same when the platform sends it again."""

    event_id: str
    at_ms: int | None
    """When the platform says that it sent it; None where the scheme has no time."""


class Ask(Protocol):
    """A bounded GET to the platform's own API, at the address that the operator configured and nowhere else."""

    def __call__(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON of the reply. Raises UnavailableError where it should be tried again, FormatError for good."""


class Hook(Protocol):
    """A platform's webhook."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """Check who sent it, in constant time and before anything is parsed; any of ``secrets`` may have signed.

        Raises SignatureError for a forged one and StaleDeliveryError for one outside the window.
        """

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """What a genuine delivery means. ``ask`` is there where the hook was configured with the platform's address.

        Raises FormatError where it means nothing that we know.
        """


class Connector(Protocol):
    """One platform."""

    @property
    def name(self) -> str:
        """What it is called, and what its ids begin with."""

    @property
    def title(self) -> str:
        """What people call the platform."""

    @property
    def forms(self) -> tuple[FileForm, ...]:
        """The files that it reads."""

    @property
    def hook(self) -> Hook | None:
        """Its webhook, if it has one."""

    @property
    def source(self) -> Source | None:
        """Its API, where work can be fetched from it."""

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The file's rows in order, read as a stream in bounded memory. Raises FormatError where it is no such file."""
