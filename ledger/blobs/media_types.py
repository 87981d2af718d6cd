"""Media types as ``Content-Type`` carries them (RFC 9110 section 8.3.1, names as in RFC 6838 section 4.2).

The type of a file is part of what is committed to, so it has one spelling: names in lower case, ``; `` before each
parameter, a value in quotes only where it must be. Empty parameters and repeated names are refused.
"""

from __future__ import annotations

import re
from typing import Final

from ledger.errors import FieldError

MAX_CHARACTERS: Final = 200
_ESSENCE: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})/(?:[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PARAMETER: Final = re.compile(
    rf'[ \t]*;[ \t]*(?P<name>{_TOKEN.pattern})=(?:(?P<token>{_TOKEN.pattern})|"(?P<quoted>(?:[ !#-\[\]-~]|\\[ -~])*)")'
)
_ENVELOPES: Final = ("multipart/", "application/x-www-form-urlencoded")


def parse_media_type(text: str) -> str:
    """The one spelling of a media type. Raises FieldError for what is none, and for the types of a form's body."""
    essence = _ESSENCE.match(text) if len(text) <= MAX_CHARACTERS else None
    if essence is None:
        raise _wrong("It is not a media type.")
    parts = [essence[0].lower()]
    if parts[0].startswith(_ENVELOPES):
        raise _wrong(f"{parts[0]} is the envelope of a form, not the type of a file.")
    names: set[str] = set()
    at = essence.end()
    while text[at:].strip(" \t"):
        parameter = _PARAMETER.match(text, at)
        if parameter is None:
            raise _wrong("What follows the type is not '; name=value'.")
        name = parameter["name"].lower()
        if name in names:
            raise _wrong(f"It has the parameter '{name}' twice.")
        names.add(name)
        parts.append(f"{name}={_value(parameter)}")
        at = parameter.end()
    return "; ".join(parts)


def _value(parameter: re.Match[str]) -> str:
    if parameter["token"] is not None:
        return parameter["token"]
    value = re.sub(r"\\(.)", r"\1", parameter["quoted"])
    if _TOKEN.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _wrong(why: str) -> FieldError:
    return FieldError(
        f"Content-Type: {why}",
        field="Content-Type",
        remedy="Send the file itself as the body, with its own type, such as 'Content-Type: image/png'.",
    )
