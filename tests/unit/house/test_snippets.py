"""Every fenced block of README.md and docs/ is run by a test or checked by what it is: see tests/services/snippets.py.

What runs does so in tests/acceptance/docs/snippets (``pytest -m long tests/acceptance/docs/snippets``) or in the test
that the block names. Here every block is walked: one that nothing runs or checks fails with its place.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer.main
from sqlalchemy.ext.asyncio import create_async_engine

from ledger.cli import app
from tests.services.snippets import ROOT, Snippet, commands, pages, read, snippets
from tests.unit.house import shown

RUN = {"sh", "python", "cron"}
PLACES = {"", "run in operator"}
"""Beside a running service if nothing is said, or in the folder of somebody who runs one."""
COMMAND = typer.main.get_command(app)
INLINE = re.compile(r"`((?:\$ )?crowdledger [a-z][^`]*)`")


def problem(blocks: list[Snippet], at: int) -> str | None:
    """What is wrong with how a block says that it is tried."""
    block = blocks[at]
    if block.by:
        test = ROOT / block.by
        return None if test.is_file() and "run_by(__file__)" in test.read_text() else f"{block.by} does not run it"
    if block.language in RUN:
        return None if block.note in PLACES else f"there is no way to try it called '{block.note}'"
    if block.language in shown.CHECKS:
        return f"'{block.note}' says nothing of {block.language}" if block.note else None
    if block.language == "text" and block.note == "output":
        before = blocks[at - 1] if at and blocks[at - 1].page == block.page else None
        return None if before and before.language in RUN else "it is no output of a block that is run"
    if block.language == "text" and block.note == "drawing":
        return None if max(map(len, block.code.splitlines())) <= 130 else "it is wider than a screen"
    return "nothing runs or checks it" if block.language else "it has no language"


def test_every_block_is_run_or_checked() -> None:
    blocks = list(snippets())
    assert len(blocks) > 80
    found = [(block.place, problem(blocks, at)) for at, block in enumerate(blocks)]
    assert not any(wrong for _, wrong in found), "\n".join(f"{place}: {wrong}" for place, wrong in found if wrong)


def test_a_block_that_nothing_runs_is_found() -> None:
    def wrong(text: str) -> str | None:
        blocks = list(read("docs/a.md", text))
        return problem(blocks, len(blocks) - 1)

    assert wrong("```\nls\n```") == "it has no language"
    assert wrong("~~~ruby\nputs 1\n~~~") == "nothing runs or checks it"
    assert wrong("```text\nhello\n```") == "nothing runs or checks it"
    assert wrong("<!-- run by hand -->\n```sh\nls\n```") == "hand does not run it"
    assert wrong("<!-- run by tests/unit/house/test_help.py -->\n```sh\nls\n```") is not None
    assert wrong("<!-- run in a dream -->\n```sh\nls\n```") is not None
    assert wrong("<!-- output -->\n```text\nhello\n```") is not None
    assert wrong("```sh\nls\n```\n<!-- output -->\n```text\nhello\n```") is None
    assert wrong(" 1. so\n    ```sh\n    ls\n    ```") is None
    with pytest.raises(ValueError, match=r"docs/a.md:2: this block has no end"):
        wrong("so\n```sh\nls")


def test_no_code_hides_in_an_indented_block() -> None:
    """Markdown takes four spaces after an empty line for code, outside of lists."""
    found = []
    for page in pages():
        listed = False
        fenced = {line for each in snippets() if each.page == page for line in range(each.line, each.last + 1)}
        lines = (ROOT / page).read_text().splitlines()
        for number, (before, line) in enumerate(zip(["", *lines], lines, strict=False), 1):
            if line and not line.startswith(" "):
                listed = re.match(r"([-*+]|\d+[.)]) ", line) is not None
            if line.startswith("    ") and not before and not listed and number not in fenced:
                found.append(f"{page}:{number}")
    assert found == []


@pytest.mark.parametrize("language", sorted(shown.CHECKS))
def test_what_is_shown_is_what_it_seems(language: str, tmp_path: Path) -> None:
    for number, block in enumerate(snippets()):
        if block.language == language and not block.by:
            folder = tmp_path / str(number)
            folder.mkdir()
            try:
                shown.CHECKS[language](block.code, folder)
            except Exception as error:
                raise AssertionError(f"{block.place}: {error}") from error


async def test_all_sql_is_answered(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        for block in snippets():
            if block.language == "sql":
                assert (await connection.execute(sa.text(block.code))).all() == [], block.place
    await engine.dispose()


def test_all_python_compiles() -> None:
    for block in snippets():
        if block.language == "python":
            compile(block.code, block.place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_all_shell_code_is_shell_code() -> None:
    code = [block for block in snippets() if block.language == "sh"]
    done = subprocess.run(
        ["bash", "-c", 'for each; do bash -n -c "$each" || exit 1; done', "bash", *(block.code for block in code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def take(words: list[str], *, whole: bool) -> None:
    """Let the command line read ``words``; ``whole`` where nothing may be missing. Raises what it raises."""
    command, path = COMMAND, "crowdledger"
    while words and words[0] in getattr(command, "commands", {}):
        path = words.pop(0)
        command = command.commands[path]
    if whole:
        command.make_context(path, words)
    options = {each for param in command.params for each in param.opts + param.secondary_opts} | {"--help"}
    unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - options
    assert not unknown, f"crowdledger {path} has no {', '.join(unknown)}"
    assert not getattr(command, "commands", {}) or not words or words[0].isupper(), f"there is no command {words}"


def test_every_command_is_taken_by_the_command_line() -> None:
    """Those in the text too, where what stands for something may be left out."""
    found = 0
    for page in pages():
        text = (ROOT / page).read_text()
        lines = [(line, False) for line in INLINE.findall(text)]
        blocks = [block for block in snippets() if block.page == page and block.language in RUN - {"python"}]
        for words, whole in [
            *((words, True) for block in blocks for words in commands(block.code)),
            *((words, False) for line, whole in lines for words in commands(line.replace("...", ""))),
        ]:
            if words[0].rpartition("/")[2] == "crowdledger":
                found += 1
                try:
                    take(words[1:], whole=whole)
                except Exception as error:
                    raise AssertionError(f"{page}: {' '.join(words)}: {error}") from error
    assert found > 60
