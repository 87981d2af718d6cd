"""What one check of a tool came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """`subject` is a place in the contracts or a property; `detail` says in a line what was found of it."""

    tool: str
    subject: str
    good: bool
    detail: str
