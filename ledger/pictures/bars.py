"""Lying bars under their names: who has how much, and of what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ledger.pictures.markup import (
    NARROWEST_PX,
    WHOLE,
    Picture,
    drawing,
    element,
    escaped,
    fitted,
    hint,
    is_right_to_left,
    part,
    percent,
    text_width,
)

_ROW_PX: Final = 42
_NAME_PX: Final = 14
_BAR_PX: Final = (21, 9)
_KEY_PX: Final = 24
_SWATCH_PX: Final = 10
_GAP_PX: Final = 16


def bars(
    items: Sequence[tuple[str, int]], *, title: str, desc: str, shown: Callable[[int], str] = "{:,}".format
) -> Picture:
    """One bar for each (label, amount), in this order; ``shown`` writes an amount with its unit.

    The bars begin where the language of the title does. Amounts may be of any size: lengths are whole numbers.
    """
    low = min(0, *(amount for _, amount in items)) if items else 0
    high = max(0, *(amount for _, amount in items)) if items else 0
    place = _Place(is_right_to_left(title))
    marks = []
    for row, (label, amount) in enumerate(items):
        begin, end = (part(value - low, high - low) for value in sorted((0, amount)))
        told = hint(label, shown(amount))
        bar = place.rect(begin, end - begin, row * _ROW_PX, "bar", told) if amount else ""
        marks.append(place.names(label, shown(amount), row * _ROW_PX) + bar)
    return drawing("".join(marks), height=max(len(items) * _ROW_PX, 1), title=title, desc=desc, kind="bars")


def stacked(
    items: Sequence[tuple[str, Sequence[int]]],
    *,
    keys: Sequence[str],
    title: str,
    desc: str,
    shown: Callable[[int], str] = "{:,}".format,
) -> Picture:
    """One bar for each (label, amounts), cut into the amounts of ``keys``; none of these may be below nothing.

    Raises:
        ValueError: a row has not one amount for each key, or a negative one.
    """
    if any(len(amounts) != len(keys) or any(amount < 0 for amount in amounts) for _, amounts in items):
        raise ValueError("Each row of a stacked picture has one amount for each key, none below 0.")
    place = _Place(is_right_to_left(title))
    most = max((sum(amounts) for _, amounts in items), default=0)
    legend, below = place.legend(keys)
    marks = [legend]
    for row, (label, amounts) in enumerate(items):
        top = below + row * _ROW_PX
        marks.append(place.names(label, shown(sum(amounts)), top))
        done = 0
        for number, (key, amount) in enumerate(zip(keys, amounts, strict=True)):
            begin, end = part(done, most), part(done + amount, most)
            done += amount
            if amount:
                told = hint(label, key, shown(amount))
                marks.append(place.rect(begin, end - begin, top, f"series-{number + 1}", told))
    return drawing("".join(marks), height=below + len(items) * _ROW_PX, title=title, desc=desc, kind="stacked")


class _Place:
    """Where things stand in a row, from the side on which the language begins."""

    def __init__(self, right_to_left: bool) -> None:
        self._turned = right_to_left
        self._first, self._last = (WHOLE, 0) if right_to_left else (0, WHOLE)
        self._anchors = ("end", "start") if right_to_left else ("start", "end")

    def names(self, label: str, amount: str, top: int) -> str:
        """The label at the beginning of the row, cut to its room, and the amount at its end."""
        amount = fitted(amount, NARROWEST_PX // 2)
        name = fitted(label, NARROWEST_PX - text_width(amount) - _GAP_PX)
        whole = hint(label) if name != label else ""
        y = top + _NAME_PX
        return element(
            "text", whole + escaped(name), x=percent(self._first), y=y, text_anchor=self._anchors[0], class_="name"
        ) + element("text", escaped(amount), x=percent(self._last), y=y, text_anchor=self._anchors[1], class_="value")

    def rect(self, begin: int, width: int, top: int, kind: str, told: str) -> str:
        """A bar; one that is too short to be seen is a thousandth of the width."""
        width = min(max(width, WHOLE // 1000), WHOLE)
        begin = min(begin, WHOLE - width)
        x = WHOLE - begin - width if self._turned else begin
        offset, height = _BAR_PX
        return element("rect", told, x=percent(x), y=top + offset, width=percent(width), height=height, class_=kind)

    def legend(self, keys: Sequence[str]) -> tuple[str, int]:
        """The meaning of the colours, in rows of as many as have room; and where the bars begin below it."""
        marks, used, row = [], 0, 0
        for number, key in enumerate(keys):
            name = fitted(key, NARROWEST_PX - 2 * _GAP_PX)
            width = _SWATCH_PX + 5 + text_width(name)
            if used and used + width > NARROWEST_PX:
                used, row = 0, row + 1
            begin = -used if self._turned else used
            swatch = begin - _SWATCH_PX if self._turned else begin
            letters = begin - _SWATCH_PX - 5 if self._turned else begin + _SWATCH_PX + 5
            kind, top = f"series-{number + 1}", row * 20 + 4
            marks.append(
                element("rect", x=swatch, y=top, width=_SWATCH_PX, height=_SWATCH_PX, class_=kind)
                + element("text", escaped(name), x=letters, y=top + 9, text_anchor=self._anchors[0], class_="key")
            )
            used += width + _GAP_PX
        if not marks:
            return "", 1
        inner = element("svg", "".join(marks), x=percent(self._first), y=0, height=row * 20 + 20, overflow="visible")
        return inner, row * 20 + _KEY_PX + 4
