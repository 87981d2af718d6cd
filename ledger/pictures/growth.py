"""A count over time: a line on a soft area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.pictures.labels import PLAIN, Labels
from ledger.pictures.markup import WHOLE, Lettering, Picture, drawing, element, part, percent
from ledger.pictures.scale import Scale, round_ticks, thinned

_TOP: Final = 30
_BOTTOM: Final = 176
_HEIGHT: Final = 200
_MOST_POINTS: Final = 300
_DOT_PX: Final = 4


def growth(points: Sequence[tuple[int, int]], *, title: str, desc: str, labels: Labels = PLAIN) -> Picture:
    """The course of a count. ``points`` are (Unix milliseconds, count) in any order; the last one is labelled."""
    course = thinned(sorted(points), _MOST_POINTS)
    scale = Scale.of([count for _, count in course], _TOP, _BOTTOM)
    lettering = Lettering()
    marks = element("line", x1=0, x2="100%", y1=scale.y(0), y2=scale.y(0), class_="axis")
    if course:
        begin, end = course[0][0], course[-1][0]
        places = [(part(at - begin, end - begin) if end > begin else WHOLE // 2, scale.y(y)) for at, y in course]
        lettering.write(labels.number(course[-1][1]), places[-1][0], places[-1][1] - 10, kind="value")
        marks = grid(scale, lettering, labels) + marks + _course(places, scale) + _end(places[-1])
        write_times(lettering, begin, end, labels)
    return drawing(marks + lettering.markup(), height=_HEIGHT, title=title, desc=desc, kind="growth")


def grid(scale: Scale, lettering: Lettering, labels: Labels) -> str:
    """The thin lines at round values, with their labels, where there is room for these."""
    lines = []
    for value in round_ticks(scale.low, scale.high):
        if value and lettering.write(labels.number(value), 0, scale.y(value) - 4, anchor="start"):
            lines.append(element("line", x1=0, x2="100%", y1=scale.y(value), y2=scale.y(value), class_="grid"))
    return "".join(lines)


def write_times(lettering: Lettering, begin: int, end: int, labels: Labels, y: int = _BOTTOM + 18) -> None:
    """The first, the last and the middle time below the axis, each once and where there is room."""
    word = labels.of_span(begin, end)
    if begin == end:
        lettering.write(word(begin), WHOLE // 2, y)
        return
    first, middle, last = word(begin), word((begin + end) // 2), word(end)
    lettering.write(first, 0, y, anchor="start")
    if last != first:
        lettering.write(last, WHOLE, y, anchor="end")
        if middle not in {first, last}:
            lettering.write(middle, WHOLE // 2, y, anchor="middle")


def _course(places: Sequence[tuple[int, int]], scale: Scale) -> str:
    """Line and area: in a drawing within the drawing, which is stretched to the width, while strokes keep theirs."""
    line = "L".join(f"{x} {y - _TOP}" for x, y in places)
    ground = scale.y(0) - _TOP
    inner = element("path", d=f"M{places[0][0]} {ground}L{line}L{places[-1][0]} {ground}Z", class_="area") + element(
        "path", d=f"M{line}", class_="line", vector_effect="non-scaling-stroke"
    )
    return element(
        "svg",
        inner,
        x=0,
        y=_TOP,
        width="100%",
        height=_BOTTOM - _TOP,
        viewBox=f"0 0 {WHOLE} {_BOTTOM - _TOP}",
        preserveAspectRatio="none",
        overflow="visible",
    )


def _end(place: tuple[int, int]) -> str:
    return element("circle", cx=percent(place[0]), cy=place[1], r=_DOT_PX, class_="dot")
