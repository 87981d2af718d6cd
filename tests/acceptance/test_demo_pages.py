"""The Python on the pages of docs/campaigns, run as it stands against a running service with a chain."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.client import Client
from ledger.demo.stage import Stage

PAGES = Path(__file__).parents[2] / "docs" / "campaigns"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the pages say that one has, but for the platform's key."""
    folder = tmp_path_factory.mktemp("pages")
    with (
        Stage(folder, settlement_delay=3, wallet_delay=3) as stage,
        stage.server() as server,
        Client(server.url, stage.admin_key) as operator,
    ):
        yield {"URL": server.url, "OPENER": stage.signers["platform"].address, "operator": operator}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("rating", ["{'pad': 2, 'unknown': 1}"]),
        ("processing", ["3 2"]),
        ("solving", ["0.828333"]),
        ("creation", ["3"]),
        ("funding", ["goal='39000000000000000000'"]),
    ],
)
def test_the_python_on_the_page_runs(service: dict[str, Any], page: str, said: list[str]) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", (PAGES / f"{page}.md").read_text(), re.DOTALL))
    names, output = {**service, "KEY": service["operator"].register_platform(page).key}, io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, f"{page}.md", "exec"), names)
    names["client"].close()
    for words in said:
        assert words in output.getvalue()


def test_every_type_of_campaign_has_its_page() -> None:
    from ledger.demo.run import SCENES

    assert {path.stem for path in PAGES.glob("*.md")} == {"README", *SCENES}
