"""``crowdledger db prune``, as it is typed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.cli.app import app
from ledger.db.sweeping import RULES
from ledger.errors import ConfigError


def test_what_is_too_old_goes(sqlite_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crowdledger.toml").write_text(f'database_url = "{sqlite_database_url}"\nimport_retention_days = 1\n')
    monkeypatch.chdir(tmp_path)
    file = sqlite_database_url.removeprefix("sqlite+aiosqlite:///")
    with closing(sqlite3.connect(file)) as database:
        for number in range(2_500):
            database.execute("INSERT INTO sessions VALUES ('main', ?, 'p', 'c', 1, 0)", [number.to_bytes(4, "big")])
        database.execute("INSERT INTO sessions VALUES ('other', x'01', 'p', 'c', 1, 0)")
        database.commit()

    def prune(*arguments: str) -> dict[str, int]:
        done = CliRunner().invoke(app, ["db", "prune", "--json", *arguments])
        assert done.exit_code == 0, done.output
        (said,) = json.loads(done.stdout)["logs"]
        assert (said["log"], set(said["erased"])) == ("main", {rule.name for rule in RULES})
        return {rule: rows for rule, rows in said["erased"].items() if rows}

    assert prune() == {"sessions: expired": 2_500}, "in several transactions, to the end"
    assert prune("--log", "main") == {}
    words = CliRunner().invoke(app, ["db", "prune"])
    assert words.stdout == "log main: nothing is too old\n"
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT log FROM sessions").fetchall() == [("other",)]
    wrong = CliRunner().invoke(app, ["db", "prune", "--log", "none"])
    assert isinstance(wrong.exception, ConfigError)
