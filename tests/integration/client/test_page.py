"""The Python on docs/client.md, run as it stands against a real service, by each client."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest

from ledger import wire
from ledger.client import AsyncClient, Client
from ledger.db import Database
from ledger.db.urls import parse_url
from tests.integration.api.serving import Server
from tests.integration.api.test_events import tell
from tests.integration.client.test_scenes import campaign
from tests.services import snippets
from tests.services.databases import sqlite_url

PAGE = Path(__file__).parents[3] / "docs" / "client.md"
KINDS = ("rating", "processing", "solving", "creation", "funding")


def sections() -> list[tuple[str, str]]:
    """Each snippet with the heading that it stands under."""
    lines = PAGE.read_text().splitlines()
    headings = {0: lines[0]} | {at: line for at, line in enumerate(lines) if re.match("##+ ", line)}
    headings = {at: line.lstrip("# ").partition(":")[0] for at, line in headings.items()}
    return [(headings[max(at for at in headings if at < each.line)], each.code) for each in snippets.run_by(__file__)]


SECTIONS = sections()


def is_awaited(code: str) -> bool:
    return "await " in code or "async " in code


def play(code: str, names: dict[str, Any]) -> str:
    """What a snippet prints; one with ``await`` is run by an event loop."""
    output = io.StringIO()
    compiled = compile(code, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    async def wait() -> None:
        async with AsyncClient(names["URL"], names["KEY"], verify=True) as client:
            await eval(compiled, names | {"client": client})

    with contextlib.redirect_stdout(output):
        if compiled.co_flags & inspect.CO_COROUTINE:
            asyncio.run(wait())
        else:
            with Client(names["URL"], names["KEY"], verify=True) as client:
                exec(compiled, names | {"client": client})
    return output.getvalue()


@pytest.mark.parametrize("number", range(len(SECTIONS)), ids=[f"{name}-{is_awaited(code)}" for name, code in SECTIONS])
def test_the_python_on_the_page_runs(
    number: int, server: Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heading, code = SECTIONS[number]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.flac").write_bytes(b"fLaC" * 1000)
    type_ = heading.lower() if heading.lower() in KINDS[:4] else "rating"
    with Client(server.url, key) as client:
        opened = client.open_campaign(campaign(type=type_)).id
        platform = client.current_key().platform
    names = {name: getattr(wire, name) for name in wire.__all__}
    names |= {"URL": server.url, "KEY": key, "CAMPAIGN": opened, "Path": Path, "LAST_SEEN": 0}
    if heading == "Events as they happen":
        database = Database(parse_url(sqlite_url(server.folder / "crowdledger.sqlite")))

        async def happen() -> None:
            await tell(database, (platform, "contribution.recorded"), (platform, "decision.made"))
            await database.close()

        asyncio.run(happen())
    said = play(code, names)
    for words in re.findall(r"print\(.*\)  # (.*)", code):
        assert words in said
    assert ("print(" in code) == bool(said)


def test_each_kind_of_platform_has_five_lines_for_each_client() -> None:
    for kind in KINDS:
        snippets = [code for name, code in SECTIONS if name.lower() == kind]
        assert [is_awaited(code) for code in snippets] == [False, True]
        assert [len(code.splitlines()) for code in snippets] == [5, 5]
        assert re.sub(r"\bawait |async ", "", snippets[1]).count("client.") == snippets[0].count("client.")
