"""URLs that others name, read strictly: two programs that read a URL differently are how checks are got around.

Allowed is what RFC 3986 calls ``scheme "://" host [":" port] path ["?" query]`` in printable ASCII. A host is a name of
letters, digits, ``-`` and ``_``, four decimal numbers, or an IPv6 address in brackets. Nothing is decoded or mended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from ledger.errors import OutgoingRefusedError

MAX_URL_CHARS: Final = 2_000
_PORTS: Final = {"https": 443, "http": 80}
_URL: Final = re.compile(r"(https?)://([^/?#]*)((?:/[^?#]*)?)((?:\?[^#]*)?)", re.IGNORECASE)
_PRINTABLE: Final = re.compile(r"[!-~]+")
_NEVER_RAW: Final = frozenset('\\"<>^`{|}')
_AUTHORITY: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::([0-9]{1,5}))?")
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""Some programs read such a host as an IPv4 address in parts, octal or hexadecimal (WHATWG URL, IPv4 parser)."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in its parts. ``host`` is lower case, without brackets; ``target`` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """As in the header Host: with brackets where due, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def read_url(text: str, *, private: bool = False) -> Url:
    """Read a URL; http only where requests may be ``private``. Raises OutgoingRefusedError, which says why not."""
    if len(text) > MAX_URL_CHARS:
        raise _refused(f"it is longer than {MAX_URL_CHARS} characters")
    if not _PRINTABLE.fullmatch(text) or not _NEVER_RAW.isdisjoint(text):
        raise _refused("it has other characters than a URL may have", "Write them as %.., and a host's name as xn--...")
    match = _URL.fullmatch(text)
    if match is None:
        raise _refused("it is not https://HOST/PATH", "Write the whole URL, without a part after '#'.")
    scheme, authority, path, query = match[1].lower(), match[2].lower(), match[3], match[4]
    if scheme != "https" and not private:
        raise _refused("it is not https", "Use an https URL.")
    if "@" in authority:
        raise _refused("it has a user or password", "Leave out what stands before '@'.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise _refused("its host or port is not one")
    port = int(parts[2]) if parts[2] else _PORTS[scheme]
    if not 1 <= port <= 65_535:
        raise _refused("its port is not from 1 to 65535")
    return Url(scheme, _host(parts[1]), port, (path or "/") + query)


def _host(text: str) -> str:
    try:
        if text.startswith("["):
            address = IPv6Address(text[1:-1])
            if address.scope_id is not None:
                raise _refused("its address has a zone", "Leave out what stands after '%'.")
            return address.compressed
        if _ENDS_IN_NUMBER.fullmatch(text):
            return str(IPv4Address(text))
    except AddressValueError:
        raise _refused(
            "its host is not a name or an address", "Write an address as 192.0.2.1 or [2001:db8::1]."
        ) from None
    if len(text) > 253 or not _NAME.fullmatch(text):
        raise _refused("its host is not a name", "Write an international name in its ASCII form, xn--...")
    return text


def _refused(why: str, remedy: str | None = None) -> OutgoingRefusedError:
    return OutgoingRefusedError(f"The URL is refused: {why}.", remedy=remedy)
