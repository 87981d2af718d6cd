"""The service is restarted under load on a socket that stays open: nobody is refused, nothing is lost or twice."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from ledger.client import Client
from ledger.db import migrate
from ledger.demo.stage import private_file
from ledger.statements import canonical
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.wire import Brief, NewCampaign, PieceRate
from tests.integration.api.running import BRIEF

ORIGIN = "crowd.example/restart"
ADMIN_KEY = f"cl_{'ab' * 8}_{'cd' * 32}"
STARTS = 3
_PATIENCE_SECONDS = 90.0


class Service:
    """One process after the other on one listening socket."""

    def __init__(self, folder: Path, log_signer: LogSigner) -> None:
        self.folder = folder
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
        database_url = f"sqlite+aiosqlite:///{folder / 'crowd.db'}"
        migrate(database_url)
        self._environment = kept | {
            "CROWDLEDGER_DATABASE_URL": database_url,
            "CROWDLEDGER_ORIGIN": ORIGIN,
            "CROWDLEDGER_PUBLIC_URL": self.url,
            "CROWDLEDGER_LOG_KEY_FILE": str(private_file(folder / "log.pem", log_signer.to_pem())),
            "CROWDLEDGER_ADMIN_KEY_FILE": str(private_file(folder / "admin.key", ADMIN_KEY.encode())),
        }

    @contextmanager
    def process(self) -> Iterator[None]:
        """A process that serves, from when it answers until it has ended by SIGTERM, softly."""
        log = self.folder / f"{secrets.token_hex(4)}.log"
        number = self.socket.fileno()
        with log.open("wb") as said:
            command = [sys.executable, "-m", "ledger.cli", "serve", "--fd", str(number)]
            process = subprocess.Popen(command, env=self._environment, pass_fds=[number], stderr=said)
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while "Application startup complete" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            code = process.wait(_PATIENCE_SECONDS)
        assert code == 0, log.read_text()


class Writer(threading.Thread):
    """Writes one contribution after the other until it is told to stop; a connection for each, or one kept open."""

    def __init__(self, url: str, key: str, campaign: str, *, keeps: bool) -> None:
        super().__init__()
        self.replies: list[httpx.Response] = []
        self.failed: list[str] = []
        self.stop = threading.Event()
        self._path = f"{url}/v1/contributions"
        self._key = key
        self._campaign = campaign
        self._keeps = keeps

    def run(self) -> None:
        with httpx.Client(timeout=60, trust_env=False) as kept:
            while not self.stop.is_set():
                self._write(kept)

    def _write(self, kept: httpx.Client) -> None:
        own = secrets.token_hex(8)
        new = {"campaign": self._campaign, "contributor": "ann", "content": {"answer": own}, "external_id": own}
        headers = {"Authorization": f"Bearer {self._key}"}
        for again in (False, True):
            try:
                if self._keeps:
                    reply = kept.post(self._path, json=new, headers=headers)
                else:
                    reply = httpx.post(self._path, json=new, headers=headers, timeout=60, trust_env=False)
            except httpx.TransportError as error:
                if self._keeps and not again:
                    continue  # the old process closed it between two requests: once more, on a new one
                self.failed.append(repr(error))
                return
            self.replies.append(reply)
            return


@pytest.mark.long
def test_no_request_is_refused(tmp_path: Path) -> None:
    signer = LogSigner.generate(ORIGIN)
    service = Service(tmp_path, signer)
    writers: list[Writer] = []
    with closing(service.socket):
        with service.process():
            key, campaign = open_campaign(service.url)
            writers += [Writer(service.url, key, campaign, keeps=number % 2 == 0) for number in range(4)]
            for writer in writers:
                writer.start()
            before = service.process()
            before.__enter__()
        for _ in range(STARTS - 2):
            after = service.process()
            after.__enter__()
            before.__exit__(None, None, None)
            before = after
        time.sleep(0.5)
        for writer in writers:
            writer.stop.set()
            writer.join()
        before.__exit__(None, None, None)
    assert [writer.failed for writer in writers] == [[]] * len(writers)
    replies = [reply for writer in writers for reply in writer.replies]
    assert {reply.status_code for reply in replies} <= {200, 201}
    assert len(replies) > 20 * STARTS
    indexes = [reply.json()["index"] for reply in replies]
    assert len(set(indexes)) == len(indexes)
    for reply in replies:
        receipt = Receipt.parse(canonical.encode(reply.json()["receipt"]))
        assert verify_log_part(receipt, signer.verifier_key).index == reply.json()["index"]


def open_campaign(url: str) -> tuple[str, str]:
    """A platform's key and a campaign."""
    with Client(url, ADMIN_KEY) as operator:
        key = operator.register_platform("Restarted").key
    assert key is not None
    new = NewCampaign(
        title="t", type="rating", brief=Brief.model_validate(BRIEF), terms="t", policy=PieceRate(amount="1"), budget="1"
    )
    with Client(url, key) as client:
        return key, client.open_campaign(new).id


@pytest.mark.parametrize("number", ["99", "0"])
def test_no_socket(number: str, tmp_path: Path) -> None:
    service = Service(tmp_path, LogSigner.generate(ORIGIN))
    with closing(service.socket):
        command = [sys.executable, "-m", "ledger.cli", "serve", "--fd", number]
        done = subprocess.run(command, env=service._environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "--fd" in done.stderr
