"""A real server process, and the client that the command line and the demo use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ledger import wire
from ledger.client import Client
from ledger.errors import (
    CrowdLedgerError,
    FieldError,
    FormatError,
    IdReusedError,
    NotFoundError,
    RuleError,
    UnauthorizedError,
    UnavailableError,
)
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt, verify_log_part
from tests.integration.api.running import ADMIN_KEY, ORIGIN
from tests.services.databases import copy_sqlite

_START_SECONDS = 30.0


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, log_signer: LogSigner) -> Iterator[str]:
    """The URL of ``uvicorn api.app:from_environment`` in a process of its own."""
    tmp_path = tmp_path_factory.mktemp("server")
    database_url = copy_sqlite(migrated_sqlite, tmp_path / "crowdledger.sqlite")
    (tmp_path / "log.pem").write_bytes(log_signer.to_pem())
    (tmp_path / "admin.key").write_text(ADMIN_KEY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
    environment |= {
        "CROWDLEDGER_DATABASE_URL": database_url,
        "CROWDLEDGER_ORIGIN": ORIGIN,
        "CROWDLEDGER_LOG_KEY_FILE": str(tmp_path / "log.pem"),
        "CROWDLEDGER_ADMIN_KEY_FILE": str(tmp_path / "admin.key"),
        "CROWDLEDGER_PORT": str(port),
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:from_environment", "--port", str(port)]
    with (tmp_path / "server.log").open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_SECONDS
        with Client(url) as client:
            while not client.ready():
                assert process.poll() is None, (tmp_path / "server.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        assert process.wait(10) in (0, -signal.SIGTERM)
    written = (tmp_path / "server.log").read_text()
    assert "Traceback" not in written
    assert "cl_" not in written
    assert ADMIN_KEY not in written


def campaign(**more: object) -> wire.NewCampaign:
    members = {
        "title": "RTE",
        "type": "rating",
        "terms": "Answer honestly.",
        "policy": {"name": "piece_rate", "amount": "5"},
        "budget": "5000",
    }
    return wire.NewCampaign.model_validate(members | more)


def test_client_walks_the_main_path(server: str, log_signer: LogSigner, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(server, ADMIN_KEY) as operator:
        registered = operator.register_platform("Answers Ltd", external_id="answers")
        assert operator.register_platform("Answers Ltd", external_id="answers").key is None
    assert registered.key is not None
    with Client(server, registered.key) as client:
        assert registered.key not in repr(client)
        opened = client.open_campaign(campaign(external_id="c-1"))
        assert client.open_campaign(campaign(external_id="c-1")).id == opened.id
        tasks = client.add_tasks(opened.id, [wire.NewTask(content={"q": n}, external_id=f"t-{n}") for n in range(3)])
        assert all(isinstance(task, wire.Written) for task in tasks)
        one = client.submit(wire.NewContribution(campaign=opened.id, contributor="ann", content={"a": None}))
        assert client.contribution(one.id).content == {"a": None}
        assert one.receipt_file() == client.receipt(one.id)
        assert one.opening_file() == client.opening(one.id)
        checked = verify_log_part(Receipt.parse(one.receipt_file()), log_signer.verifier_key)
        assert (checked.index, checked.trusted) == (one.index, True)
        decided = client.decide(wire.NewDecision(contribution=one.id, verdict="accepted", score="0.25"))
        assert client.decision_receipt(decided.id) == client.entry_receipt(decided.index)
        assert client.entry_proof(decided.index).startswith("c2sp.org/tlog-proof@v1\n")

        # Small batches, so that the split is seen without thousands of items.
        monkeypatch.setattr("ledger.client.wire.MAX_BATCH_ITEMS", 4)
        new = [
            wire.NewContribution(campaign=opened.id, contributor="ann", content=n, task_external_id=f"t-{n % 4}")
            for n in range(10)
        ]
        results = client.submit_many(new)
        assert [isinstance(result, wire.Written) for result in results] == [n % 4 < 3 for n in range(10)]
        assert isinstance(results[3], NotFoundError)
        written = [result for result in results if isinstance(result, wire.Written)]
        decisions = client.decide_many(
            wire.NewDecision(contribution=each.id, verdict="rejected") for each in (*written, *written[:1])
        )
        assert isinstance(decisions[-1], RuleError)
        assert decisions[-1].rule == "supersedes-standing"

        assert len(list(client.contributions(opened.id))) == 9
        assert [line.id for line in client.campaigns()] == [opened.id]
        shown = client.campaign(opened.id)
        assert (shown.contributions, shown.decided, shown.accepted) == (9, 9, 1)
        summary = client.audit_summary()
        assert summary.checkpoint == client.checkpoint()
        assert len(client.tile(f"tile/0/000.p/{summary.size}")) == 32 * summary.size
        assert client.rewards("0x" + "11" * 20).rewards == []
        assert list(client.settlements()) == []
        key = client.add_key(["submit"])
        assert key.key is not None
        key_id = key.key.split("_")[1]
        listed = client.keys()
        assert wire.Key(id=key_id, scopes=["submit"]) in listed
        client.revoke_key(key_id)
        client.close_campaign(opened.id)


def test_problems_come_back_as_errors(server: str) -> None:
    with Client(server) as nobody, pytest.raises(UnauthorizedError, match="no API key"):
        nobody.keys()
    with Client(server, ADMIN_KEY) as operator:
        key = operator.register_platform("P").key
    with Client(server, key, patience_seconds=0) as client:
        client.open_campaign(campaign(external_id="c"))
        with pytest.raises(IdReusedError):
            client.open_campaign(campaign(external_id="c", budget="1"))
        with pytest.raises(NotFoundError):
            client.campaign("01935b1e-0000-7000-8000-000000000000")
        with pytest.raises(FieldError) as wrong:
            client.submit(wire.NewContribution(campaign="x", contributor="ann", content=1))
        assert wrong.value.field == "campaign"
        with pytest.raises(UnavailableError, match="no pool"):
            client.settle()
        with pytest.raises(UnavailableError, match="relays no claims"):
            client.claim(["0x" + "11" * 20])
    with Client("http://127.0.0.1:9", key, patience_seconds=0) as lost, pytest.raises(UnavailableError, match="answer"):
        lost.audit_summary()
    with pytest.raises(FormatError):
        Client("example.org")


def test_patience() -> None:
    """503 is tried again for as long as the patience lasts, and not longer."""
    answers = [503, 503, 200]

    def answer(request: httpx.Request) -> httpx.Response:
        status = answers.pop(0)
        return httpx.Response(status, headers={"Retry-After": "0"}, json={"items": [], "next": None}, request=request)

    with Client("http://crowd.test", "k", transport=httpx.MockTransport(answer)) as client:
        assert list(client.campaigns()) == []
    answers[:] = [503]
    with (
        Client("http://crowd.test", "k", transport=httpx.MockTransport(answer), patience_seconds=0.05) as client,
        pytest.raises(CrowdLedgerError),
    ):
        list(client.campaigns())
    assert answers == []
