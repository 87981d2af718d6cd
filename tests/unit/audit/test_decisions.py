"""What an auditor with a mandate can check: contents, decisions of a method, results."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.audit.openings import FolderOpenings, MandateOpenings, open_openings
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.consensus import decide, tally
from ledger.consensus.answers import Answer
from ledger.consensus.majority import MajorityVote
from ledger.errors import ConfigError, UnavailableError
from ledger.statements import canonical, kinds
from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.decisions import DecisionMade
from ledger.statements.results import ResultMethod, ResultPublished
from ledger.statements.values import format_score
from ledger.tree.keys import LogSigner
from tests.unit.audit import logs
from tests.unit.book.story import ORIGIN, Story, judges, person

TASKS, PEOPLE = 3, 3


class Labelled:
    """Three tasks, three answers each, majority decisions on the first two tasks, and the tally of what stands."""

    def __init__(self, folder: Path, signer: LogSigner) -> None:
        self.folder, self.signer = folder, signer
        self.busy = 0
        self.told = Story()
        self.told.entries[0] = msgspec.structs.replace(self.told.entries[0], key=signer.verifier_key.vkey)
        self.openings: dict[tuple[str, str], Opening] = {}
        self.campaign = self.told.campaign(paid=False)
        self.answers: list[Answer] = []
        for _ in range(TASKS):
            task = self.told.task(self.campaign)
            for who in range(PEOPLE):
                self.answer(task, who, "cat" if who else "dog")
        self.document = decide.inputs_document(
            self.answers, {}, MajorityVote(), threshold_millionths=600_000, field="label"
        )
        outcome = MajorityVote().judge(self.answers, {})
        self.judged = decide.decide(self.answers, outcome, {}, threshold_millionths=600_000)
        for one in self.judged[: 2 * PEOPLE]:
            self.decide(one.contribution, one.verdict, format_score(one.score))
        self.result = self.publish("tally")

    def commit(self, purpose: str, name: str, content: Any, **place: Any) -> str:
        opening = commit(Place(purpose, ORIGIN, self.campaign, **place), content, sha256(name.encode()).digest())
        self.openings[purpose, name] = opening
        return opening.commitment

    def answer(self, task: str, who: int, label: str) -> None:
        commitment = self.commit("contribution", "next", {"label": label}, task=task, contributor=person(who))
        name = self.told.submit(self.campaign, who, task=task, commitment=commitment)
        self.openings["contribution", name] = self.openings.pop(("contribution", "next"))
        self.answers.append(Answer(name, task, person(who), label))

    def decide(self, contribution: str, verdict: str, score: str, **method_says: Any) -> None:
        commitment = self.commit("inputs", contribution, self.document, subject=contribution)
        method = msgspec.structs.replace(decide.statement_method(MajorityVote(), commitment), **method_says)
        name = self.told.decide(contribution, verdict, score=score, method=method)
        self.openings["inputs", name] = self.openings.pop(("inputs", contribution))

    def publish(self, making: tally.Making, change: Callable[[Any], None] = lambda document: None) -> str:
        facts = self.told.book.facts
        parts = [
            tally.Part(name, each.task, self.openings["contribution", name].content(), each.decision.score)
            for name, each in facts.contributions.items()
            if each.decision is not None and each.decision.verdict == "accepted"
        ]
        document: Any = tally.document(making, parts, "label" if making in ("tally", "labels") else None)
        change(document)
        names = [entry["contribution"] for entry in document["entries"]]
        name: str = self.told.id()
        commitment = self.commit("result", name, document, subject=name)
        parameters = {"field": "label"} if making in ("tally", "labels") else None
        method = ResultMethod(name=making, version="1", parameters=parameters)
        said = {"commitment": commitment, "method": method, "entries": canonical.digest(names), "count": len(names)}
        self.told.say(ResultPublished(**self.told.head(), id=name, campaign=self.campaign, **said))
        return name

    def erase(self, purpose: str, subject: str) -> None:
        self.told.erase(purpose, subject)
        del self.openings[purpose, subject]

    def log(self) -> FolderSource:
        entries = [kinds.encode(statement) for statement in self.told.entries]
        return FolderSource(logs.publish(self.folder / "log", entries, self.signer))

    def audit(self) -> Report:
        for (purpose, subject), opening in self.openings.items():
            logs.write(self.folder / "openings" / purpose / f"{subject}.json", opening.encode())
        return audit(self.log(), openings=FolderOpenings(self.folder / "openings"))


def evidence(report: Report, check: str) -> str:
    return next(each.evidence for each in report.checks if each.name == check)


def errors(report: Report) -> list[tuple[str, int | None]]:
    return [(each.check, each.entry) for each in report.findings if each.severity == "error"]


def words(report: Report) -> str:
    return " ".join(finding.detail for finding in report.findings)


@pytest.fixture
def labelled(tmp_path: Path, signer: LogSigner) -> Labelled:
    return Labelled(tmp_path, signer)


def last(labelled: Labelled, kind: type) -> int:
    return max(index for index, each in enumerate(labelled.told.entries) if isinstance(each, kind))


def test_what_is_opened_is_run_and_counted_again(labelled: Labelled) -> None:
    for making in ("labels", "ranking", "assembly"):
        labelled.publish(making)
    report = labelled.audit()
    assert (report.verdict, report.findings) == ("pass", [])
    assert evidence(report, "methods").startswith("run again with the same outcome: 6 of 6;")
    assert evidence(report, "results").startswith("counted again: 4 of 4;")
    assert "not compared: 0" in evidence(report, "results")
    assert evidence(report, "openings").startswith("opened: 19;")
    assert labelled.told.book.findings == []


def test_a_decision_that_its_method_does_not_make_is_found(labelled: Labelled) -> None:
    last_task = labelled.judged[2 * PEOPLE :]
    labelled.decide(last_task[0].contribution, "accepted", "0.666666")
    labelled.decide(last_task[1].contribution, "accepted", "0.7")
    report = labelled.audit()
    entries = len(labelled.told.entries)
    assert errors(report) == [("methods", entries - 2), ("methods", entries - 1)]
    assert "majority makes rejected with 0" in words(report)
    assert "majority makes accepted with 0.666666 (equals the answer of the others)" in words(report)


def test_what_was_erased_is_never_passed(labelled: Labelled) -> None:
    labelled.erase("contribution", labelled.answers[0].contribution)
    report = labelled.audit()
    assert report.verdict == "pass"
    assert "run again with the same outcome: 3 of 6; no longer verifiable, because of what was erased: 3" in evidence(
        report, "methods"
    )
    assert "3 decisions rest on erased contents and are no longer verifiable" in words(report)
    assert "no longer verifiable, because erased: 1" in evidence(report, "openings")
    assert "erased: 1 (wish 1, law 0, retention 0)" in evidence(report, "contents")


def test_what_is_not_given_is_not_passed_either(labelled: Labelled) -> None:
    del labelled.openings["contribution", labelled.answers[0].contribution]
    del labelled.openings["result", labelled.result]
    (decision,) = [name for purpose, name in labelled.openings if purpose == "inputs"][-1:]
    del labelled.openings["inputs", decision]
    report = labelled.audit()
    assert report.findings == []
    assert "same outcome: 2 of 6; no longer verifiable, because of what was erased: 0; not opened: 4" in evidence(
        report, "methods"
    )
    assert "counted again: 0 of 1" in evidence(report, "results")


def test_an_opening_of_other_content_is_found(labelled: Labelled) -> None:
    name = labelled.answers[0].contribution
    real = labelled.openings["contribution", name]
    labelled.openings["contribution", name] = Opening(real.salt, real.preimage.replace(b"dog", b"cat"))
    report = labelled.audit()
    assert errors(report) == [("openings", labelled.told.book.facts.contributions[name].index)]
    assert "not match the commitment" in words(report)
    assert "not opened: 3" in evidence(report, "methods")


def test_a_commitment_that_was_copied_from_somebody_else_is_found(labelled: Labelled) -> None:
    copied = labelled.openings["contribution", labelled.answers[0].contribution]
    name = labelled.told.submit(labelled.campaign, 5, task=labelled.answers[0].task, commitment=copied.commitment)
    labelled.openings["contribution", name] = copied
    report = labelled.audit()
    assert errors(report) == [("openings", len(labelled.told.entries) - 1)]
    assert "made for another contributor" in words(report)


def _recount(document: Any) -> None:
    document["tally"]["cat"] += 1


def _swap(document: Any) -> None:
    document["entries"].reverse()


def _relabel(document: Any) -> None:
    document["entries"][0]["value"] = "dog"
    document["tally"] = tally.count("tally", document["entries"])


def _drop(document: Any) -> None:
    document["entries"].pop()
    document["tally"] = tally.count("tally", document["entries"])


@pytest.mark.parametrize(
    ("change", "severity", "said"),
    [
        (_recount, "error", "Counted again it is"),
        (_swap, "error", "out of the order of the log"),
        (_relabel, "error", 'it should be "cat"'),
        (_drop, "warning", "leaves out 1 contributions that were accepted"),
    ],
)
def test_a_wrong_result_is_found(labelled: Labelled, change: Callable[[Any], None], severity: str, said: str) -> None:
    labelled.publish("tally", change)
    report = labelled.audit()
    (finding,) = report.findings
    assert (finding.check, finding.severity, finding.entry) == ("results", severity, len(labelled.told.entries) - 1)
    assert said in finding.detail


def test_what_a_judge_said_under_seal_is_compared(labelled: Labelled) -> None:
    told = labelled.told
    labelled.campaign = told.campaign(paid=False, judging=judges(1, 1))
    entry = told.submit(labelled.campaign, 1)
    sealed = {"verdict": "rejected", "score": "0.2", "words": "weak"}
    commitment = labelled.commit("feedback", "next", sealed, contributor=person(8), subject=entry)
    review = told.review(entry, 8, "accepted", "0.2", commitment=commitment)
    labelled.openings["feedback", review.review] = labelled.openings.pop(("feedback", "next"))
    told.decide(entry, "accepted", "0.2", reviews=[review])
    assert told.rules() == []
    report = labelled.audit()
    assert errors(report) == [("reviews", last(labelled, DecisionMade))]
    assert 'said "rejected" with "0.2"; the decision says accepted with 0.2' in words(report)


# ---- where openings come from ----


@pytest.fixture
def serve() -> Iterator[Callable[[Labelled], str]]:
    """A service that gives the openings for the token ``cm_secret``."""
    servers: list[HTTPServer] = []

    def start(labelled: Labelled) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, _, purpose, subject = self.path.rsplit("/", 3)
                opening = labelled.openings.get((purpose, subject))
                good = self.headers["authorization"] == "Bearer cm_secret"
                busy = bool(labelled.busy)
                labelled.busy -= busy
                self.send_response(401 if not good else 503 if busy else 404 if opening is None else 200)
                self.end_headers()
                if good and not busy and opening is not None:
                    body = {"index": 1, "opening": json.loads(opening.encode()), "receipt": {}}
                    self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1/mandates/7"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_mandate_gives_what_is_needed_and_no_more(labelled: Labelled, serve: Callable[[Labelled], str]) -> None:
    labelled.openings.pop(("contribution", labelled.answers[-1].contribution))
    with MandateOpenings(serve(labelled), "cm_secret") as openings:
        report = audit(labelled.log(), openings=openings)
    assert report.verdict == "pass"
    assert evidence(report, "methods").startswith("run again with the same outcome: 6 of 6;")
    with MandateOpenings(serve(labelled), "cm_secret", limit=3) as openings:
        report = audit(labelled.log(), openings=openings)
    assert evidence(report, "openings").startswith("opened: 3;")
    assert "same outcome: 0 of 6" in evidence(report, "methods")
    assert "openings were not asked for: the limit was reached" in words(report)


def test_a_busy_service_is_asked_for_an_opening_again(
    labelled: Labelled, serve: Callable[[Labelled], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.audit.source.time.sleep", lambda seconds: None)
    labelled.busy = 2
    with MandateOpenings(serve(labelled), "cm_secret") as openings:
        report = audit(labelled.log(), openings=openings)
    assert evidence(report, "methods").startswith("run again with the same outcome: 6 of 6;")
    labelled.busy = 3
    with MandateOpenings(serve(labelled), "cm_secret") as openings, pytest.raises(UnavailableError, match="503"):
        audit(labelled.log(), openings=openings)


def test_a_wrong_token_says_what_to_do(labelled: Labelled, serve: Callable[[Labelled], str]) -> None:
    with (
        MandateOpenings(serve(labelled), "cm_other") as openings,
        pytest.raises(ConfigError, match="address and token"),
    ):
        audit(labelled.log(), openings=openings)


@pytest.mark.parametrize(
    ("place", "token", "said"),
    [
        ("/nowhere", None, "neither a mandate's"),
        ("http://127.0.0.1:1/v1/mandates/7", None, "needs the mandate's token"),
        ("http://127.0.0.1:1/v1/mandates/7", "a b", "no token"),
        ("http://127.0.0.1:1/v1/mandates/7", "ü", "no token"),
        ("http://", "cm_secret", "not an HTTP address"),
    ],
)
def test_places_that_hold_no_openings(place: str, token: str | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_openings(place, token)
