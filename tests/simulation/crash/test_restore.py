"""The drill: a backup under load, a mirror, the database lost; restored, it goes on where the log was."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from ledger.cli.app import main
from tests.services.postgres import PostgresDatabases, programs_folder
from tests.simulation.crash.serving import until
from tests.simulation.crash.stage import Stage, is_sqlite, sqlite_file, staged

LOADED = 25
"""Answers before, during and after the backup."""


class Operator:
    """Runs commands with the server's configuration."""

    def __init__(self, stage: Stage, capture: pytest.CaptureFixture[str]) -> None:
        self.stage = stage
        self._capture = capture

    async def run(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        """What ``crowdledger ... --json`` says; it must end with this code."""
        self._capture.readouterr()
        sys.argv = ["crowdledger", *map(str, arguments), "--json"]
        ended = await asyncio.to_thread(_ended)
        said = self._capture.readouterr()
        assert ended == code, said.out + said.err
        return dict(json.loads(said.out))


def _ended() -> int:
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def operating(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Stage], Operator]:
    monkeypatch.setattr(sys, "argv", sys.argv)

    def begin(stage: Stage) -> Operator:
        for name, value in stage.server.environment.items():
            monkeypatch.setenv(name, value)
        if not is_sqlite(stage.database_url):
            monkeypatch.setenv("PATH", f"{programs_folder()}{os.pathsep}{os.environ['PATH']}")
        return Operator(stage, capsys)

    return begin


@pytest.fixture
def losing(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Loses a database; an empty server is left on PostgreSQL."""

    def lose(url: str) -> None:
        if is_sqlite(url):
            file = sqlite_file(url)
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    file.with_name(file.name + suffix).unlink()
            return
        postgres: PostgresDatabases = request.getfixturevalue("postgres")
        name = make_url(url).database
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
        postgres.execute(f"CREATE DATABASE {name}")

    return lose


@pytest.fixture
def receipts(tmp_path: Path) -> Callable[[Stage], list[str]]:
    """Saves receipts of everything that was answered; gives options of the audit for some of them."""

    def save(stage: Stage) -> list[str]:
        options = []
        for index, answer in sorted(stage.witness.answers.items()):
            file = tmp_path / f"{index}.json"
            file.write_bytes(answer.receipt)
            options += [str(file)]
        return options

    return save


async def loaded(stage: Stage, meanwhile: Callable[[], Any] | None = None) -> None:
    """Contributions over several connections, and ``meanwhile``."""
    async with stage.crowd.load(4) as replies:
        await until(lambda: len(replies) >= LOADED, stage.server)
        if meanwhile is not None:
            await meanwhile()
        least = len(replies) + LOADED
        await until(lambda: len(replies) >= least, stage.server)
    assert stage.crowd.unanswered == stage.crowd.refused == []


async def test_a_lost_database_comes_back(
    database_url: str,
    tmp_path: Path,
    operating: Callable[[Stage], Operator],
    losing: Callable[[str], None],
    receipts: Callable[[Stage], list[str]],
) -> None:
    backup, mirror = tmp_path / "crowd.backup", tmp_path / "mirror"
    async with staged(database_url, tmp_path, tap=False) as stage:
        operator = operating(stage)
        await loaded(stage, lambda: operator.run("db", "backup", backup))
        late = await stage.crowd.must(stage.crowd.new_campaign())
        kept = receipts(stage)
        mirrored = (await operator.run("mirror", stage.server.url, mirror))["new_size"]
        assert mirrored == await stage.witness.check(stage.server.url)
        stage.server.kill()
        await stage.server.died()
        losing(database_url)

        refused = await operator.run("db", "restore", backup, code=2)
        assert "--mirror" in refused["remedy"]
        (log,) = (await operator.run("db", "restore", backup, "--mirror", mirror))["logs"]
        assert log["restored"] == [log["saved"], mirrored - 1]
        assert log["saved"] < mirrored == log["entries"]
        assert (await operator.run("audit", "--database"))["verdict"] == "pass"

        await stage.server.start()
        assert await stage.witness.check(stage.server.url) == mirrored
        options = [option for file in kept[::9] for option in ("--receipt", file)]
        audit = await operator.run("audit", stage.server.url, "--mirror", mirror, *options)
        assert (audit["verdict"], audit["entries"]) == ("pass", mirrored)
        for file in (kept[1], kept[-1]):
            assert (await operator.run("verify", file, "--key", stage.witness.key.vkey))["verdict"] == "pass"

        stage.crowd.campaign = late.answers[0].id  # a campaign that came back from the mirror takes work
        assert (await stage.crowd.must(stage.crowd.contribution())).answers[0].index == mirrored
        await loaded(stage)
        size = await stage.witness.check(stage.server.url)
        assert size == 1 + len(stage.witness.answers) > mirrored + LOADED
        assert (await operator.run("audit", "--database"))["verdict"] == "pass"
        grown = await operator.run("mirror", stage.server.url, mirror)
        assert (grown["old_size"], grown["new_size"]) == (mirrored, size)
