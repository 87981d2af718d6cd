"""``crowdledger audit --database``: words, JSON and exit codes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.blobs.folder import FolderStore
from ledger.cli.app import app
from ledger.db import open_database
from ledger.db.checksums import checksum
from ledger.log.checking import check_database
from ledger.log.writer import Writer
from tests.integration.log.conftest import OpenLog
from tests.integration.log.whole_log import SIGNER, Teller


@pytest.fixture
def file(sqlite_database_url: str) -> Path:
    """A small log in a SQLite file."""
    from random import Random

    async def write() -> None:
        async with open_database(sqlite_database_url) as database:
            teller = Teller(database, "main", Random(1))
            await teller.open()
            async with Writer(database, "main", SIGNER, clock=teller.clock, own_clock=True) as writer:
                writer.allow_writes()
                await teller.draw(writer, 5)

    asyncio.run(write())
    return Path(sqlite_database_url.removeprefix("sqlite+aiosqlite:///"))


def damage(file: Path, sql: str) -> None:
    with sqlite3.connect(file) as connection:
        assert connection.execute(sql).rowcount == 1


def test_a_sound_database(file: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    url = f"sqlite:///{file}"
    result = CliRunner().invoke(app, ["audit", "--database", url, "--report", str(report), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["verdict"], [log["log"] for log in said["logs"]]) == ("pass", ["main"])
    assert said == json.loads(report.read_text())
    words = CliRunner().invoke(app, ["audit", "--database", url, "--log", "main"])
    assert words.exit_code == 0
    assert "PASS" in words.stdout
    assert "- not seen: anchors (tx, " in words.stdout


def test_a_damaged_one_is_named_to_the_column(file: Path) -> None:
    damage(file, "UPDATE platforms SET name = 'Stars!' WHERE entry_index = 2")
    result = CliRunner().invoke(app, ["audit", f"sqlite:///{file}", "--database"])
    assert result.exit_code == 1
    assert "error    views: entry 2: platforms.name is not what entry 2" in result.stdout
    said = json.loads(CliRunner().invoke(app, ["audit", "--database", f"sqlite:///{file}", "--json"]).stdout)
    (finding,) = said["logs"][0]["findings"]
    assert (finding["entry"], finding["table"], finding["column"]) == (2, "platforms", "name")


def test_what_rests_on_damaged_entries_is_skipped(file: Path) -> None:
    damage(file, "UPDATE entries SET statement = x'7b7d' WHERE entry_index = 3")
    said = json.loads(CliRunner().invoke(app, ["audit", "--database", f"sqlite:///{file}", "--json"]).stdout)
    verdicts = {check["name"]: check["verdict"] for check in said["logs"][0]["checks"]}
    assert (verdicts["entries"], verdicts["views"], verdicts["checkpoints"]) == ("fail", "skipped", "pass")
    assert [finding["entry"] for finding in said["logs"][0]["findings"]] == [3]


@pytest.mark.parametrize(
    "arguments", [[], ["--database", "--rpc", "http://localhost:1"], ["--database", "sqlite:////nowhere/at/all"]]
)
def test_what_cannot_be_done(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["audit", *arguments])
    assert result.exit_code != 0
    assert result.exit_code == 2 or "There is no database" in str(result.exception)


async def test_files_are_hashed_where_their_folder_is_given(log: OpenLog, tmp_path: Path) -> None:
    async def content(data: bytes):  # type: ignore[no-untyped-def]
        yield data

    blobs = FolderStore(tmp_path / "files")
    kept = [await blobs.put(content(data), limit_bytes=100) for data in (b"one", b"two", b"three")]
    platform = log.maker.platform
    rows = [
        {"log": "main", "platform": platform, "sha256": each.sha256, "bytes": each.bytes, "type": "text/plain"}
        | {"at_ms": 1, "checksum": checksum(platform, each.sha256, each.bytes, "text/plain", 1)}
        for each in kept
    ]
    from sqlalchemy import insert

    from ledger.db.tables import files

    async with log.database.begin() as connection:
        await connection.execute(insert(files), rows)
    assert (await check_database(log.database, "main", blobs=blobs)).verdict == "pass"
    first, second = (tmp_path / "files" / each.sha256[:2] / each.sha256[2:4] / each.sha256 for each in kept[:2])
    first.chmod(0o600)
    first.write_bytes(b"On e")
    second.unlink()
    report = await check_database(log.database, "main", blobs=blobs)
    found = [finding.detail for finding in report.findings]
    assert len(found) == 2
    assert {kept[0].sha256, kept[1].sha256} == {each.split(":")[0].removeprefix("The file ") for each in found}
