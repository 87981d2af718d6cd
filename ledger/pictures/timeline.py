"""Events on a line of time: one lane for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.pictures.growth import write_times
from ledger.pictures.labels import PLAIN, Labels
from ledger.pictures.markup import (
    NARROWEST_PX,
    WHOLE,
    Lettering,
    Picture,
    drawing,
    element,
    fitted,
    hint,
    part,
    percent,
)

_LANE_PX: Final = 62
_NAME_PX: Final = 14
_DOT_Y: Final = 36
_LABEL_Y: Final = 56
_DOT_PX: Final = 5
_TARGET_PX: Final = 24
_LINKS: Final = ("/", "#", "?", "./", "../", "https://", "http://")


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        at_ms: when, Unix milliseconds.
        label: a few words that stand at its dot where there is room, and are told by it anyway.
        kind: words for the lane that it is in.
        href: where it leads; empty for nowhere.
    """

    at_ms: int
    label: str
    kind: str
    href: str = ""

    def __post_init__(self) -> None:
        if self.href and not self.href.startswith(_LINKS):
            raise ValueError(f"'{self.href}' is no link to a page.")


def timeline(events: Sequence[Event], *, title: str, desc: str, labels: Labels = PLAIN) -> Picture:
    """Every event as a dot. The newest come first where room is scarce: for labels, and for links, which a finger
    must be able to tell apart; list the others beside the picture.
    """
    ordered = sorted(events, key=lambda event: event.at_ms)
    kinds = list(dict.fromkeys(event.kind for event in ordered))
    lettering = Lettering()
    marks = []
    if ordered:
        begin, end = ordered[0].at_ms, ordered[-1].at_ms
        for lane, kind in enumerate(kinds):
            of_kind = [(_place(event.at_ms, begin, end), event) for event in ordered if event.kind == kind]
            marks.append(_lane(kind, of_kind, lane * _LANE_PX, lettering))
        write_times(lettering, begin, end, labels, len(kinds) * _LANE_PX + 16)
    height = len(kinds) * _LANE_PX + 24
    role = "group" if any("<a " in mark for mark in marks) else "img"  # a picture of role img has no links in it
    return drawing(
        "".join(marks) + lettering.markup(), height=height, title=title, desc=desc, kind="timeline", role=role
    )


def _place(at: int, begin: int, end: int) -> int:
    """Where on the line, with half a target's room at both ends."""
    edge = _TARGET_PX * WHOLE // NARROWEST_PX // 2
    if begin == end:
        return WHOLE // 2
    return edge + part(at - begin, end - begin) * (WHOLE - 2 * edge) // WHOLE


def _lane(kind: str, events: Sequence[tuple[int, Event]], top: int, lettering: Lettering) -> str:
    """The line of one kind with its dots, oldest first, so that the newest lie on top."""
    lettering.write(fitted(kind, NARROWEST_PX), 0, top + _NAME_PX, anchor="start", kind="name")
    for x, event in reversed(events):
        lettering.write(event.label, x, top + _LABEL_Y)
    apart = _TARGET_PX * WHOLE // NARROWEST_PX
    dots: list[str] = []
    linked = 2 * WHOLE
    for x, event in reversed(events):
        is_apart = linked - x > apart
        dots.append(_dot(x, top + _DOT_Y, event, linked=bool(event.href) and is_apart))
        linked = x if event.href and is_apart else linked
    line = element("line", x1=0, x2="100%", y1=top + _DOT_Y, y2=top + _DOT_Y, class_="axis")
    return line + "".join(reversed(dots))


def _dot(x: int, y: int, event: Event, *, linked: bool) -> str:
    told = hint(event.label)
    dot = element("circle", "" if linked else told, cx=percent(x), cy=y, r=_DOT_PX, class_="dot")
    if not linked:
        return dot
    target = element("circle", cx=percent(x), cy=y, r=_TARGET_PX // 2, class_="target")
    return element("a", told + target + dot, href=event.href)
