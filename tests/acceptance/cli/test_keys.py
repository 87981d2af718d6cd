"""An operator rotates the log's key; somebody who trusts the old one follows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ledger.audit.mirror import Mirror
from ledger.audit.source import FolderSource
from ledger.cli import app
from ledger.config import Config
from ledger.db import open_database
from ledger.log.reader import Reader
from tests.unit.audit import logs

ORIGIN = "example.org/crowd"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new installation with a platform."""
    folder = tmp_path / "site"
    said(run("init", "--origin", ORIGIN, "--folder", folder))
    monkeypatch.setenv("CROWDLEDGER_CONFIG", str(folder / "crowdledger.toml"))
    said(run("platform", "add", "Bird watchers"))
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments), "--json"])


def said(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def configure(site: Path, key_file: Path) -> None:
    config = site / "crowdledger.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("log_key_file")]
    config.write_text("\n".join([*lines, f'log_key_file = "{key_file}"', ""]))


async def read(index: int) -> tuple[bytes, list[bytes]]:
    """A receipt, and all entries."""
    config = Config()
    async with open_database(config.database_url) as database:
        reader = Reader(database, config.log)
        size = (await reader.head()).size
        return await reader.receipt(index), await reader.statements(0, size)


def test_the_key_is_rotated(site: Path, tmp_path: Path) -> None:
    old_file, new_file = site / "secrets" / "log-key.pem", site / "secrets" / "log-key-2.pem"
    before, _ = asyncio.run(read(1))
    old = json.loads(before)["key"]
    new = said(run("key", "new", new_file, "--origin", ORIGIN))["key"]
    done = said(run("key", "rotate", new_file))
    assert done == {"key": new, "index": 2, "repeated": False, "log_key_file": str(new_file)}
    assert said(run("key", "rotate", new_file)) == done | {"repeated": True}

    refused = run("platform", "add", "Too late")
    assert refused.exit_code != 0
    assert "set log_key_file to the newest one" in str(refused.exception)
    configure(site, new_file)
    assert said(run("platform", "add", "In time"))["index"] == 3
    assert said(run("key", "rotate", new_file))["repeated"]
    back = run("key", "rotate", old_file)
    assert "had the key" in str(back.exception)

    after, entries = asyncio.run(read(3))
    (tmp_path / "old.json").write_bytes(before)
    (tmp_path / "new.json").write_bytes(after)
    published = logs.publish(tmp_path / "log", entries, Config().log_signer())
    mirrored = tmp_path / "mirror"
    Mirror(mirrored).sync(FolderSource(published))
    for key in (old, new):
        for receipt in ("old.json", "new.json"):
            assert said(run("verify", tmp_path / receipt, "--key", key, "--keys", mirrored))["verdict"] == "pass"
        assert said(run("audit", mirrored, "--key", key))["verdict"] == "pass"
    lost = run("verify", tmp_path / "new.json", "--key", old)
    assert lost.exit_code == 1
    stranger = said(run("key", "new", site / "secrets" / "stranger.pem", "--origin", ORIGIN))["key"]
    assert run("audit", mirrored, "--key", stranger).exit_code == 1


def test_a_file_that_is_no_key_changes_nothing(site: Path) -> None:
    (site / "no.pem").write_text("no key")
    for path, words in ((site / "no.pem", "is not an Ed25519 key"), (site / "none.pem", "cannot be read")):
        refused = run("key", "rotate", path)
        assert words in str(refused.exception)
    same = run("key", "rotate", site / "secrets" / "log-key.pem")
    assert "the same" in str(same.exception)
    _, entries = asyncio.run(read(1))
    assert len(entries) == 2
