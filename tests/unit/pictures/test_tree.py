"""The tree's pictures: well-formed whatever they are told, one row a node, and links only where they should be."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.pictures import Branch, Sibling, branches, path
from ledger.pictures.tree import walk

SVG = "{http://www.w3.org/2000/svg}"
WORDS = st.one_of(st.text(max_size=30), st.sampled_from(['"><script>', "&lt;]]>", "\x00\ud800", "ورودی ۱۲"]))
SIBLINGS = st.lists(st.builds(Sibling, st.sampled_from(["left", "right"]), WORDS, WORDS), max_size=30)
LEAVES = st.builds(Branch, WORDS, WORDS, st.sampled_from(["", "/e/1"]), st.sampled_from(["whole", "growing", "sought"]))


def of_two(below: st.SearchStrategy[Branch]) -> st.SearchStrategy[Branch]:
    """Nodes above two others."""
    return st.builds(Branch, WORDS, WORDS, st.just("/tree"), st.just("whole"), st.tuples(below, below))


TREES = st.recursive(LEAVES, of_two, max_leaves=12)


@given(SIBLINGS, WORDS)
def test_the_way_has_a_row_for_each_sibling(siblings: list[Sibling], words: str) -> None:
    root = ET.fromstring(path(siblings, statement=words, root=words, title=words, desc=words))
    beside = [each for each in root.iter(f"{SVG}circle") if "beside" in each.attrib["class"]]
    assert len(beside) == len(siblings)
    assert root.attrib["role"] == "img"
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "text",
        "line",
        "circle",
        "rect",
    }
    heights = [int(each.attrib["cy"]) for each in beside]
    assert heights == sorted(set(heights))
    assert max(heights, default=0) < int(root.attrib["height"])
    sides = [int(each.attrib["cx"]) for each in beside]
    assert [side < 44 for side in sides] == [each.side == "left" for each in reversed(siblings)]


@given(TREES)
def test_every_node_is_drawn_once_above_all_edges(tree: Branch) -> None:
    root = ET.fromstring(branches(tree, title="t", desc="d"))
    nodes = list(walk(tree))
    drawn = [each for each in root.iter(f"{SVG}circle") if each.attrib["class"].startswith("node ")]
    assert len(drawn) == len(nodes)
    assert len({(each.attrib["cx"], each.attrib["cy"]) for each in drawn}) == len(nodes)
    links = [each.attrib["href"] for each in root.iter(f"{SVG}a")]
    assert sorted(links) == sorted(each.href for each in nodes if each.href)
    assert root.attrib["role"] == ("group" if links else "img")
    tags = [child.tag.removeprefix(SVG) for child in root][2:]
    assert tags == sorted(tags, key=lambda tag: tag != "path")
    tips = [each for each in nodes if not each.below]
    assert int(root.attrib["height"]) >= 34 * len(tips)


def test_tips_are_far_enough_apart_for_a_finger() -> None:
    tips = tuple(Branch(str(number), "", f"/e/{number}") for number in range(8))
    fours = tuple(Branch("", "", "/tree", "whole", tips[at : at + 2]) for at in range(0, 8, 2))
    tree = Branch(
        "", "", "/tree", "whole", (Branch("", "", "/tree", "whole", fours[:2]), Branch("", "", "", "whole", fours[2:]))
    )
    root = ET.fromstring(branches(tree, title="t", desc="d"))
    places = [
        (int(each.attrib["cx"]), int(each.attrib["cy"]))
        for each in root.iter(f"{SVG}circle")
        if each.attrib["class"] == "target"
    ]
    apart = min(max(abs(a - c), abs(b - d)) for a, b in places for c, d in places if (a, b) != (c, d))
    assert apart >= 24


def test_a_link_stays_on_the_web() -> None:
    with pytest.raises(ValueError, match="no link"):
        Branch("", "", "javascript:alert(1)")
