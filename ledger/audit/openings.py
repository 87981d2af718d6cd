"""Where an auditor with a mandate has openings from: a folder of files, or the service itself.

A folder holds ``{purpose}/{subject}.json`` (the opening's file of FORMATS) and ``files/{sha256}`` for contents that are
files. A service gives ``{mandate's address}/openings/{purpose}/{subject}`` for the mandate's token, and writes each one
that it gives into the log; so that only so many are asked for as the auditor allows.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self, get_args
from urllib.parse import urlsplit

import httpx
import orjson

from ledger.audit.source import LOOPBACK, TIMEOUT_SECONDS, Closing, patiently
from ledger.errors import ConfigError, FormatError, NotFoundError, ProofError, UnavailableError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.contents import Purpose

MAX_OPENING_BYTES: Final = 2 << 20
"""An opening's content is at most 256 KiB of JSON, its preimage twice escaped."""
MAX_DOCUMENT_BYTES: Final = 256 << 20
"""The largest document that is read from a file."""
DEFAULT_LIMIT: Final = 1_000
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
_NOT_GIVEN = frozenset({404, 409, 410})
"""Not there any more, or not covered by the mandate."""


class Openings(Protocol):
    """Openings by purpose and subject. ``name`` is what a person typed, ``unasked`` how many the limit kept back."""

    name: str
    unasked: int

    def fetch(self, purpose: Purpose, subject: str) -> Opening | None:
        """The opening; None where it is not given.

        Raises FormatError where what is given is none, UnavailableError where nothing answers.
        """
        ...

    def offers(self, purpose: Purpose, subject: str) -> bool:
        """Whether the opening is looked at though nothing that is checked rests on it."""
        ...

    def document(self, sha256: str) -> bytes | None:
        """The bytes of a file; None where they are not given."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FolderOpenings(Closing):
    """Openings that the auditor holds as files."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self.unasked = 0
        self._folder = folder
        self._offered = {
            (purpose, path.stem) for purpose in PURPOSES for path in (folder / purpose).glob("*.json") if path.is_file()
        }

    def offers(self, purpose: Purpose, subject: str) -> bool:
        """See :meth:`Openings.offers`: all that is there."""
        return (purpose, subject) in self._offered

    def fetch(self, purpose: Purpose, subject: str) -> Opening | None:
        """See :meth:`Openings.fetch`."""
        data = self._read(Path(purpose) / f"{subject}.json", MAX_OPENING_BYTES)
        return None if data is None else Opening.parse(data.strip())

    def document(self, sha256: str) -> bytes | None:
        """See :meth:`Openings.document`."""
        return self._read(Path("files") / sha256, MAX_DOCUMENT_BYTES)

    def _read(self, path: Path, limit: int) -> bytes | None:
        try:
            with (self._folder / path).open("rb") as file:
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UnavailableError(
                f"'{self._folder / path}' cannot be read: {error.strerror}.", remedy="Check the folder and its rights."
            ) from error
        if len(data) > limit:
            raise FormatError(f"'{path}' is longer than the {limit} bytes that it may have.")
        return data


class MandateOpenings(Closing):
    """Openings that a service gives under a mandate, at most ``limit`` of them."""

    def __init__(self, url: str, token: str, limit: int = DEFAULT_LIMIT) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"'{url}' is not an HTTP address.", remedy="Write it as https://crowd.example.org/v1/mandates/{id}."
            )
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError("This is no token of a mandate.", remedy="Give the file with the token and nothing else.")
        self.name = url
        self.unasked = 0
        self._base = url.rstrip("/")
        self._left = limit
        self._http = httpx.Client(
            timeout=TIMEOUT_SECONDS,
            trust_env=parts.hostname not in LOOPBACK,
            headers={"authorization": f"Bearer {token}", "accept-encoding": "identity"},
        )

    def fetch(self, purpose: Purpose, subject: str) -> Opening | None:
        """See :meth:`Openings.fetch`. None, too, once as many were asked for as may be."""
        if self._left <= 0:
            self.unasked += 1
            return None
        self._left -= 1
        try:
            value = orjson.loads(patiently(lambda: self._get(f"{self._base}/openings/{purpose}/{subject}")))
            return Opening.parse(canonical.encode(value["opening"]))
        except NotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(f"'{self.name}' does not give an opening of {purpose} {subject}.") from error

    def offers(self, purpose: Purpose, subject: str) -> bool:
        """See :meth:`Openings.offers`: nothing is opened without need, because each opening is logged."""
        return False

    def document(self, sha256: str) -> bytes | None:
        """See :meth:`Openings.document`. A service gives the files that contents name which it has opened before."""
        url = f"{self._base.rsplit('/mandates/', 1)[0]}/files/{sha256}"
        try:
            return patiently(lambda: self._get(url, MAX_DOCUMENT_BYTES))
        except NotFoundError:
            return None

    def _get(self, url: str, most: int = MAX_OPENING_BYTES) -> bytes:
        try:
            with self._http.stream("GET", url) as reply:
                if reply.status_code in _NOT_GIVEN:
                    raise NotFoundError(f"'{url}' is not there.")
                if reply.status_code in (401, 403):
                    raise ConfigError(
                        f"'{self.name}' does not take this token ({reply.status_code}).",
                        remedy="Give the mandate's own address and token; the mandate may be over.",
                    )
                if reply.status_code != 200:
                    raise UnavailableError(f"'{url}' answers {reply.status_code}.")
                data = bytearray()
                for chunk in reply.iter_raw():
                    data += chunk
                    if len(data) > most:
                        raise FormatError(f"'{url}' is longer than {most} bytes.")
        except httpx.HTTPError as error:
            raise UnavailableError(f"'{self.name}' does not answer ({type(error).__name__}).") from error
        return bytes(data)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def open_openings(place: str, token: str | None = None, limit: int = DEFAULT_LIMIT) -> Openings:
    """What a user names: a folder, or a mandate's address with its token. ConfigError if it is neither."""
    if place.startswith(("http://", "https://")):
        if token is None:
            raise ConfigError(
                "A mandate's address needs the mandate's token.",
                remedy="Put the token into a file and give its path with --openings-token.",
            )
        return MandateOpenings(place, token, limit)
    folder = Path(place)
    if not folder.is_dir():
        raise ConfigError(
            f"'{place}' is neither a mandate's http(s):// address nor a folder.",
            remedy="Give the folder that holds {purpose}/{subject}.json.",
        )
    return FolderOpenings(folder)


def content_of(opening: Opening, commitment: str, place: dict[str, str | None]) -> JsonValue:
    """The content, once the opening matches the commitment and was made for its place.

    Raises ProofError where it does not match, or was made for another place (FORMATS, Commitment).
    """
    content = verify_opening(opening, commitment)
    preimage = canonical.decode(opening.preimage)
    assert isinstance(preimage, dict)
    for name, wanted in place.items():
        if preimage.get(name) != wanted:
            raise ProofError(f"The commitment was made for another {name}: {preimage.get(name)}, not {wanted}.")
    return content
