"""What the places let pass and what not: a block of the docs that is wrong must not run by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.docs.snippets.places import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    running = {"SNIPPETS_RUNNING": str(tmp_path / "running")}
    place = Place(tmp_path, {**os.environ, **running}, {"https://crowd.example.org": "http://127.0.0.1:1"})
    yield place
    place.close()


def test_variables_and_functions_stay(place: Place) -> None:
    assert place.run("sh", "A=1; twice() { echo $1 $1; }\n") == ""
    assert place.run("sh", "twice $A  # it's a comment\n") == "1 1\n"
    assert place.run("sh", "echo https://crowd.example.org/v1\n") == "http://127.0.0.1:1/v1\n"
    assert place.run("cron", "15 3 * * *  echo a\\%b > out\n") == ""
    assert (place.folder / "out").read_text() == "a%b\n"


@pytest.mark.parametrize(
    "code", ["false\ntrue\n", "false | true\n", "echo $NOWHERE\n", "nothing-like-it\n", "A=$(false)\n"]
)
def test_a_line_that_fails_fails(place: Place, code: str) -> None:
    with pytest.raises(AssertionError):
        place.run("sh", code)


def test_absolute_paths_are_below_the_folder(place: Place) -> None:
    (place.folder / "backups").mkdir()
    place.run("sh", "touch /backups/a\n")
    assert (place.folder / "backups" / "a").is_file()


def test_what_a_print_says_is_compared(place: Place) -> None:
    place.run("python", "a = 1\n")
    assert place.run("python", "print(a)  # 1\n") == "1\n"
    with pytest.raises(AssertionError):
        place.run("python", "print(a + 1)  # 1\n")
