"""The log's tree: the way from an entry up to the root, and a branch with all that grows on it.

Both run downwards, a row for each node, so that they fit a phone: a tree of a million entries is twenty rows high.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ledger.pictures.markup import NARROWEST_PX, Picture, drawing, element, escaped, fitted, hint

_ROW_PX: Final = 28
_TOP_PX: Final = 16
_OWN_X: Final = 44
_BESIDE_X: Final = {"left": 18, "right": 70}
_WORDS_X: Final = 92
_NODE_PX: Final = 6
_TARGET_PX: Final = 12
_COLUMN_PX: Final = 30
_BRANCH_ROW_PX: Final = 34
_BASELINE_PX: Final = 4
_LINKS: Final = ("/", "#", "?", "./", "../", "https://", "http://")


@dataclass(frozen=True)
class Sibling:
    """A node beside the way up, whose hash the proof holds.

    Attributes:
        side: on which side of the way it hangs.
        label: which entries it stands for.
        told: more of it, such as its hash.
    """

    side: Literal["left", "right"]
    label: str
    told: str


def path(siblings: Sequence[Sibling], *, statement: str, root: str, title: str, desc: str) -> Picture:
    """The way of a leaf to the root: ``siblings`` as the proof lists them, from the leaf up.

    ``statement`` stands at the entry itself, below its leaf, and ``root`` at the top.
    """
    rows = len(siblings)
    marks = [_words(root, _WORDS_X, 0, "value")]
    nodes = [_node(_OWN_X, 0, "own")]
    for row, sibling in enumerate(reversed(siblings), 1):
        beside = _BESIDE_X[sibling.side]
        marks.append(_edge((_OWN_X, row - 1), (beside, row), "edge"))
        marks.append(_edge((_OWN_X, row - 1), (_OWN_X, row), "edge own"))
        marks.append(_words(sibling.label, _WORDS_X, row, "tick", sibling.told))
        nodes += [_node(beside, row, "beside", sibling.told), _node(_OWN_X, row, "own")]
    marks.append(_edge((_OWN_X, rows), (_OWN_X, rows + 1), "edge own hashed"))
    marks.append(_words(statement, _WORDS_X, rows + 1, "value"))
    side = 2 * _NODE_PX
    y = _y(rows + 1) - _NODE_PX
    nodes.append(element("rect", x=_OWN_X - _NODE_PX, y=y, width=side, height=side, class_="statement"))
    height = _y(rows + 1) + _TOP_PX
    return drawing("".join([*marks, *nodes]), height=height, title=title, desc=desc, kind="tree")


@dataclass(frozen=True)
class Branch:
    """A node of the tree and what is below it.

    Attributes:
        label: which entries it stands for; written where nothing below it is drawn.
        told: the same with its hash, for whoever points at it.
        href: where it leads; empty for nowhere.
        kind: ``whole``, ``growing`` (not all of its entries are there yet) or ``sought``.
        below: its children, none where it is not unfolded.
    """

    label: str
    told: str
    href: str = ""
    kind: Literal["whole", "growing", "sought"] = "whole"
    below: tuple[Branch, ...] = ()

    def __post_init__(self) -> None:
        if self.href and not self.href.startswith(_LINKS):
            raise ValueError(f"'{self.href}' is no link to a page.")


def branches(top: Branch, *, title: str, desc: str) -> Picture:
    """A branch from its top, at the left, to its tips, a row each; every node that leads somewhere is a link."""
    marks: list[str] = []
    rows, linked = _grow(top, 0, 0, _depth(top), marks)
    height = rows * _BRANCH_ROW_PX + _TOP_PX
    role = "group" if linked else "img"  # a picture of role img has no links in it
    return drawing("".join(sorted(marks, key=_is_above)), height=height, title=title, desc=desc, kind="tree", role=role)


def _grow(branch: Branch, column: int, row: int, deepest: int, marks: list[str]) -> tuple[int, bool]:
    """Draw a branch whose first tip is in ``row``: how many rows it has, and whether there is a link in it."""
    x = _TARGET_PX + column * _COLUMN_PX
    y = _middle(branch, row)
    marks.append(_knot(branch, x, y, _TARGET_PX * 2 + deepest * _COLUMN_PX))
    linked = bool(branch.href)
    taken = 0
    middles = []
    for child in branch.below:
        middles.append(_middle(child, row + taken))
        of_child, of_it_linked = _grow(child, column + 1, row + taken, deepest, marks)
        taken += of_child
        linked = linked or of_it_linked
    for middle in middles:
        bend = f"M{x} {y} C{x + _COLUMN_PX} {y} {x} {middle} {x + _COLUMN_PX} {middle}"
        marks.append(element("path", d=bend, class_="edge"))
    return max(taken, 1), linked


def _knot(branch: Branch, x: int, y: int, words_x: int) -> str:
    """A node, with its words where it is a tip; both are one link."""
    content = element("circle", cx=x, cy=y, r=_TARGET_PX, class_="target")
    content += element("circle", cx=x, cy=y, r=_NODE_PX, class_=f"node {branch.kind}")
    if not branch.below:
        words = fitted(branch.label, NARROWEST_PX - words_x)
        content += element("text", escaped(words), x=words_x, y=y + _BASELINE_PX, class_="name")
        content += element(
            "rect", x=x, y=y - _TARGET_PX, width=words_x - x + 7 * len(words), height=24, class_="target"
        )
    content = hint(branch.told) + content
    return element("a", content, href=branch.href) if branch.href else element("g", content)


def _is_above(mark: str) -> bool:
    """Nodes are drawn above edges."""
    return not mark.startswith("<path")


def _middle(branch: Branch, row: int) -> int:
    """The height of a branch's node: in the middle of its tips, the first of which is in ``row``."""
    return _TOP_PX + (2 * row + _tips(branch) - 1) * _BRANCH_ROW_PX // 2


def _tips(branch: Branch) -> int:
    return sum(map(_tips, branch.below)) if branch.below else 1


def _depth(branch: Branch) -> int:
    return 1 + max(map(_depth, branch.below)) if branch.below else 0


def _y(row: int) -> int:
    return _TOP_PX + row * _ROW_PX


def _words(words: str, x: int, row: int, kind: str, told: str = "") -> str:
    shown = escaped(fitted(words, NARROWEST_PX - x + _WORDS_X))
    return element("text", (hint(told) if told else "") + shown, x=x, y=_y(row) + _BASELINE_PX, class_=kind)


def _node(x: int, row: int, kind: str, told: str = "") -> str:
    return element("circle", hint(told) if told else "", cx=x, cy=_y(row), r=_NODE_PX, class_=f"node {kind}")


def _edge(begin: tuple[int, int], end: tuple[int, int], kind: str) -> str:
    return element("line", x1=begin[0], y1=_y(begin[1]), x2=end[0], y2=_y(end[1]), class_=kind)


def walk(branch: Branch) -> Iterator[Branch]:
    """All nodes of a branch, each before those below it: for the list beside the picture."""
    yield branch
    for child in branch.below:
        yield from walk(child)
