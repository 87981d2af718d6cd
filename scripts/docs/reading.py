"""Whether the site says what the pages say: two readers of Markdown, one text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

from scripts.docs.hooks import as_site
from scripts.docs.links import DOCS

_EMPTY: Final = frozenset({"area", "br", "hr", "img", "input", "link", "meta", "source", "wbr"})
_AROUND: Final = 40


class _Words(HTMLParser):
    """The words inside the article (or of all, where there is none), without drawings and the theme's own marks."""

    def __init__(self, inside: str | None) -> None:
        super().__init__()
        self._inside = inside
        self._open: list[bool] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            return
        kinds = (dict(attrs).get("class") or "").split()
        shown = self._open[-1] if self._open else self._inside is None
        if tag == self._inside:
            shown = True
        if tag in ("svg", "script", "style") or "headerlink" in kinds:
            shown = False
        self._open.append(shown)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1] if self._open else self._inside is None:
            self.words.append(data)


def words(html: str, inside: str | None = None) -> str:
    """The words of a page without any spaces: of the element ``inside``, where one is named."""
    parser = _Words(inside)
    parser.feed(html)
    return "".join("".join(parser.words).split())


def built(site: Path, page: Path) -> Path:
    """The file of the site that a page became."""
    name = page.relative_to(DOCS).with_suffix(".html")
    return site / (name.with_name("index.html") if page.name == "README.md" else name)


def misread(site: Path) -> list[str]:
    """Each page whose text on the site is another than CommonMark's reading of it, and where the two part."""
    parser = MarkdownIt("commonmark").enable("table")
    found = []
    for page in sorted(DOCS.rglob("*.md")):
        shown = built(site, page)
        if not shown.is_file():
            found.append(f"{page.relative_to(DOCS.parent)}: it is not on the site; was it written meanwhile?")
            continue
        ours = words(parser.render("\n".join(as_site(page.read_text(), page.parent, DOCS))))
        theirs = words(shown.read_text(), "article")
        if ours != theirs:
            both = zip(ours, theirs, strict=False)
            at = next((number for number, (a, b) in enumerate(both) if a != b), min(len(ours), len(theirs)))
            said, became = (text[max(0, at - _AROUND) : at + _AROUND] for text in (ours, theirs))
            found.append(f"{page.relative_to(DOCS.parent)}: '{said}' became '{became}'")
    return found
