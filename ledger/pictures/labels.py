"""How a picture writes its ticks: in whose language, calendar and digits is for the caller to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_SHORT_MS: Final = 2 * 24 * 60 * 60 * 1000


def _date(at_ms: int) -> str:
    return _moment(at_ms, "%Y-%m-%d")


def _time(at_ms: int) -> str:
    return _moment(at_ms, "%m-%d %H:%M")


def _moment(at_ms: int, form: str) -> str:
    """A time that no calendar of Python's has, as 10^30 ms, is written as the number it is."""
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return str(at_ms)


@dataclass(frozen=True)
class Labels:
    """The words of ticks.

    Attributes:
        date: Unix milliseconds to words, as short as a tick: "22 Nov".
        number: a count to words: "1,234".
        time: like ``date``, for pictures of less than two days, whose dates would all be alike.
    """

    date: Callable[[int], str] = _date
    number: Callable[[int], str] = "{:,}".format
    time: Callable[[int], str] = _time

    def of_span(self, first_ms: int, last_ms: int) -> Callable[[int], str]:
        """What writes the times of a picture that spans these two."""
        return self.time if last_ms - first_ms < _SHORT_MS else self.date


PLAIN: Final = Labels()
