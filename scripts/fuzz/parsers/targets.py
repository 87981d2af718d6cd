"""All parsers."""

from __future__ import annotations

from functools import cache

from scripts.fuzz.parsers import of_logs, of_platforms, of_settings, of_wallets
from scripts.fuzz.parsers.target import Target


@cache
def targets() -> dict[str, Target]:
    """By name, in the order of docs/fuzzing.md."""
    every = (*of_logs.TARGETS, *of_wallets.TARGETS, *of_platforms.TARGETS, *of_settings.TARGETS)
    return {each.name: each for each in every}
