"""Every block of shell and Python on the pages of docs/ and in README.md runs as it stands, page by page.

Left out are the blocks that name a test of their own. tests/unit/house/test_snippets.py shows that there are no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.docs.snippets import places
from tests.acceptance.docs.snippets.places import Neighbours, Place
from tests.services.snippets import Snippet, snippets

pytestmark = pytest.mark.long
RUN = ("sh", "python", "cron")
ALL = snippets()
BLOCKS = [
    each
    for before, each in zip((None, *ALL), ALL, strict=False)
    if (not each.by and each.language in RUN) or (each.note == "output" and before and not before.by)
]
PAGES = list(dict.fromkeys(each.page for each in BLOCKS))


@pytest.fixture
def here(town: Neighbours, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Here]:
    here = Here(town, tmp_path, request.node.callspec.params["page"])
    try:
        yield here
    finally:
        for place in here.places.values():
            place.close()


class Here:
    """The places that a page's blocks run in, made when the first one is to."""

    def __init__(self, town: Neighbours, folder: Path, page: str) -> None:
        self.town, self.folder, self.page = town, folder, page
        self.places: dict[str, Place] = {}

    def place(self, block: Snippet) -> Place:
        name = block.note.removeprefix("run in ") or "service"
        if name not in self.places:
            make = {"service": places.service, "operator": places.operator}[name]
            self.places[name] = make(self.town, self.folder / name, self.page)
        if name == "operator" and "https://crowd.example.org" in block.code:
            places.serve(self.places[name])
        return self.places[name]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_the_page_runs(page: str, here: Here) -> None:
    wrote = ""
    for block in (each for each in BLOCKS if each.page == page):
        if block.note == "output":
            assert is_like(wrote, block.code), f"{block.place}: what was written instead is\n{wrote}"
            continue
        try:
            wrote = here.place(block).run(block.language, block.code)
        except Exception as error:
            raise AssertionError(f"{block.place}: {error}") from error


def is_like(wrote: str, shown: str) -> bool:
    """Whether this is what is shown, in which ``...`` or ``…`` stand for anything."""
    parts = re.split(r"\.\.\.|…", shown.strip())
    return re.fullmatch(r"(?s:.*?)".join(map(re.escape, parts)), wrote.strip()) is not None


def test_what_is_shown_is_compared() -> None:
    assert is_like("Good: 12 entries\n", "Good: ... entries")
    assert not is_like("Bad: 12 entries", "Good: … entries")
