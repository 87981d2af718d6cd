"""SVG as text: elements, escaped text, and labels that never stand on each other."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

Anchor = Literal["start", "middle", "end"]

NARROWEST_PX: Final = 280
"""The width at which no label may touch another: at a greater one they only move apart, for their size stays."""

WHOLE: Final = 10_000
"""The width of every picture in its own units: hundredths of a per cent."""

_LINE_PX: Final = 14
_LETTER_PX: Final = 7
_WIDE_LETTER_PX: Final = 13
_WIDTHS_PX: Final = {
    **dict.fromkeys("ijltfI.,:;'|!()[] \u00a0\u202f", 4),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ&", 9),
    **dict.fromkeys("MWmw@%…—", 12),
    **dict.fromkeys("0123456789", 9),  # as wide as a bold one of DejaVu Sans, which many Linux desktops show
}
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Picture(str):
    """A finished ``<svg>`` in which every text is escaped. Templates take it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """What autoescaping templates ask for."""
        return self


def text_width(words: str) -> int:
    """About how many pixels a label is wide, rather more than fewer, at a font size of 12 px."""
    return sum(map(_width, words))


def _width(letter: str) -> int:
    if letter in _WIDTHS_PX:
        return _WIDTHS_PX[letter]
    if "\u0600" <= letter <= "\u06ff":
        return 6
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return _WIDE_LETTER_PX if unicodedata.east_asian_width(letter) in {"W", "F"} else _LETTER_PX


def fitted(words: str, room_px: int) -> str:
    """The words, cut with an ellipsis where they are wider than the room."""
    if text_width(words) <= room_px:
        return words
    cut = words[:room_px]
    while cut and text_width(cut + "…") > room_px:
        cut = cut[:-1]
    return cut.rstrip() + "…"


def is_right_to_left(words: str) -> bool:
    """Whether the first letter that has a direction is written from right to left."""
    for letter in words:
        kind = unicodedata.bidirectional(letter)
        if kind in {"L", "R", "AL"}:
            return kind != "L"
    return False


def part(of: int, whole: int) -> int:
    """``of`` out of ``whole`` in units of :data:`WHOLE`; nothing of nothing is nothing."""
    return WHOLE * of // whole if whole else 0


def percent(units: int) -> str:
    """Units of :data:`WHOLE` as an SVG length."""
    return f"{units // 100}.{units % 100:02d}%"


def escaped(words: str) -> str:
    """Text for an element: what XML cannot hold is left out, and mixed directions stay within the text."""
    clean = _NOT_XML.sub("", words)
    if any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in clean):
        clean = (
            f"\u2068{clean}\u2069"  # first strong isolate: "12 Mehr 1405" keeps its order in a left-to-right drawing
        )
    return escape(clean)


def element(name: str, content: str = "", /, **attributes: str | int) -> str:
    """One element; ``content`` is markup already. ``class_`` is class, ``text_anchor`` is text-anchor."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_NOT_XML.sub('', str(value)))}"
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def hint(*words: str) -> str:
    """What a pointer that rests on a mark is told."""
    return element("title", escaped(": ".join(words)))


def drawing(marks: str, *, height: int, title: str, desc: str, kind: str, role: str = "img") -> Picture:
    """The whole picture, as wide as its place and ``height`` pixels high."""
    return Picture(
        element(
            "svg",
            element("title", escaped(title)) + element("desc", escaped(desc)) + marks,
            xmlns="http://www.w3.org/2000/svg",
            class_=f"picture {kind}",
            role=role,
            width="100%",
            height=height,
        )
    )


class Lettering:
    """The labels of one picture: each is written only where no earlier one stands."""

    def __init__(self) -> None:
        self._boxes: list[tuple[int, int, int, int]] = []
        self._written: list[str] = []

    def write(self, words: str, x: int, y: int, *, anchor: Anchor | None = None, kind: str = "tick") -> bool:
        """Write at ``x`` (units of WHOLE) and the base line ``y`` (px), if there is room; whether there was.

        Without an anchor the label is centred, or pushed inwards at an edge.
        """
        width = text_width(words)
        if anchor is None:
            middle = x * NARROWEST_PX // WHOLE
            anchor = "start" if middle < width // 2 else "end" if middle + width // 2 > NARROWEST_PX else "middle"
        box = _box(width, x, y, anchor)
        if not self._is_free(box):
            return False
        self._boxes.append(box)
        self._written.append(element("text", escaped(words), x=percent(x), y=y, text_anchor=anchor, class_=kind))
        return True

    def has_room(self, labels: list[tuple[str, int, int]]) -> bool:
        """Whether all of (words, x, y), centred, could stand beside each other."""
        trial = Lettering()
        return all(trial.write(words, x, y) for words, x, y in labels)

    def right_px(self) -> int:
        """Where the rightmost label ends, at the narrowest; 0 without any."""
        return max((right for _, right, _, _ in self._boxes), default=0)

    def markup(self) -> str:
        """The labels, to be drawn above all marks."""
        return "".join(self._written)

    def _is_free(self, box: tuple[int, int, int, int]) -> bool:
        left, right, top, bottom = box
        if left < 0 or right > NARROWEST_PX:
            return False
        return all(right + 4 <= a or b + 4 <= left or bottom <= c or d <= top for a, b, c, d in self._boxes)


def _box(width: int, x: int, y: int, anchor: Anchor) -> tuple[int, int, int, int]:
    """Left, right, top and bottom in pixels, at the narrowest."""
    left = x * NARROWEST_PX // WHOLE - {"start": 0, "middle": width // 2, "end": width}[anchor]
    return left, left + width, y - _LINE_PX + 3, y + 3
