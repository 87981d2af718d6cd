"""The five-minute starts, line by line, beside ``crowdledger dev``: what they print is what the pages show."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from ledger.demo.stage import free_port
from tests.acceptance.test_readme import has_curl
from tests.services.snippets import Snippet, run_by, snippets

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not has_curl(), reason="the pages need curl 7.82 or later"),
    pytest.mark.skipif(shutil.which("jq") is None, reason="the pages need jq"),
]
PAGES = ("docs/start/platform.md", "docs/start/contributor.md", "docs/start/auditor.md")
STARTING = "make dev\n"
_PATIENCE_SECONDS = 120
_END = "--- end of a block: "


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where ``crowdledger dev`` runs, with the environment that the pages enter."""
    folder = tmp_path_factory.mktemp("start")
    (folder / ".venv").symlink_to(sys.prefix)
    command = [sys.executable, "-m", "ledger.cli", "dev", "--port", str(free_port())]
    with (folder / "dev.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (folder / ".crowdledger/dev/env").exists():
        assert process.poll() is None, (folder / "dev.log").read_text()
        assert time.monotonic() < deadline, (folder / "dev.log").read_text()
        time.sleep(0.1)
    try:
        yield folder
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def blocks(page: str) -> list[tuple[Snippet, str]]:
    """The page's commands, each with what it shows that they print."""
    every = [each for each in snippets() if each.page == page]
    mine = set(run_by(__file__))
    return [
        (each, after.code if after and after.note == "output" else "")
        for each, after in zip(every, [*every[1:], None], strict=True)
        if each in mine and each.language == "sh" and each.code != STARTING
    ]


def shown(text: str) -> re.Pattern[str]:
    """A page's output as a pattern: a line of dots is any number of lines, dots in a line are anything in it."""
    lines = [
        "(?:.*\n)*?" if line == "..." else re.escape(line).replace(re.escape("..."), ".*") + "\n"
        for line in text.splitlines()
    ]
    return re.compile("".join(lines))


@pytest.mark.parametrize("page", PAGES)
def test_every_line_prints_what_the_page_says(folder, page):
    found = blocks(page)
    assert len(found) > 2
    script = "".join(f"{block.code}printf '%s%s\\n' '{_END}' $?\n" for block, _ in found)
    done = subprocess.run(
        ["bash"], input=script, cwd=folder, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS
    )
    *outputs, rest = re.split(f"{_END}([0-9]+)\n", done.stdout)
    assert rest == ""
    for (block, expected), printed, code in zip(found, outputs[::2], outputs[1::2], strict=True):
        place = f"{block.place}:\n{printed}\n{done.stderr}"
        assert code == "0", place
        assert shown(expected).fullmatch(printed), place


def test_the_pages_begin_with_what_runs_here():
    assert [each.page for each in run_by(__file__) if each.code == STARTING] == ["docs/start/platform.md"]
    assert {each.page for each in run_by(__file__)} == set(PAGES)
