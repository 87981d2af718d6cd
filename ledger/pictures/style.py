"""The style of the pictures, for a page's address or for one file that holds all."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def style() -> str:
    """The text of ``pictures.css``."""
    return Path(__file__).with_name("pictures.css").read_text(encoding="utf-8")
