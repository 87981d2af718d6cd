"""Digits of any script as ASCII, and text without the marks that only steer its direction: for reading, not keeping."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_DIGIT: Final = re.compile(r"\d")
_MARKS: Final = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def ascii_digits(text: str) -> str:
    """The text with every decimal digit (Persian, Arabic, full-width ...) as 0 to 9; all else as it is."""
    return text if text.isascii() else _DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)


def bare(text: str) -> str:
    """The text with ASCII digits and single spaces, without marks of direction and joining, and without its ends."""
    return " ".join(_MARKS.sub("", ascii_digits(text)).split())
