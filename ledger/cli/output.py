"""What commands print: words or one JSON object on stdout, progress on stderr if that is a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]


def print_json(members: Mapping[str, Any]) -> None:
    """Print one JSON object on one line."""
    print(json.dumps(members, sort_keys=True, ensure_ascii=False))


def example(text: str) -> str:
    """The epilogue of a command's help."""
    return f"Example: {text}"


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is fed with (done, in all). It shows on a terminal only; a pipe gets nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
