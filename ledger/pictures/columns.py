"""Counts side by side: a distribution, or one count a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ledger.pictures.growth import grid
from ledger.pictures.labels import Labels
from ledger.pictures.markup import NARROWEST_PX, WHOLE, Lettering, Picture, drawing, element, hint, percent
from ledger.pictures.scale import Scale

_TOP: Final = 22
_BOTTOM: Final = 176
_HEIGHT: Final = 200


def columns(
    items: Sequence[tuple[str, int]], *, title: str, desc: str, shown: Callable[[int], str] = "{:,}".format
) -> Picture:
    """One column for each (label, count), in this order. Every count stands on its column where all have room."""
    scale = Scale.of([count for _, count in items], _TOP, _BOTTOM)
    lettering = Lettering()
    values = [(shown(count), x, min(scale.y(count), scale.y(0)) - 6) for (_, count), x in _middles(items, 0)]
    first, marks = 0, ""
    if lettering.has_room(values):
        for words, x, y in values:
            lettering.write(words, x, y, kind="value")
    else:
        marks = grid(scale, lettering, Labels(number=shown))
        first = min((lettering.right_px() + 6) * WHOLE // NARROWEST_PX, WHOLE // 2)
    slot = (WHOLE - first) // max(len(items), 1)
    marks += "".join(
        _column(hint(label, shown(count)), count, scale, middle, slot)
        for (label, count), middle in _middles(items, first)
    )
    marks += element("line", x1=0, x2="100%", y1=scale.y(0), y2=scale.y(0), class_="axis")
    _write_names(lettering, [(label, x, _BOTTOM + 18) for (label, _), x in _middles(items, first)])
    return drawing(marks + lettering.markup(), height=_HEIGHT, title=title, desc=desc, kind="columns")


def _middles(items: Sequence[tuple[str, int]], first: int) -> Iterator[tuple[tuple[str, int], int]]:
    """Each item with the middle of its slot, the first of which begins at ``first``."""
    slot = (WHOLE - first) // max(len(items), 1)
    for number, item in enumerate(items):
        yield item, first + slot * number + slot // 2


def _column(told: str, count: int, scale: Scale, middle: int, slot: int) -> str:
    """A column of three quarters of its slot; what is not nothing is at least a pixel high."""
    width = max(slot * 3 // 4, 1)
    ground, y = scale.y(0), scale.y(count)
    if count > 0:
        y = min(y, ground - 1)
    elif count < 0:
        y = max(y, ground + 1)
    return element(
        "rect",
        told,
        x=percent(max(middle - width // 2, 0)),
        y=min(y, ground),
        width=percent(width),
        height=abs(ground - y),
        class_="column",
    )


def _write_names(lettering: Lettering, names: list[tuple[str, int, int]]) -> None:
    """The names below the axis: all, or every second, third ... one, as many as have room."""
    for every in range(1, len(names) + 1):
        if lettering.has_room(names[::every]):
            for words, x, y in names[::every]:
                lettering.write(words, x, y)
            return
