"""Backups and restores as an operator runs them: what is refused, with several logs, a rotated key, and a chain."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.app import main
from ledger.db import migrate, open_database
from ledger.log.items import Item
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.rotating import rotate_key
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree import merkle
from ledger.tree.checkpoints import LogSigner
from tests.integration.api.beside_chain import Place, place
from tests.unit.audit.logs import publish
from tests.unit.log.samples import ORIGIN, Maker

__all__ = ["place"]

SURVEY = "example.org/logs/survey"


@dataclass
class Installation:
    """Two logs in one SQLite file, written to without a service."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    signers: dict[str, LogSigner]
    makers: dict[str, Maker] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "crowd.db"

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.database}"

    def set_up(self) -> None:
        """A platform and a campaign in each log."""
        lines = [f'origin = "{ORIGIN}"', f'database_url = "{self.url}"']
        for name, signer in self.signers.items():
            (self.folder / f"{name}.pem").write_bytes(signer.to_pem())
        lines.append(f'log_key_file = "{self.folder / "main.pem"}"')
        lines += ["[logs.survey]", f'origin = "{SURVEY}"', f'log_key_file = "{self.folder / "survey.pem"}"']
        (self.folder / "crowdledger.toml").write_text("\n".join(lines))
        migrate(self.url)
        for name, signer in self.signers.items():
            asyncio.run(self._open(name, signer))
            self.makers[name] = maker = Maker(name, system_clock_ms())
            self.write(name, lambda maker=maker: [maker.register(), maker.open_campaign()])

    async def _open(self, log: str, signer: LogSigner) -> None:
        async with open_database(self.url) as database:
            await open_log(database, log, signer.name, signer, 3)

    def write(self, log: str, make: Callable[[], Sequence[Item]]) -> None:
        """Write items one after the other."""

        async def write() -> None:
            async with open_database(self.url) as database, Writer(database, log, self.signers[log]) as writer:
                writer.allow_writes()
                for item in make():
                    await writer.write(item)

        asyncio.run(write())

    def work(self, log: str, count: int = 3) -> None:
        """Contributions."""
        self.write(log, lambda: [self.makers[log].submit(f"person {number}") for number in range(count)])

    def statements(self, log: str = "main") -> list[bytes]:
        async def read() -> list[bytes]:
            async with open_database(self.url) as database:
                return await Reader(database, log).statements(0, 10_000)

        return asyncio.run(read())

    def mirror(self, *logs: str) -> Path:
        """A mirror of the logs as they are."""
        folder = self.folder / f"mirror-{len(self.statements())}-{len(logs)}"
        for log in logs:
            publish(folder if log == "main" else folder / "logs" / log, self.statements(log), self.signers[log])
        return folder

    def lose(self) -> None:
        """The database is gone."""
        for file in self.folder.glob("crowd.db*"):
            file.unlink()

    def run(self, *arguments: object, code: int = 0) -> Any:
        """The JSON that a command prints."""
        self.monkeypatch.setattr(sys, "argv", ["crowdledger", *map(str, arguments), "--json"])
        self.capture.readouterr()
        ended = 0
        try:
            main()
        except SystemExit as end:
            ended = int(end.code or 0)
        said = self.capture.readouterr()
        assert ended == code, (arguments, said.out, said.err)
        return json.loads(said.out)

    def back_up(self) -> Path:
        file = self.folder / "crowd.backup"
        said = self.run("db", "backup", file)
        assert {each["log"] for each in said["logs"]} == {"main", "survey"}
        assert said["bytes"] == file.stat().st_size
        return file

    def refused(self, *arguments: object, code: int = 2) -> str:
        """The words of a restore that is refused, and leaves nothing."""
        said = self.run("db", "restore", *arguments, code=code)
        assert list(self.folder.glob("crowd.db*")) == []
        return f"{said['detail']} {said['remedy']}"


@pytest.fixture
def log_signer() -> LogSigner:
    return LogSigner.generate(ORIGIN)


@pytest.fixture
def site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log_signer: LogSigner
) -> Installation:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = Installation(folder, capsys, monkeypatch, {"main": log_signer, "survey": LogSigner.generate(SURVEY)})
    found.set_up()
    return found


def test_both_logs_come_back(site: Installation) -> None:
    backup = site.back_up()
    for log in ("main", "survey"):
        site.work(log)
    new = LogSigner.generate(ORIGIN)

    async def rotate() -> None:
        async with open_database(site.url) as database:
            await rotate_key(database, "main", site.signers["main"], new)

    asyncio.run(rotate())
    site.signers["main"] = new
    site.work("main", 2)
    mirror, before = site.mirror("main", "survey"), {log: site.statements(log) for log in site.signers}
    second = site.run("db", "backup", backup, code=2)
    assert "exists already" in second["detail"]
    assert "not empty" in site.run("db", "restore", backup, "--mirror", mirror, code=2)["detail"]
    site.lose()
    assert "No mirror is given for the log 'main'" in site.refused(backup)
    assert "No mirror is given for the log 'main'" in site.refused(backup, "--mirror", f"survey={mirror}/logs/survey")
    assert "is of the log" in site.refused(backup, "--mirror", f"{mirror}/logs/survey")
    assert "no log 'serve'" in site.refused(backup, "--mirror", mirror, "--mirror", f"serve={mirror}")
    logs = site.run("db", "restore", backup, "--mirror", mirror)["logs"]
    assert [(each["log"], each["saved"], each["restored"], each["openings_lost"]) for each in logs] == [
        ("main", 3, [3, 8], 5),
        ("survey", 3, [3, 5], 3),
    ]
    assert {log: site.statements(log) for log in site.signers} == before
    assert site.run("audit", "--database")["verdict"] == "pass"
    for log in site.signers:
        site.work(log)
    assert site.run("audit", "--database")["verdict"] == "pass"


def test_a_mirror_that_says_otherwise_is_refused(site: Installation) -> None:
    backup, maker = site.back_up(), site.makers["main"]
    start = site.database.read_bytes()
    site.work("main")
    other = site.mirror("main", "survey")
    site.lose()
    site.database.write_bytes(start)
    another, longer = site.folder / "another.backup", site.folder / "longer.backup"
    for file in (another, longer):
        site.write("main", lambda: [maker.submit(f"somebody else {number}") for number in (1, 2)])
        site.run("db", "backup", file)
    site.lose()
    assert "does not continue the backup" in site.refused(another, "--mirror", other, code=1)
    assert "another history" in site.refused(longer, "--mirror", other, "--accept-loss", code=1)
    site.run("db", "restore", backup, "--mirror", other)


def test_without_a_mirror_the_loss_must_be_accepted(site: Installation) -> None:
    early = site.mirror("main", "survey")
    site.work("main")
    backup = site.back_up()
    site.work("main")
    site.lose()
    assert "fewer than" in site.refused(backup, "--mirror", early)
    logs = site.run("db", "restore", backup, "--accept-loss")["logs"]
    assert [(each["log"], each["entries"], each["mirror"]) for each in logs] == [("main", 6, None), ("survey", 3, None)]
    site.work("main")
    assert site.run("audit", "--database")["verdict"] == "pass"


def test_a_restore_that_was_killed_is_run_again(site: Installation) -> None:
    backup = site.back_up()
    site.lose()
    for name in ("crowd.db.part", "crowd.db.part-journal", "crowd.db.part-wal"):
        (site.folder / name).write_bytes(b"half of something")
    site.run("db", "restore", backup, "--accept-loss")
    assert sorted(file.name for file in site.folder.glob("crowd.db*")) == ["crowd.db"]
    assert site.run("audit", "--database")["verdict"] == "pass"


def test_what_is_anchored_must_come_back(site: Installation, place: Place) -> None:
    """No accepted loss, and no mirror, leads behind the chain."""
    backup = site.back_up()
    site.work("main")
    signer, entries = site.signers["main"], site.statements()
    place.anchor(len(entries), merkle.root([merkle.leaf_hash(entry) for entry in entries]), [])
    early = publish(site.folder / "early", entries[:4], signer)
    mirror = site.mirror("main", "survey")
    site.monkeypatch.setenv("CROWDLEDGER_DEPLOYMENT_FILE", str(place.settings().deployment_file))
    site.monkeypatch.setenv("CROWDLEDGER_RPC_URLS", place.chain.url)
    site.lose()
    for some in (["--accept-loss"], ["--accept-loss", "--mirror", early]):
        assert "The contract holds 6 entries" in site.refused(backup, *some)
    assert site.run("db", "restore", backup, "--mirror", mirror)["logs"][0]["entries"] == 6
