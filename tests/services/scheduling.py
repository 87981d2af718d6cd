"""Who runs which tests when several processes share the suite (``pytest -n 2 --dist loadscope``).

xdist's own rule is a file a piece of work, the files with the most tests first. Here what shares a dear server is one
piece, so that the server is started once and not in every process; and the pieces are in the order of the folders:
those that take minutes come first, the units of milliseconds fill the end, when a long file alone would keep one
process busy and the others idle.
"""

from __future__ import annotations

from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = {
    "tests/acceptance/cli/": "a service",
    "tests/acceptance/live/": "a stage",
    "tests/acceptance/test_demo_pages.py": "a stage",
    "tests/browser/": "a world and a browser",
}
"""What the tests below a path share; the same words make them one piece of work."""


def piece_of(test: str) -> str:
    """The piece of work that a test (its node id) belongs to."""
    shared = next((words for path, words in TOGETHER.items() if test.startswith(path)), None)
    return shared or test.rsplit("::", 1)[0]


class InOrder(LoadScopeScheduling):
    """``--dist loadscope`` with our pieces, in the order of the folders."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return piece_of(nodeid)
