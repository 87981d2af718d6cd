"""What the site of docs/ is made of, as far as it can be held without building it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from scripts.compile_contracts import SetUpError
from scripts.docs.__main__ import written
from scripts.docs.drawing import COLOURS, WIDTH
from scripts.docs.hooks import as_site, deepened, slug, unescaped
from scripts.docs.links import DOCS, Link, broken, gone, outside, wrong
from scripts.docs.reading import words
from tests.unit.house.test_locks import HASH, PIN, ROOT

SETTINGS: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
GLOSSARY = (DOCS / "glossary.md").read_text()


def in_nav(part: Any) -> Iterator[str]:
    """The pages below a part of the navigation."""
    if isinstance(part, str):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from in_nav(each)


def test_every_page_stands_in_the_navigation_once() -> None:
    found = list(in_nav(SETTINGS["nav"]))
    assert sorted(found) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def test_every_decision_is_listed() -> None:
    listed = re.findall(r"^- \[(\d+)\. .+\]\((.+)\)$", (DOCS / "decisions/README.md").read_text(), re.MULTILINE)
    assert [name for _, name in listed] == sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    assert [name for number, name in listed if int(name[:4]) != int(number)] == []


def test_nothing_comes_from_elsewhere_when_the_site_is_read() -> None:
    assert SETTINGS["theme"]["font"] is False
    assert SETTINGS["strict"] is True
    own = [
        *SETTINGS["extra_css"],
        *SETTINGS["extra_javascript"],
        *SETTINGS["extra"]["polyfills"],
        SETTINGS["theme"]["logo"],
    ]
    assert [name for name in own if not (DOCS / name).is_file()] == []
    assert any("iframe-worker" in name for name in own)  # else the plugin 'offline' takes one from elsewhere
    assert "://" not in (ROOT / "mkdocs.yml").read_text()
    for path in (DOCS / "assets").iterdir():
        assert not re.search(r"(url\(|import )\s*['\"]?(https?:)?//", path.read_text()), path.name


def test_every_link_inside_leads_to_a_page_and_a_heading() -> None:
    assert broken() == []


@pytest.mark.parametrize(
    ("target", "bad"),
    [
        ("glossary.md", False),
        ("glossary.md#a", False),
        ("#where-to-begin", False),
        ("../Makefile", False),
        ("https://example.org/a", False),
        ("nothing.md", True),
        ("glossary.md#nothing", True),
        ("#nothing", True),
        ("decisions", True),
        ("../../elsewhere.md", True),
    ],
)
def test_a_link_that_leads_nowhere_is_found(target: str, bad: bool) -> None:
    assert bool(wrong(Link(DOCS / "index.md", 1, target))) is bad


def test_addresses_that_only_stand_for_one_are_not_asked() -> None:
    found = [link.target for link in outside()]
    assert found
    assert [address for address in found if "example.org" in address or "127.0.0.1" in address] == []


def test_what_is_gone_elsewhere_is_said_and_what_is_only_closed_is_not() -> None:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(self.path[1:]))
            self.send_header("Location", "/404")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        asked = [Link(DOCS / "index.md", 1, f"{base}/{code}") for code in (200, 404, 302, 403, 500)]
        assert gone(asked) == [
            f"docs/index.md:1: {base}/404: answers 404",
            f"docs/index.md:1: {base}/302: answers 404",
            f"docs/index.md:1: {base}/500: answers 500",
        ]
        server.shutdown()
    with pytest.raises(SetUpError, match="network"):
        gone(asked)


def test_anchors_are_those_of_the_forges() -> None:
    assert slug("What is guaranteed, and by what") == "what-is-guaranteed-and-by-what"
    assert slug("`GET /v1/events` & more") == "get-v1events--more"
    assert slug("1. The log is the truth") == "1-the-log-is-the-truth"


def test_drawings_and_figures_are_those_that_are_written_now() -> None:
    made = written()
    kept = set((DOCS / "drawings").iterdir())
    assert kept == {path for path in made if path.suffix == ".svg"}
    assert [path.name for path, text in made.items() if path.read_text() != text] == [], (
        "run 'python -m scripts.docs write'"
    )


def test_drawings_can_be_read_aloud_and_stay_in_their_frame() -> None:
    for path in (DOCS / "drawings").iterdir():
        root = ElementTree.fromstring(path.read_text())
        parts = {part.tag.rpartition("}")[2] for part in root.iter()}
        assert {"title", "desc", "text"} <= parts
        assert parts <= {"svg", "title", "desc", "style", "defs", "marker", "path", "rect", "polyline", "text"}
        height = float(root.attrib["viewBox"].split()[3])
        for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
            assert float(rect.attrib["x"]) + float(rect.attrib["width"]) <= WIDTH
            assert float(rect.attrib["y"]) + float(rect.attrib["height"]) <= height
        assert root.attrib["aria-labelledby"].split() == [f"{path.stem}-title", f"{path.stem}-told"]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_words_in_drawings_can_be_read_in_light_and_dark() -> None:
    for colours in COLOURS:
        for ground in ("card", "sunk", "own-soft", "sought-soft", "bad-soft"):
            for ink in ("ink", "quiet"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_a_page_becomes_what_python_markdown_takes_for_the_same() -> None:
    lines = ["1. so", "   ```sh", "   ls", "   ```", "2. and", "", "   more", "then"]
    assert list(deepened(lines)) == ["1. so", "    ```sh", "    ls", "    ```", "", "2. and", "", "    more", "then"]
    assert list(unescaped(["| `a\\|b` | c \\| d |", "`a\\|b`"])) == ["| `a|b` | c \\| d |", "`a\\|b`"]
    code = "```text\n[a](../x)\n| `a\\|b` |\n```"
    assert "\n".join(unescaped(as_site(code, DOCS, DOCS))) == code


def test_links_to_code_say_where_it_stands_and_drawings_are_part_of_the_page() -> None:
    assert as_site("see [the test](../tests/conftest.py#L1) and [a](b.md)", DOCS, DOCS) == [
        "see the test (`tests/conftest.py`) and [a](b.md)"
    ]
    (drawn,) = as_site("![Words](../drawings/tree.svg)", DOCS / "start", DOCS)
    assert drawn.startswith('<figure class="drawing"><svg ')
    assert "<style>" not in drawn


def test_what_is_compared_are_the_words_of_the_article() -> None:
    inside = '<h1>A<a class="headerlink">¶</a></h1><svg><title>no</title></svg><p>b <br>c</p>'
    assert words(f"<nav>no</nav><article>{inside}</article>", "article") == words("<h1>A</h1>\n<p>b\nc</p>") == "Abc"


def test_the_glossary_is_in_order_and_has_the_words_that_are_said_to_stand_there() -> None:
    found = re.findall(r"^- \*\*(.+?)\*\*", GLOSSARY, re.MULTILINE)
    assert len(found) > 100
    assert [(one, other) for one, other in pairwise(found) if one.lower() > other.lower()] == []
    said = set(re.findall(r"(?<!\*)\*([a-z][a-z ]*)\*(?!\*)", (DOCS / "how-it-works.md").read_text()))
    known = set(re.findall(r"\*\*(.+?)\*\*", GLOSSARY.lower()))
    assert {word for word in said - {"italics", "yes", "no"} if not {word, word.removesuffix("s")} & known} == set()


def test_every_kind_of_statement_is_about_something_in_the_glossary() -> None:
    text = GLOSSARY.lower()
    subjects = {path.name.split(".")[0] for path in (DOCS / "formats").glob("*.schema.json")}
    assert [name for name in sorted(subjects) if f"**{name.rstrip('s')}" not in text] == []


def test_the_comparison_says_when_each_other_is_better() -> None:
    text = (DOCS / "comparison.md").read_text().split("## One by one")[1].split("\n## ")[0]
    parts = text.split("\n### ")[1:]
    assert len(parts) >= 9
    assert [part.splitlines()[0] for part in parts if "**Better when**" not in part or "**Missing:**" not in part] == []


def test_every_line_of_the_lock_is_a_pin_or_a_hash() -> None:
    text = Path(ROOT / "requirements-docs.lock").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert ":" + "//" not in text
    assert [line for line in lines if not (PIN.match(line) or HASH.match(line))] == []
    assert all(HASH.match(after) for line, after in pairwise(lines) if PIN.match(line))
    assert "mkdocs-material" in {match[1] for line in lines if (match := PIN.match(line))}
