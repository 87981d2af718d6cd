"""What commands print: words, tables or one JSON object on stdout, progress on stderr.

On a terminal it has colours and tables; in a pipe it is plain, one record a line, and the same whatever the width, the
locale or the terminal's kind. ``NO_COLOR`` (https://no-color.org) takes the colours away.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
STYLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("pass", "ok", "accepted", "activated", "paid", "final"), "green"),
    **dict.fromkeys(("fail", "FAILED", "error", "rejected", "refused", "revoked", "failed"), "bold red"),
    **dict.fromkeys(("skipped", "warning", "unproven", "closed", "paused", "pending", "waiting"), "yellow"),
    "note": "dim",
}
"""Words that have a colour wherever they stand alone. The word says it all: the colour only helps to find it."""
_EXAMPLE_WIDTH: Final = 72
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def print_json(members: Mapping[str, Any]) -> None:
    """Print one JSON object on one line."""
    print(json.dumps(members, sort_keys=True, ensure_ascii=False))


def emit(text: str) -> None:
    """Print a document as it is: a template, an export."""
    sys.stdout.write(text)


def example(*lines: str) -> str:
    """The epilogue of a command's help: lines as a person would type them, long ones broken as a shell allows."""
    head = "Example:" if len(lines) == 1 else "Examples:"
    return "\n\n".join([head, *(" \\\n    ".join(_broken(f"$ {line}")) for line in lines)])


def _broken(line: str) -> list[str]:
    """A line in parts that a terminal of 80 columns holds; quoted words stay whole, options with what they take."""
    words = re.findall(r"""(?:--[\w-]+ (?!--))?(?:[^\s'"]|'[^']*'|"[^"]*")+""", line)
    parts = [words[0]]
    for word in words[1:]:
        if len(parts[-1]) + 1 + len(word) > _EXAMPLE_WIDTH:
            parts.append(word)
        else:
            parts[-1] += f" {word}"
    return parts


def clean(text: object, *, one_line: bool = False) -> str:
    """Text from somebody else without what would steer a terminal: control characters and changes of direction."""
    seen = _CONTROLS.sub("\ufffd", str(text))
    return seen.replace("\n", " ") if one_line else seen


def is_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def say(text: str = "", style: str = "", *, error: bool = False) -> None:
    """Print a line, on stderr if it is an ``error``. Long ones are left to the terminal: what is copied stays whole."""
    stream = sys.stderr if error else sys.stdout
    if stream.isatty():
        from rich.text import Text

        _console(error=error).print(Text(clean(text), style), soft_wrap=True)
    else:
        print(clean(text), file=stream, flush=error)


def verdict(word: str, text: str, *, width: int = 8) -> None:
    """Print a line that begins with a word of ``STYLES``, padded to ``width``. A terminal gets it in two columns."""
    if not is_terminal():
        print(f"{word:<{width}} {clean(text, one_line=True)}")
        return
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=max(width, len(word)))
    row.add_column(overflow="fold")
    row.add_row(Text(word, STYLES.get(word, "")), Text(clean(text, one_line=True)))
    _console().print(row)


def pairs(rows: Sequence[tuple[str, object]], *, indent: int = 0) -> None:
    """Print names with their values, the values below each other."""
    width = max((len(name) for name, _ in rows), default=0) + 2
    for name, value in rows:
        start, shown = " " * indent + f"{name:<{width}}", clean(value, one_line=True)
        if not is_terminal():
            print(f"{start}{shown}")
            continue
        from rich.text import Text

        _console().print(Text(start, "dim").append(shown, "default not dim"), soft_wrap=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print records. A pipe gets one a line, without the head, its values two spaces apart.

    ``right`` names the columns of numbers. Words of ``STYLES`` get their colour.
    """
    if not is_terminal():
        for row in rows:
            print("  ".join(clean(value, one_line=True) for value in row).rstrip())
        return
    if not rows:
        say("There are none yet.", "dim")
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for name in head:
        # A name or an id is folded, never cut: what was cut could not be copied.
        drawn.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(clean(value, one_line=True), STYLES.get(str(value), "")) for value in row))
    _console().print(drawn)


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is fed with (done, in all). It shows on a terminal only; a pipe gets nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left", style="dim"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console(error=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Show, on a terminal, that something is under way whose length nobody knows."""
    if not sys.stderr.isatty():
        yield
        return
    with _console(error=True).status(words):
        yield


def _console(*, error: bool = False) -> Console:
    """Nothing in what is printed is markup: it may be anybody's words."""
    from rich.console import Console

    return Console(stderr=error, markup=False, emoji=False, highlight=False)
