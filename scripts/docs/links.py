"""Where the links of README.md and docs/ lead: pages, anchors, files; and, asked for, the addresses outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
from markdown_it import MarkdownIt
from markdown_it.token import Token

from scripts.compile_contracts import ROOT, SetUpError
from scripts.docs.hooks import slug

DOCS: Final = ROOT / "docs"
_PARSER: Final = MarkdownIt("commonmark").enable("table")
_UNREACHED: Final = "cannot be reached"
_CLOSED: Final = frozenset({401, 403, 405, 406, 429, 999})
_AT_ONCE: Final = 8
_PATIENCE_SECONDS: Final = 30
_EXAMPLES: Final = re.compile(r"^https?://([a-z0-9-]+\.)*(example\.(org|com|net)|localhost|127\.0\.0\.1)(:\d+)?(/|$)")


@dataclass(frozen=True)
class Link:
    """A link or picture in a page: ``line`` counts from 1."""

    page: Path
    line: int
    target: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.target}"


def pages() -> list[Path]:
    """README.md and every page of docs/."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


@cache
def _tokens(page: Path) -> list[Token]:
    return _PARSER.parse(page.read_text())


def links(page: Path) -> Iterator[Link]:
    """Every link and picture of a page."""
    for token in _tokens(page):
        for child in token.children or ():
            target = child.attrs.get("href" if child.type == "link_open" else "src")
            if child.type in ("link_open", "image") and target:
                yield Link(page, (token.map or [0])[0] + 1, str(target))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as the site and the usual forges make them."""
    tokens = _tokens(page)
    found = [after.children or [] for token, after in pairwise(tokens) if token.type == "heading_open"]
    return frozenset(slug("".join(child.content for child in each)) for each in found)


def broken() -> list[str]:
    """Each link inside the project that leads nowhere, and why."""
    return [f"{link}: {why}" for page in pages() for link in links(page) if (why := wrong(link))]


def wrong(link: Link) -> str:
    """What is wrong with a link, or nothing; addresses elsewhere are not looked at."""
    if ":" in link.target.split("/")[0]:
        return ""
    name, _, anchor = link.target.partition("#")
    target = (link.page.parent / name).resolve() if name else link.page
    if not target.is_relative_to(ROOT) or not target.exists():
        return "there is no such file"
    if target.is_dir() and link.page.is_relative_to(DOCS):
        return "the site has no page for a folder; name a page of it"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return "that page has no such heading"
    return ""


def outside() -> list[Link]:
    """The links to elsewhere, each address once, without those that only stand for one."""
    found = {link.target.partition("#")[0]: link for page in pages() for link in links(page)}
    return [link for address, link in found.items() if address.startswith("http") and not _EXAMPLES.match(address)]


def gone(asked: Iterable[Link] | None = None) -> list[str]:
    """Each link to elsewhere whose page is not there any more, and how that showed.

    Who answers that we may not look, or not so often, has the page. Raises SetUpError where nobody could be reached.
    """
    every = list(outside() if asked is None else asked)
    with (
        httpx.Client(follow_redirects=True, timeout=_PATIENCE_SECONDS, headers={"User-Agent": "Mozilla/5.0"}) as http,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        answers = list(pool.map(lambda link: _answer(http, link), every))
    if every and set(answers) == {_UNREACHED}:
        raise SetUpError("Nobody elsewhere could be reached. Is the network there?")
    return [f"{link}: {answer}" for link, answer in zip(every, answers, strict=True) if answer]


def _answer(http: httpx.Client, link: Link) -> str:
    """What is wrong with the answer, or nothing."""
    try:
        with http.stream("GET", link.target) as reply:
            return f"answers {reply.status_code}" if reply.is_error and reply.status_code not in _CLOSED else ""
    except httpx.HTTPError:
        return _UNREACHED
