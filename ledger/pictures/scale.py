"""From values to places, in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Scale:
    """The upright axis: pixels from ``top`` down to ``bottom`` for values from ``low`` up to ``high``."""

    low: int
    high: int
    top: int
    bottom: int

    @classmethod
    def of(cls, values: Sequence[int], top: int, bottom: int) -> Scale:
        """The scale that holds nothing (0) and every value."""
        return cls(min(0, *values), max(0, *values), top, bottom) if values else cls(0, 0, top, bottom)

    def y(self, value: int) -> int:
        """The pixel of a value."""
        if self.high == self.low:
            return self.bottom
        return self.bottom - (value - self.low) * (self.bottom - self.top) // (self.high - self.low)


def round_step(span: int, most: int) -> int:
    """The least of 1, 2 and 5 times a ten that goes at most ``most`` whole times into a span."""
    step = 1
    while span // step > most:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def round_ticks(low: int, high: int, most: int = 3) -> list[int]:
    """At most ``most`` + 1 round values from ``low`` to ``high``, 0 among them."""
    step = round_step(high - low, most)
    return list(range(-(-low // step) * step, high + 1, step))


def thinned(values: Sequence[_Value], most: int) -> list[_Value]:
    """``most`` of the values at the same distance, with the first and the last; all where there are no more."""
    if len(values) <= most:
        return list(values)
    last = len(values) - 1
    return [values[number * last // (most - 1)] for number in range(most)]
