"""What the drawings of docs/ are made of: boxes, arrows and words, as SVG that can be read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

WIDTH: Final = 480
"""Of every drawing, in its own units: on a phone its words are still large enough."""

_LIGHT: Final = {
    "ink": "#18211e",
    "quiet": "#56625e",
    "card": "#ffffff",
    "sunk": "#eef1ed",
    "edge": "#7d8a85",
    "own": "#0f6f68",
    "own-soft": "#dff1ee",
    "sought": "#7c4a06",
    "sought-soft": "#fcf1d8",
    "bad": "#a3320c",
    "bad-soft": "#fdebe3",
}
_DARK: Final = {
    "ink": "#e8edea",
    "quiet": "#a3b0ab",
    "card": "#171e1b",
    "sunk": "#1f2824",
    "edge": "#74827c",
    "own": "#5eead4",
    "own-soft": "#12332e",
    "sought": "#fcd980",
    "sought-soft": "#33270c",
    "bad": "#fdba8c",
    "bad-soft": "#3a1d10",
}
_RULES: Final = """\
.drawing text { fill: var(--d-ink); font: 15px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.drawing text.title { font-weight: 650; }
.drawing text.quiet { fill: var(--d-quiet); font-size: 13.5px; }
.drawing text.own { fill: var(--d-own); }
.drawing text.bad { fill: var(--d-bad); }
.drawing text.sought { fill: var(--d-sought); }
.drawing .box { fill: var(--d-card); stroke: var(--d-edge); stroke-width: 1.5; }
.drawing .frame { fill: var(--d-sunk); stroke: none; }
.drawing .box.own { fill: var(--d-own-soft); stroke: var(--d-own); }
.drawing .box.sought { fill: var(--d-sought-soft); stroke: var(--d-sought); }
.drawing .box.bad { fill: var(--d-bad-soft); stroke: var(--d-bad); }
.drawing .line { fill: none; stroke: var(--d-quiet); stroke-width: 1.5; }
.drawing .line.own { stroke: var(--d-own); stroke-width: 2.5; }
.drawing .line.dashed { stroke-dasharray: 4 4; }
.drawing .tip { fill: var(--d-quiet); }
"""
COLOURS: Final = (_LIGHT, _DARK)
_KINDS: Final = frozenset({"", "own", "sought", "bad"})


def _colours(selector: str, colours: dict[str, str]) -> str:
    return f"{selector} {{ " + " ".join(f"--d-{name}: {value};" for name, value in colours.items()) + " }\n"


def style_of_a_file() -> str:
    """The style inside each file, for wherever it is looked at by itself: light and dark as the system has it."""
    dark = _colours(".drawing", _DARK)
    return _colours(".drawing", _LIGHT) + f"@media (prefers-color-scheme: dark) {{ {dark.strip()} }}\n" + _RULES


def style_of_the_site() -> str:
    """The same for drawings that are part of a page, whose reader chooses."""
    return (
        "/* Written by 'python -m scripts.docs write'. */\n"
        + _colours(".drawing", _LIGHT)
        + _colours('[data-md-color-scheme="slate"] .drawing', _DARK)
        + _RULES
    )


@dataclass
class Drawing:
    """One drawing. ``name`` is its file's; ``title`` and ``told`` are what is read aloud."""

    name: str
    height: int
    title: str
    told: str
    _marks: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, kind: str = "", *words: str) -> None:
        """A box with lines of words in its middle, the first one strong."""
        assert kind in _KINDS
        self._marks.append(_rect(x, y, width, height, f"box {kind}".strip()))
        top = y + height / 2 - 19 * (len(words) - 1) / 2 + 5
        for number, line in enumerate(words):
            self.words(x + width / 2, top + 19 * number, line, "quiet" if number else "title", "middle")

    def frame(self, x: float, y: float, width: float, height: float, title: str) -> None:
        """A place that others stand in, its name at the top."""
        self._marks.append(_rect(x, y, width, height, "frame"))
        self.words(x + 14, y + 24, title, "title")

    def words(self, x: float, y: float, line: str, kind: str = "", anchor: str = "start") -> None:
        """A line of words. ``anchor``: start, middle or end."""
        self._marks.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"' + (f' class="{kind}"' if kind else "")
            + f">{escape(line, quote=False)}</text>"
        )  # fmt: skip

    def line(self, *places: tuple[float, float], kind: str = "", tip: bool = False) -> None:
        """A line through places, with an arrow's tip at its end or without."""
        points = " ".join(f"{x:g},{y:g}" for x, y in places)
        end = f' marker-end="url(#{self.name}-tip)"' if tip else ""
        self._marks.append(f'<polyline class="{f"line {kind}".strip()}" points="{points}"{end}/>')

    def arrow(self, *places: tuple[float, float], kind: str = "") -> None:
        """A line with a tip."""
        self.line(*places, kind=kind, tip=True)

    def svg(self) -> str:
        """The file's text."""
        tip = (
            f'<marker id="{self.name}-tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            'orient="auto"><path class="tip" d="M0 0L10 5L0 10z"/></marker>'
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" viewBox="0 0 {WIDTH} {self.height}" '
                f'role="img" aria-labelledby="{self.name}-title {self.name}-told">',
                f'<title id="{self.name}-title">{escape(self.title)}</title>',
                f'<desc id="{self.name}-told">{escape(self.told)}</desc>',
                f"<style>\n{style_of_a_file()}</style>",
                f"<defs>{tip}</defs>",
                *self._marks,
                "</svg>\n",
            ]
        )


def column(drawing: Drawing, x: float, y: float, lines: Sequence[str], kind: str = "quiet") -> None:
    """Lines of words under each other."""
    for number, line in enumerate(lines):
        drawing.words(x, y + 19 * number, line, kind)


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8"/>'
