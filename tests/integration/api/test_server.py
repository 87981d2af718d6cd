"""A real server process, and the client that the command line and the demo use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from ledger import wire
from ledger.audit.mirror import Mirror
from ledger.audit.run import audit
from ledger.audit.source import open_source
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
from ledger.statements import canonical
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt, verify_log_part
from tests.integration.api.running import ADMIN_KEY, BRIEF
from tests.integration.api.serving import serving
from tests.services.databases import copy_sqlite


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, log_signer: LogSigner) -> Iterator[str]:
    """The URL of ``uvicorn api.app:from_environment`` in a process of its own."""
    folder = tmp_path_factory.mktemp("server")
    database_url = copy_sqlite(migrated_sqlite, folder / "crowdledger.sqlite")
    with serving(folder, database_url, log_signer) as started:
        yield started.url


def campaign(**more: object) -> wire.NewCampaign:
    members = {
        "title": "RTE",
        "type": "rating",
        "brief": BRIEF,
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
            wire.NewDecision(contribution=each.id, verdict="rejected", feedback="No.")
            for each in (*written, *written[:1])
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
        assert (key_id, ["submit"]) in [(each.id, each.scopes) for each in listed]
        client.revoke_key(key_id)
        client.close_campaign(opened.id)


def test_problems_come_back_as_errors(server: str) -> None:
    with Client(server) as nobody, pytest.raises(UnauthorizedError, match="no key"):
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


def test_client_walks_the_judges_path(server: str) -> None:
    with Client(server, ADMIN_KEY) as operator:
        key = operator.register_platform("Judges").key
    with Client(server, key) as client, Client(server) as nobody:
        judging = {"judges": 2, "agree": 2}
        opened = client.open_campaign(campaign(judging=judging, second_looks="1"))
        assert opened.id in {each.id for each in nobody.open_campaigns()}
        client.publish_notice(opened.id, wire.NewNotice(text="Welcome."))
        assert [each.text for each in nobody.notices(opened.id)] == ["Welcome."]
        client.amend_campaign(opened.id, wire.NewAmendment(version=2, budget="6000"))
        assert [each.budget for each in nobody.brief(opened.id)] == ["5000", "6000"]
        client.pause_campaign(opened.id)
        client.resume_campaign(opened.id)
        work = client.submit(wire.NewContribution(campaign=opened.id, contributor="ann", content={"l": "yes"})).id
        (item,) = client.queue(opened.id, "bob")
        assert (item.contribution, item.content) == (work, {"l": "yes"})
        first = client.review(wire.NewReview(contribution=work, reviewer="bob", verdict="rejected", words="No."))
        (look,) = client.second_looks(opened.id, "carl")
        look = wire.NewReview(contribution=look.contribution, reviewer="carl", verdict="accepted", second_look=True)
        second = client.review(look)
        assert None not in (first.decision, second.decision)
        assert client.decide_by_reviews(work).id == second.decision
        assert {each.reviewer for each in client.reviewers(opened.id).reviewers} == {"bob", "carl"}
        assert client.signals(opened.id, "l").signals == []
        assert nobody.figures(opened.id).second_looks.overturned == 1
        made = client.publish_result(opened.id, wire.NewResult(make="tally", field="l"))
        assert nobody.result(made.id).result["tally"] == {"yes": 1}
        assert b'"tally":{"yes":1}' in nobody.result_document(made.id)
        assert [each.id for each in nobody.results(opened.id)] == [made.id]
        assert [line["content"] for line in client.export_accepted(opened.id)] == [{"l": "yes"}]
        with pytest.raises(UnauthorizedError):
            list(nobody.export_accepted(opened.id))
        mandate = client.give_mandate(wire.NewMandate(name="Auditor", until="2099-01-01T00:00:00Z"))
        with Client(server, mandate.token) as auditor:
            opening = auditor.open_under_mandate(mandate.id, "contribution", work).opening
        assert '"l":"yes"' in opening["preimage"]
        assert [each.opened for each in client.mandates()] == [1]


def test_a_mirror_is_what_the_server_gives(server: str, tmp_path: Path, log_signer: LogSigner) -> None:
    with Client(server, ADMIN_KEY) as operator:
        key = operator.register_platform("Mirrored Ltd").key
    mirror = Mirror(tmp_path / "mirror")
    with Client(server, key) as client, httpx.Client(base_url=server, trust_env=False) as plain:
        opened = client.open_campaign(campaign())
        for round_ in range(2):
            new = [wire.NewContribution(campaign=opened.id, contributor="ann", content=n) for n in range(150)]
            written = client.submit_many(new)
            assert all(isinstance(result, wire.Written) for result in written)
            with open_source(server) as source:
                assert mirror.sync(source, trusted_key=log_signer.verifier_key).new_size == client.audit_summary().size
            files = [path for path in mirror.folder.rglob("*") if path.is_file() and path.suffix != ".json"]
            assert len(files) >= 3 + 3 * round_
            for file in files:
                reply = plain.get(f"/{file.relative_to(mirror.folder)}")
                assert (reply.status_code, reply.content) == (200, file.read_bytes())
    assert audit(mirror.source(), trusted_key=log_signer.verifier_key).verdict == "pass"
    with open_source(server) as source:
        assert audit(source, earlier=mirror.source()).verdict == "pass"


def test_the_client_looks_entries_up(server: str) -> None:
    with Client(server, ADMIN_KEY) as operator:
        key = operator.register_platform("Lookups Ltd").key
    with Client(server, key) as client:
        opened = client.open_campaign(campaign(external_id="c"))
        new = wire.NewContribution(campaign=opened.id, contributor="ann", content="yes", external_id="w")
        written = client.submit(new)
        (entry,) = client.entries(external_id="w")
        assert entry == client.entry(written.index)
        assert [each.index for each in client.entries(campaign=opened.id)] == [opened.index, written.index]
        assert client.find_statement(canonical.encode(entry.statement)) == entry
        assert client.find_statement(b"{}") is None
        with pytest.raises(IdReusedError) as refused:
            client.submit(msgspec.structs.replace(new, content="no"))
        (result,) = client.submit_many([msgspec.structs.replace(new, content="no")])
        for error in (refused.value, result):
            assert isinstance(error, IdReusedError)
            assert (error.id, error.index) == (written.id, written.index)
            assert error.existing is not None
            assert wire.Existing.model_validate(error.existing).receipt == written.receipt
