"""docs/fuzzing.md names every parser: how it is attacked, and the tests beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from scripts.fuzz.parsers.targets import targets

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "fuzzing.md").read_text()
PARSES = re.compile(r"(parse|decode|load|loads)(_\w+)?|from_(text|bytes|members|pem|json)")
"""What a function that reads bytes or texts of others is called here."""


def table() -> list[tuple[list[str], list[str], list[str]]]:
    """The lines: names of targets, functions, tests."""
    section = PAGE.partition("## Parsers")[2]
    rows = [line.split("|")[1:4] for line in section.splitlines() if line.startswith("| `")]
    return [(*(re.findall(r"`([^`]+)`", cell) for cell in row),) for row in rows]  # type: ignore[misc]


def parsers() -> Iterator[str]:
    """All functions of that name, as ``module.function`` or ``Class.method``."""
    for file in sorted([*(ROOT / "ledger").rglob("*.py"), *(ROOT / "api").rglob("*.py")]):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and PARSES.fullmatch(node.name):
                yield f"{file.stem}.{node.name}"
            if isinstance(node, ast.ClassDef):
                yield from (
                    f"{node.name}.{each.name}"
                    for each in node.body
                    if isinstance(each, ast.FunctionDef) and PARSES.fullmatch(each.name)
                )


def test_every_parser_is_named() -> None:
    named = set(re.findall(r"`([\w.]+)`", PAGE.partition("## Parsers")[2]))
    found = set(parsers())
    assert len(found) > 40
    assert sorted(name for name in found if not {name, name.partition(".")[2]} & named) == []


def test_every_target_stands_in_one_line_and_every_line_has_targets() -> None:
    patterns = [pattern for names, _, _ in table() for pattern in names]
    assert {name: sum(fnmatchcase(name, each) for each in patterns) for name in targets()} == dict.fromkeys(
        targets(), 1
    )
    assert [each for each in patterns if not any(fnmatchcase(name, each) for name in targets())] == []


def test_what_a_target_says_it_reaches_stands_in_its_line() -> None:
    for names, functions, _ in table():
        for name, target in targets().items():
            if any(fnmatchcase(name, each) for each in names):
                said = {each.rpartition(".")[2] if "*" in names[0] else each for each in target.parsers}
                assert said <= set(functions), name


def test_the_tests_are_there_and_draw() -> None:
    files = {file for _, _, tests in table() for file in tests}
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert all(tests for _, _, tests in table())
