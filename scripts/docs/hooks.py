"""What MkDocs does to a page of docs/ before it renders it; it loads this file by itself, in an environment of its own.

The pages are written for people who read them in the repository, in CommonMark. Here they become what Python-Markdown
takes for the same, and drawings become part of the page, so that they follow its colours and can be read aloud.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

_FENCE: Final = re.compile(r"^ *(```+|~~~+)")
_OUT_OF_DOCS: Final = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#\s]+)(?:#[^)]*)?\)")
_DRAWING: Final = re.compile(r"^!\[[^\]]*\]\((?:\.\./)*(drawings/[a-z-]+\.svg)\)$")
_ITEM: Final = re.compile(r"^(?:[-*+]|\d+\.) +")
_CODE: Final = re.compile(r"(`+)(.+?)\1")
_OWN_COLOURS: Final = re.compile(r"<style>.*?</style>\n?", re.DOTALL)


def slug(heading: str, separator: str = "-") -> str:
    """The anchor of a heading, as the usual forges make it too."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", separator)


def on_config(config: Any, **_: Any) -> Any:
    """Anchors are the same here and there."""
    config["mdx_configs"]["toc"]["slugify"] = slug
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """The page's text as Python-Markdown wants it."""
    docs = Path(config["docs_dir"])
    return "\n".join(deepened(unescaped(as_site(markdown, (docs / page.file.src_uri).parent, docs)))) + "\n"


def as_site(markdown: str, folder: Path, docs: Path) -> list[str]:
    """The lines of a page that stands in ``folder``, with what the site shows otherwise: drawings, links to code."""
    return [line if code else _line(line, folder, docs) for line, code in _marked(markdown.splitlines())]


def _marked(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a block of code."""
    fence = ""
    for line in lines:
        match = _FENCE.match(line)
        yield line, bool(fence or match)
        if match:
            fence = match[1] if not fence else "" if line.strip().startswith(fence) else fence


def unescaped(lines: Iterable[str]) -> Iterator[str]:
    """A bar in code in a table: Python-Markdown would show what escapes it."""
    for line, code in _marked(lines):
        table = line.startswith("|") and not code
        yield _CODE.sub(lambda found: found[0].replace("\\|", "|"), line) if table else line


def deepened(lines: Iterable[str]) -> Iterator[str]:
    """What belongs to an item of a list stands four columns deep."""
    deep, before = 0, ""
    for line in lines:
        item = _ITEM.match(line)
        if item:
            if deep and _FENCE.match(before):
                yield ""
            deep = len(item[0])
        elif line and not line.startswith(" "):
            deep = 0
        before = line
        yield " " * 4 + line[deep:] if deep and line[:deep].isspace() else line


def _line(line: str, folder: Path, docs: Path) -> str:
    if drawing := _DRAWING.match(line):
        return f'<figure class="drawing">{_OWN_COLOURS.sub("", (docs / drawing[1]).read_text()).strip()}</figure>'
    return _OUT_OF_DOCS.sub(lambda link: _outside(link, folder, docs), line)


def _outside(link: re.Match[str], folder: Path, docs: Path) -> str:
    """A link to a file of the repository that the site does not have: its words, and where it stands."""
    target = (folder / link[0].rpartition("](")[2].rstrip(")").partition("#")[0]).resolve()
    if target.is_relative_to(docs):
        return link[0]
    return f"{link[1]} (`{target.relative_to(docs.parent)}`)"
