"""Nothing acknowledged is lost: the server is killed under load, again and again, on both databases."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from ledger import wire
from ledger.client import Client
from ledger.demo.stage import free_port, private_file
from ledger.errors import CrowdLedgerError
from ledger.statements import canonical
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt, verify_log_part
from tests.integration.api.running import BRIEF

ORIGIN = "crowd.example/killed"
ADMIN_KEY = f"cl_{'ab' * 8}_{'cd' * 32}"
CLIENTS = 8
KILLS = 2
LEAST_ANSWERS = 40
_PATIENCE_SECONDS = 40


def environment(folder: Path, database_url: str, signer: LogSigner) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
    return kept | {
        "CROWDLEDGER_DATABASE_URL": database_url,
        "CROWDLEDGER_ORIGIN": ORIGIN,
        "CROWDLEDGER_LOG_KEY_FILE": str(private_file(folder / "log.pem", signer.to_pem())),
        "CROWDLEDGER_ADMIN_KEY_FILE": str(private_file(folder / "admin.key", ADMIN_KEY.encode())),
    }


def start(settings: dict[str, str], folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ledger.cli", "serve", "--no-worker", "--port", str(port)]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, env=settings, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with Client(f"http://127.0.0.1:{port}") as client:
        while not client.ready():
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, (folder / "server.log").read_text()
            time.sleep(0.05)
    return process


class Load:
    """Clients that submit one contribution after the other and keep every answer, until told to stop."""

    def __init__(self, url: str, key: str, campaign: str) -> None:
        self.url, self.key, self.campaign = url, key, campaign
        self.answered: list[wire.Written] = []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._submit) for _ in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _submit(self) -> None:
        with Client(self.url, self.key, patience_seconds=0, timeout_seconds=5) as client:
            while not self._stopped.is_set():
                name = secrets.token_hex(8)
                try:
                    self.answered.append(
                        client.submit(
                            wire.NewContribution(
                                campaign=self.campaign, contributor=name, content={"n": name}, external_id=name
                            )
                        )
                    )
                except CrowdLedgerError:
                    return  # the server is dead


def open_campaign(url: str) -> tuple[str, str]:
    with Client(url, ADMIN_KEY) as operator:
        key = operator.register_platform("P").key
    assert key is not None
    brief = wire.Brief.model_validate(BRIEF)
    new = wire.NewCampaign(
        title="T", type="rating", brief=brief, terms="t", policy=wire.PieceRate(amount="1"), budget="1000000"
    )
    with Client(url, key) as client:
        return key, client.open_campaign(new).id


def test_every_answered_receipt_survives_the_kill(database_url, tmp_path):
    signer = LogSigner.generate(ORIGIN)
    settings = environment(tmp_path, database_url, signer)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start(settings, tmp_path, port)
    key, campaign = open_campaign(url)
    answered: list[wire.Written] = []
    try:
        for _ in range(KILLS):
            with Load(url, key, campaign) as load:
                deadline = time.monotonic() + _PATIENCE_SECONDS
                while len(load.answered) < LEAST_ANSWERS and time.monotonic() < deadline:
                    time.sleep(0.01)
                process.send_signal(signal.SIGKILL)
                process.wait()
            assert len(load.answered) >= LEAST_ANSWERS
            answered += load.answered
            process = start(settings, tmp_path, port)
        check_all(url, key, answered, signer, tmp_path)
    finally:
        process.kill()
        process.wait()


def check_all(url: str, key: str, answered: list[wire.Written], signer: LogSigner, folder: Path) -> None:
    assert len({each.index for each in answered}) == len(answered)
    with Client(url, key) as client:
        for written in answered:
            receipt = Receipt.parse(canonical.encode(written.receipt))
            verify_log_part(receipt, signer.verifier_key)
            assert client.receipt(written.id) == receipt.encode()
        size = client.audit_summary().size
        assert (
            len(answered) + 3 <= size
        )  # the log's and the platform's opening, the campaign, and what was not answered
    done = subprocess.run(
        [sys.executable, "-m", "ledger.cli", "audit", url, "--key", signer.verifier_key.vkey, "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    report = json.loads(done.stdout)
    assert (report["verdict"], report["entries"]) == ("pass", size), done.stdout + done.stderr
    bundle = httpx.get(f"{url}/logs/main/checkpoint").text
    assert bundle.split("\n")[1] == str(size)
