"""Upgrades and the way back: the commands, and an older version that really runs and writes all the time."""

from __future__ import annotations

import io
import json
import os
import secrets
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.cli.app import main
from ledger.db import schemas
from ledger.demo.stage import private_file
from ledger.statements import canonical
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt, verify_log_part
from tests.acceptance.cli.test_restart import ADMIN_KEY, ORIGIN, open_campaign

ROOT = Path(__file__).parents[3]
OLD_COMMIT, OLD_SCHEMA = "5555af4", "0012"
HEAD = str(schemas.migrations().get_current_head())
_PATIENCE_SECONDS = 120.0
_WRITERS = 3
_PAUSE_SECONDS = 0.02


class Installation:
    """One database and one log's key, for processes of any version."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.signer = LogSigner.generate(ORIGIN)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
        self.environment = kept | {
            "CROWDLEDGER_DATABASE_URL": database_url,
            "CROWDLEDGER_ORIGIN": ORIGIN,
            "CROWDLEDGER_PUBLIC_URL": "http://127.0.0.1",
            "CROWDLEDGER_LOG_KEY_FILE": str(private_file(folder / "log.pem", self.signer.to_pem())),
            "CROWDLEDGER_ADMIN_KEY_FILE": str(private_file(folder / "admin.key", ADMIN_KEY.encode())),
        }


class Version:
    """The code in a folder, run on an installation."""

    def __init__(self, code: Path, installation: Installation) -> None:
        self._code = code
        self._at = installation
        self._environment = installation.environment | {"PYTHONPATH": str(code)}

    def run(self, *arguments: object, code: int = 0) -> Any:
        """What ``crowdledger ... --json`` says; it must end with this code."""
        command = [sys.executable, "-m", "ledger.cli", *map(str, arguments), "--json"]
        done = subprocess.run(
            command, cwd=self._at.folder, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout or "null")

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The URL of a process that serves, until the block's end; it must end well."""
        said = self._at.folder / f"{secrets.token_hex(4)}.log"
        with closing(socket.create_server(("127.0.0.1", 0), backlog=512)) as place, said.open("wb") as log:
            command = [sys.executable, "-m", "ledger.cli", "serve", "--fd", str(place.fileno())]
            process = subprocess.Popen(
                command, cwd=self._at.folder, env=self._environment, pass_fds=[place.fileno()], stderr=log
            )
            try:
                wait_for(lambda: "Application startup complete" in said.read_text() or process.poll() is not None)
                assert process.poll() is None, said.read_text()
                yield f"http://127.0.0.1:{place.getsockname()[1]}"
            finally:
                process.terminate()
                code = process.wait(_PATIENCE_SECONDS)
        assert code == 0, said.read_text()
        assert "Traceback" not in said.read_text(), said.read_text()


class Writers:
    """Threads that write contributions to one service after the other reply, each with a receipt."""

    def __init__(self, url: str, key: str, campaign: str) -> None:
        self.replies: list[httpx.Response] = []
        self.failed: list[str] = []
        self._stop = threading.Event()
        self._path = f"{url}/v1/contributions"
        self._key = key
        self._campaign = campaign
        self._threads = [threading.Thread(target=self._run) for _ in range(_WRITERS)]

    def _run(self) -> None:
        with httpx.Client(timeout=60, trust_env=False, headers={"Authorization": f"Bearer {self._key}"}) as client:
            while not self._stop.is_set():
                own = secrets.token_hex(8)
                new = {"campaign": self._campaign, "contributor": "ann", "content": {"answer": own}, "external_id": own}
                try:
                    self.replies.append(client.post(self._path, json=new))
                except httpx.TransportError as error:
                    self.failed.append(repr(error))
                self._stop.wait(_PAUSE_SECONDS)

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def more(self) -> None:
        """Wait until there are more replies."""
        aim = len(self.replies) + 10 * _WRITERS
        wait_for(lambda: len(self.replies) >= aim or bool(self.failed))


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def old_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last code of schema 0012, out of the history."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "--format=tar", OLD_COMMIT, "ledger", "api", "contracts/artifacts"],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"there is no history with {OLD_COMMIT}")
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.mark.long
def test_an_old_version_runs_on_beside_the_new_one(tmp_path: Path, empty_database_url: str, old_code: Path) -> None:
    site = Installation(tmp_path, empty_database_url)
    old, new = Version(old_code, site), Version(ROOT, site)
    writers: list[Writers] = []

    def writing(stack: ExitStack, url: str) -> Writers:
        writers.append(stack.enter_context(Writers(url, key, campaign)))
        writers[-1].more()
        return writers[-1]

    old.run("db", "upgrade")
    with ExitStack() as olds:
        url = olds.enter_context(old.serving())
        key, campaign = open_campaign(url)
        beside = writing(olds, url)
        before = new.run("db", "status")
        assert (before["schema"], before["goes_on"], before["runs"]) == (OLD_SCHEMA, True, False)
        assert new.run("db", "upgrade")["before"] == OLD_SCHEMA
        beside.more()
        with ExitStack() as news:
            newer = writing(news, news.enter_context(new.serving()))
            beside.more()
            newer.more()
            assert new.run("audit", url)["verdict"] == "pass"
        assert "schema" in old.run("audit", "--database", code=2)["detail"], "it cannot start on what it does not know"
        assert new.run("db", "downgrade", "--to", OLD_SCHEMA)["schema"] == OLD_SCHEMA
        beside.more()
        writing(olds, olds.enter_context(old.serving()))
        beside.more()
    assert old.run("audit", "--database")["verdict"] == "pass"
    new.run("db", "upgrade")
    assert new.run("audit", "--database")["verdict"] == "pass"
    check_replies(site, writers)


def check_replies(site: Installation, writers: list[Writers]) -> None:
    """Nobody was refused, every receipt verifies, no index was given twice and none left out."""
    assert [each.failed for each in writers] == [[]] * len(writers)
    replies = [reply for each in writers for reply in each.replies]
    assert {reply.status_code for reply in replies} == {201}
    indexes = sorted(reply.json()["index"] for reply in replies)
    assert indexes == list(range(indexes[0], indexes[0] + len(indexes)))
    for reply in replies:
        receipt = Receipt.parse(canonical.encode(reply.json()["receipt"]))
        assert verify_log_part(receipt, site.signer.verifier_key).index == reply.json()["index"]


@pytest.fixture
def commands(sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs commands on a database of the newest schema; returns their code and what they say."""
    monkeypatch.setenv("CROWDLEDGER_DATABASE_URL", sqlite_database_url)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crowdledger", "db", *arguments])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_the_commands(commands: Any) -> None:
    assert commands("status") == (
        0,
        f"The database has schema {HEAD}, this version {HEAD}.\nVersions from schema {OLD_SCHEMA} on may run on it.\n",
    )
    assert commands("upgrade")[1].startswith(f"The database has the newest schema, {HEAD}.")
    assert commands("downgrade", "--to", "0012") == (0, f"The database has schema 0012 now, before {HEAD}.\n")
    assert "beside processes" in commands("status")[1]
    assert json.loads(commands("status", "--json")[1])["goes_on"] is True
    code, said = commands("downgrade", "--to", "0014")
    assert (code, "older than 0014" in said) == (2, True)
    assert commands("downgrade", "--to", "0011")[0] == 0
    assert commands("status")[1].splitlines()[1].startswith("Stop every process")
    assert commands("upgrade")[1].startswith(f"The database has schema {HEAD} now, before 0011.")
    told = json.loads(commands("upgrade", "--json")[1])
    assert told == {
        "before": HEAD,
        "oldest": OLD_SCHEMA,
        "own_schema": HEAD,
        "runs": True,
        "schema": HEAD,
        "upgraded": False,
    }
