"""Whatever the figures, a picture is well-formed, holds nothing unescaped and none of its labels touch."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.pictures import Event, Labels, Picture, bars, columns, growth, stacked, style, timeline
from ledger.pictures.markup import text_width

SVG = "{http://www.w3.org/2000/svg}"
NARROWEST = 280
HUGE = 10**40
ATTRIBUTES = {
    *("class", "role", "width", "height", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "d", "href", "viewBox"),
    *("preserveAspectRatio", "overflow", "text-anchor", "vector-effect"),
}
NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["<script>alert(1)</script>", '"><a href="javascript:x">', "&lt;&amp;]]>", "\x00\x1b\ud800", "مهر ۱۴۰۵"]
    ),
)
COUNTS = st.integers(-HUGE, HUGE)
TIMES = st.integers(0, 4 * 10**12)


def parsed(picture: Picture, *texts: str) -> ET.Element:
    """The picture as XML: known elements and attributes only, and a name."""
    root = ET.fromstring(picture)
    assert root.tag == f"{SVG}svg"
    for each in root.iter():
        assert each.tag.removeprefix(SVG) in {"svg", "title", "desc", "text", "line", "path", "rect", "circle", "a"}
        assert set(each.attrib) <= ATTRIBUTES
        assert (each.text is None) or each.tag.removeprefix(SVG) in {"title", "desc", "text"}
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert "." not in re.sub(r"\d+\.\d\d%|//www.w3.org|>[^<]*<", "", re.sub(r'href="[^"]*"', "", picture))  # no floats
    return root


def pixels(length: str, whole: int = NARROWEST) -> float:
    return float(length[:-1]) * whole / 100 if length.endswith("%") else float(length)


def boxes(root: ET.Element) -> Iterator[tuple[str, float, float, float]]:
    """(words, left, right, base line) of every label."""
    for each in root.findall(f"{SVG}text"):
        words = (each[-1].tail if len(each) else each.text) or ""
        width = text_width(words)
        x = pixels(each.attrib["x"]) - {"start": 0, "middle": width / 2, "end": width}[each.attrib["text-anchor"]]
        yield words, x, x + width, float(each.attrib["y"])


def assert_apart(root: ET.Element) -> None:
    placed = list(boxes(root))
    for number, (words, left, right, y) in enumerate(placed):
        assert left >= -1, words
        assert right <= NARROWEST + 1, words
        for other, a, b, c in placed[:number]:
            assert abs(y - c) >= 13 or right <= a or b <= left, (words, other)


@given(st.lists(st.tuples(TIMES, COUNTS), max_size=40), NASTY, NASTY)
@settings(max_examples=120)
def test_growth(points: list[tuple[int, int]], title: str, desc: str) -> None:
    root = parsed(growth(points, title=title, desc=desc))
    assert_apart(root)
    ends = root.findall(f"{SVG}circle")
    assert len(ends) == (1 if points else 0)
    for each in root.iter(f"{SVG}path"):
        numbers = [int(number) for number in re.findall(r"-?\d+", each.attrib["d"])]
        assert all(0 <= x <= 10_000 for x in numbers[::2])
        assert all(0 <= y <= 146 for y in numbers[1::2])


ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(st.lists(st.tuples(ASCII, COUNTS), max_size=40), NASTY)
@settings(max_examples=120)
def test_columns(items: list[tuple[str, int]], title: str) -> None:
    root = parsed(columns(items, title=title, desc=""))
    assert_apart(root)
    rects = root.findall(f"{SVG}rect")
    assert [int(each.attrib["height"]) > 0 for each in rects] == [count != 0 for _, count in items]
    sides = [(pixels(each.attrib["x"], 10_000), pixels(each.attrib["width"], 10_000)) for each in rects]
    assert all(x + width <= 10_000 for x, width in sides)
    assert all(a + width <= b + 1 for (a, width), (b, _) in pairwise(sides))


@given(st.lists(st.tuples(ASCII, COUNTS), max_size=12), st.sampled_from(["Paid", "پرداخت"]))
@settings(max_examples=120)
def test_bars(items: list[tuple[str, int]], title: str) -> None:
    root = parsed(bars(items, title=title, desc=""))
    assert_apart(root)
    rects = root.findall(f"{SVG}rect")
    assert len(rects) == sum(amount != 0 for _, amount in items)
    assert all(0 <= pixels(each.attrib["x"], 100) + pixels(each.attrib["width"], 100) <= 100.001 for each in rects)


def test_bars_are_as_long_as_their_amounts_and_begin_where_the_language_does() -> None:
    items = [("a", 10**30), ("b", 10**30 // 4), ("c", 1)]
    for title, sides in (("Paid", [0, 0, 0]), ("پرداخت", [0, 75, 99.9])):
        rects = ET.fromstring(bars(items, title=title, desc="")).findall(f"{SVG}rect")
        assert [pixels(each.attrib["width"], 100) for each in rects] == [100, 25, 0.1]
        assert [pixels(each.attrib["x"], 100) for each in rects] == sides


@given(
    st.lists(st.tuples(ASCII, st.lists(st.integers(0, HUGE), min_size=3, max_size=3)), max_size=8),
    st.lists(NASTY, min_size=3, max_size=3),
)
@settings(max_examples=100)
def test_stacked(items: list[tuple[str, list[int]]], keys: list[str]) -> None:
    root = parsed(stacked(items, keys=keys, title="Who decided", desc=""))
    rects = root.findall(f"{SVG}rect")
    assert len(rects) == sum(amount != 0 for _, amounts in items for amount in amounts)
    assert len(root.findall(f"{SVG}svg/{SVG}text")) == 3


def test_stacked_takes_whole_rows_only() -> None:
    for amounts in ([1], [1, 2, 3], [1, -1]):
        with pytest.raises(ValueError, match="one amount for each key"):
            stacked([("x", amounts)], keys=["a", "b"], title="", desc="")


@given(st.lists(st.tuples(TIMES, NASTY, st.sampled_from(["anchor", "settlement", "پرداخت"])), max_size=40))
@settings(max_examples=100)
def test_timeline(events: list[tuple[int, str, str]]) -> None:
    root = parsed(timeline([Event(at, label, kind, "/e/1") for at, label, kind in events], title="", desc=""))
    assert root.attrib["role"] == ("group" if events else "img")
    assert len(list(root.iter(f"{SVG}circle"))) == len(events) + len(list(root.iter(f"{SVG}a")))
    for lane in {each.attrib["cy"] for each in root.iter(f"{SVG}circle")}:
        links = [each[1].attrib for each in root.iter(f"{SVG}a")]
        xs = sorted(pixels(each["cx"]) for each in links if each["cy"] == lane)
        assert all(b - a >= 24 for a, b in pairwise(xs))  # a finger can tell them apart


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", " /x", "JavaScript:x"])
def test_a_link_leads_to_a_page(href: str) -> None:
    with pytest.raises(ValueError, match="no link"):
        Event(1, "x", "y", href)


def test_texts_come_back_as_they_were() -> None:
    words = "a < b & \"c\" > 'd' ]]>"
    root = parsed(growth([(1, 1), (2, 2)], title=words, desc=words, labels=Labels(number=lambda count: f"<{count}>")))
    assert [root[0].text, root[1].text] == [words, words]
    assert "<2>" in [each.text for each in root.findall(f"{SVG}text")]


def test_right_to_left_words_are_isolated_and_others_are_not() -> None:
    root = parsed(bars([("پردازش", 1), ("plain", 2)], title="x", desc=""))
    texts = [each.text for each in root.findall(f"{SVG}text")]
    assert texts == ["\u2068پردازش\u2069", "1", "plain", "2"]


def test_a_short_time_is_told_in_hours() -> None:
    hour = 3_600_000
    labels = Labels(date=lambda at: "the day", time=lambda at: f"{at // hour} h")
    times = [each[0] for each in boxes(parsed(growth([(0, 0), (8 * hour, 1)], title="", desc="", labels=labels)))]
    assert {"0 h", "4 h", "8 h"} <= set(times)
    times = [each[0] for each in boxes(parsed(growth([(0, 0), (80 * hour, 1)], title="", desc="", labels=labels)))]
    assert times.count("the day") == 1


def test_many_points_make_a_picture_of_bounded_size() -> None:
    picture = growth([(number, number * number) for number in range(100_000)], title="", desc="")
    assert len(picture) < 12_000
    assert "9,999,800,001" in picture


def test_the_style_names_every_class() -> None:
    css = style()
    drawn = "".join(
        [
            growth([(1, 1), (2, 5)], title="", desc=""),
            columns([("a", 1)], title="", desc=""),
            bars([("a", 1)], title="", desc=""),
            stacked([("a", [1, 1, 1, 1])], keys=list("abcd"), title="", desc=""),
            timeline([Event(1, "a", "b", "/")], title="", desc=""),
        ]
    )
    kinds = {"growth", "columns", "bars", "stacked", "timeline", "tick", "key"}  # names without a style of their own
    used = {name for names in re.findall(r'class="([^"]*)"', drawn) for name in names.split()}
    assert {name for name in used if f".{name}" not in css} <= kinds
    assert "prefers-color-scheme: dark" in css
    assert "@import" not in css
    assert "url(" not in css
