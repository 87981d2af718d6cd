"""Every command's help has examples that the command takes, and reads well in a terminal of 80 columns."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from ledger.cli import app

ROOT = Path(__file__).resolve().parents[3]
RUNNER = CliRunner()


def commands() -> dict[tuple[str, ...], Any]:
    """Every command and every group of commands by its path."""
    found: dict[tuple[str, ...], Any] = {(): typer.main.get_command(app)}
    todo = [((), found[()])]
    for path, command in todo:
        for name, child in getattr(command, "commands", {}).items():
            found[*path, name] = child
            todo.append(((*path, name), child))
    return found


COMMANDS = commands()


def examples(command: Any) -> list[str]:
    """The lines after ``$`` in a command's epilogue, continued ones joined."""
    return re.findall(r"^\$ (.+)$", (command.epilog or "").replace("\\\n    ", ""), re.MULTILINE)


def words_of(line: str) -> list[str]:
    """What a shell would give to ``crowdledger``: no variables set before it, no redirection after it."""
    words = shlex.split(line)
    while "=" in words[0]:
        words.pop(0)
    assert words.pop(0) == "crowdledger", line
    return words[: words.index(">")] if ">" in words else words


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "crowdledger")
def test_the_examples_are_there_and_are_taken(path: tuple[str, ...]) -> None:
    lines = examples(COMMANDS[path])
    assert lines, f"'crowdledger {' '.join(path)} --help' has no example"
    for line in lines:
        words = words_of(line)
        command, used = COMMANDS[()], ()
        while words and (*used, words[0]) in COMMANDS:
            used = (*used, words.pop(0))
            command = COMMANDS[used]
        assert used[: len(path)] == path, f"{line} is no example of it"
        if words != ["--help"]:
            command.make_context(used[-1], words)  # raises where an option is unknown or an argument is missing


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "crowdledger")
def test_no_option_is_cut_at_80_columns(path: tuple[str, ...]) -> None:
    result = RUNNER.invoke(app, [*path, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert result.exit_code == 0
    assert "…" not in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert "<bool>" not in result.output
    options = {each for param in COMMANDS[path].params for each in param.opts if each.startswith("--")}
    assert {each for each in options if not re.search(rf"{each}\b", result.output)} == set()


def test_all_is_printed_in_one_place() -> None:
    """Colours, control characters and pipes are its business: no other file of the command line prints."""
    found = []
    for path in sorted((ROOT / "ledger" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                found.append(f"{path.name}:{node.lineno}")
    assert {each.partition(":")[0] for each in found} == {"output.py"}
