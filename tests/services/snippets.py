"""The fenced blocks of README.md and docs/, with what stands above each about how it is tried.

``<!-- run in operator -->`` above a fence names the place that tests/acceptance/docs/snippets runs it in, ``<!-- run by
tests/... -->`` the test that takes it from ``run_by``, ``<!-- output -->`` says that it is what the block before wrote,
``<!-- drawing -->`` that it is a picture in letters. ``<!-- all run by tests/... -->`` anywhere in a page says it of
all its blocks without a note. tests/unit/house/test_snippets.py holds every block to that.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_FENCE: Final = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)(?P<rest>.*)$")
_COMMENT: Final = re.compile(r"""(?P<kept>'[^']*'|"(?:\\.|[^"\\])*"|\\.)|(?<!\S)#[^\n]*""", re.DOTALL)
_NOTE: Final = re.compile(r"^\s*<!-- (?P<note>.+?) -->\s*$")


@dataclass(frozen=True)
class Snippet:
    """A block of ``page`` (a path from the project's root), whose fences stand in ``line`` and ``last`` (from 1)."""

    page: str
    line: int
    last: int
    language: str
    note: str
    code: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def by(self) -> str:
        """The test that it says it is run by, or nothing."""
        return self.note.removeprefix("run by ") if self.note.startswith("run by ") else ""


def pages() -> list[str]:
    """README.md and every page below docs/."""
    return ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))]


def read(page: str, text: str) -> Iterator[Snippet]:
    """The blocks of a page's text. Raises ValueError for a fence that nothing ends."""
    lines = text.splitlines()
    whole = re.search(r"^<!-- all (run by \S+) -->$", text, re.MULTILINE)
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if opened is None:
            at += 1
            continue
        end = re.compile(rf"^[ \t]*{opened['fence']}+[ \t]*$")
        closed = next((number for number in range(at + 1, len(lines)) if end.match(lines[number])), None)
        if closed is None:
            raise ValueError(f"{page}:{at + 1}: this block has no end.")
        note = _NOTE.match(lines[at - 1]) if at else None
        said = note["note"] if note else whole[1] if whole else ""
        code = textwrap.dedent("\n".join(lines[at + 1 : closed])) + "\n"
        yield Snippet(page, at + 1, closed + 1, opened["language"], said, code)
        at = closed + 1


def commands(code: str) -> Iterator[list[str]]:
    """The words of each simple command of shell code: no variables set before it, redirections or comments."""
    plain = _COMMENT.sub(lambda found: found["kept"] or "", code.replace("\\\n", " "))
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="|&;<>\n")
    lexer.commenters, lexer.whitespace_split, lexer.whitespace = "", True, " \t"
    command: list[str] = []
    target = False
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;\n"):
            if command:
                yield command
            command = []
        elif set(word) <= set("<>"):
            target = True
        elif target:
            target = False
        elif command or not re.match(r"[A-Za-z_]+=", word):
            command.append(word)


@cache
def snippets() -> tuple[Snippet, ...]:
    """All blocks of all pages, in their order."""
    return tuple(found for page in pages() for found in read(page, (ROOT / page).read_text()))


def run_by(test: str) -> list[Snippet]:
    """The blocks that name this test (its ``__file__``) above them, page by page from top to bottom."""
    name = Path(test).resolve().relative_to(ROOT).as_posix()
    return [each for each in snippets() if each.by == name]
