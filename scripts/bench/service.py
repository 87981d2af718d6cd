"""Ours: the real ``crowdledger serve`` on a new database, with a platform, its key and a campaign."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ledger import wire
from ledger.client import Client
from ledger.db import migrate
from ledger.statements import canonical
from ledger.tree.keys import LogSigner, VerifierKey
from ledger.tree.receipts import Receipt, verify_log_part
from scripts.bench.processes import ServerProcess, free_port

ORIGIN = "bench.example/main"
_READY_SECONDS = 60.0
_BRIEF = wire.Brief(
    problem="Does the aerial picture show a well pad?",
    mode="cooperation",
    rules="One answer a picture.",
    example_accepted={"selection": "pad"},
    example_rejected={"selection": ""},
    rights=wire.Rights(rejected_entries="contributor", pass_on="payment"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A folder with key files and a migrated database at ``database_url``."""

    folder: Path
    database_url: str
    signer: LogSigner
    admin_key: str

    @classmethod
    def make(cls, folder: Path, database_url: str, signer: LogSigner | None = None) -> Site:
        """Make the key files and bring the database to the newest schema."""
        folder.mkdir(parents=True, exist_ok=True)
        made = signer or LogSigner.generate(ORIGIN)
        admin_key = f"cl_{secrets.token_hex(8)}_{secrets.token_hex(32)}"
        for name, data in (("log.pem", made.to_pem()), ("admin.key", admin_key.encode())):
            with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
        migrate(database_url)
        return cls(folder, database_url, made, admin_key)

    def server(self) -> ServerProcess:
        """The service, not started yet."""
        port = free_port()
        settings = {
            "CROWDLEDGER_DATABASE_URL": self.database_url,
            "CROWDLEDGER_ORIGIN": ORIGIN,
            "CROWDLEDGER_LOG_KEY_FILE": str(self.folder / "log.pem"),
            "CROWDLEDGER_ADMIN_KEY_FILE": str(self.folder / "admin.key"),
            "CROWDLEDGER_BLOB_FOLDER": str(self.folder / "blobs"),
            "CROWDLEDGER_KEY_REQUESTS_PER_MINUTE": str(10**9),
            "CROWDLEDGER_ADDRESS_REQUESTS_PER_MINUTE": str(10**9),
        }
        command = [sys.executable, "-m", "ledger.cli", "serve", "--no-worker", "--port", str(port)]
        return ServerProcess(command, port, self.folder / "server.log", settings)


@dataclass(frozen=True, slots=True)
class Account:
    """A platform's key and a campaign that takes its contributions."""

    key: str
    campaign: str


def open_account(url: str, admin_key: str) -> Account:
    """Register a platform and open a campaign, once the service takes writes."""
    with Client(url, admin_key) as operator:
        wait_until_ready(operator)
        key = operator.register_platform("Well pads from above").key
    assert key is not None
    policy = wire.PieceRate(amount="1")
    new = wire.NewCampaign(title="Well pads", type="rating", brief=_BRIEF, terms="t", policy=policy, budget=str(10**12))
    with Client(url, key) as client:
        return Account(key, client.open_campaign(new).id)


def wait_until_ready(client: Client) -> None:
    """Wait until the service takes writes."""
    deadline = time.monotonic() + _READY_SECONDS
    while not client.ready():
        if time.monotonic() > deadline:
            raise RuntimeError("The service does not get ready.")
        time.sleep(0.01)


def check_reply(body: bytes, key: VerifierKey) -> None:
    """Verify the receipts in a reply to one contribution or to a batch. Raises what the verifier raises."""
    reply = json.loads(body)
    for written in reply.get("results", [reply]):
        receipt = Receipt.parse(canonical.encode(written["receipt"]))
        verified = verify_log_part(receipt, key)
        if verified.index != written["index"]:
            raise RuntimeError(f"The receipt is of entry {verified.index}, not of {written['index']}.")
