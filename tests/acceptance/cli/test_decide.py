"""``crowdledger decide`` on a running service: decided, sent, left to people, run again by an auditor."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ledger.client import Client, Result
from ledger.client.deciding import plan_by_method, read_work, send
from ledger.consensus.answers import Answer, label_of
from ledger.consensus.decide import rerun
from ledger.consensus.registry import find_method
from ledger.errors import QueueFullError, TooManyError, UnavailableError
from ledger.statements import canonical, kinds
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import score_millionths
from ledger.tree.receipts import Receipt
from ledger.wire import Brief, NewCampaign, NewContribution, NewDecision, NewMandate, NewTask, PieceRate
from tests.acceptance.cli.served import Site
from tests.integration.api.running import BRIEF

PEOPLE = ("ann", "bob", "cem", "dot", "eve")
ANSWERS = {"q1": "aaaab", "q2": "aaabb", "q3": "bbbbb", "q4": "aabbc", "g1": "xxxyy", "g2": "xxxxy"}
"""By task, one answer a person."""
GOLD = {"g1": "x", "g2": "x"}


def campaign_of(site: Site, answers: dict[str, str], **more: object) -> str:
    """A campaign with these answers, in the order of people and then of tasks."""
    asked = {
        "title": "Which?",
        "type": "processing",
        "brief": Brief.model_validate(BRIEF),
        "terms": "Answer honestly.",
        "policy": PieceRate(amount="5"),
        "budget": "5000",
    }
    campaign = site.client.open_campaign(NewCampaign.model_validate(asked | more)).id
    site.client.add_tasks(
        campaign, [NewTask(content={"which": task}, external_id=f"{campaign}/{task}") for task in answers]
    )
    add(site, campaign, answers, PEOPLE)
    return campaign


def add(site: Site, campaign: str, answers: dict[str, str], people: Iterable[str]) -> None:
    items = [
        NewContribution(
            campaign=campaign,
            contributor=who,
            task_external_id=f"{campaign}/{task}",
            content={"label": labels[number]},
            external_id=f"{campaign}/{task}/{who}",
        )
        for number, who in enumerate(people)
        for task, labels in answers.items()
        if number < len(labels)
    ]
    for result in site.client.submit_many(items):
        assert not isinstance(result, Exception), result


def gold_file(site: Site, campaign: str) -> Path:
    file = site.folder / "gold.csv"
    file.write_text("task,label\n" + "".join(f"{campaign}/{task},{label}\n" for task, label in GOLD.items()))
    return file


def verdicts(site: Site, campaign: str) -> Counter[str]:
    return Counter(line.verdict or "none" for line in site.client.contributions(campaign))


def test_majority_decides_and_leaves_what_is_doubtful(site: Site) -> None:
    campaign = campaign_of(site, ANSWERS)
    asked = ("decide", campaign, "--field", "label", "--gold", gold_file(site, campaign), "--threshold", "0.7")
    dry = site.run(*asked, "--dry-run", "--json").json
    assert (dry["accepted"], dry["rejected"], len(dry["review"]), dry["pay"]) == (4 + 5 + 3 + 4, 1 + 2 + 1, 10, "80")
    assert dry["gold"] == {"answers": 10, "right": 7, "tasks": 2, "found": 2}
    assert (dry["written"], dry["inputs"], dry["dry_run"]) == (0, None, True)
    assert verdicts(site, campaign) == {"none": 30}

    words = site.run(*asked, "--dry-run").out
    assert "people are right in 7 of 10 answers; untold, the method finds 2 of 2" in words
    assert "10 wait for a person" in words
    assert f"/v1/campaigns/{campaign}/queue" in words

    said = site.run(*asked, "--json").json
    assert (said["written"], said["refused"]) == (20, [])
    assert verdicts(site, campaign) == {"accepted": 16, "rejected": 4, "none": 10}
    doubtful = {line["contribution"] for line in said["review"]}
    assert doubtful == {line.id for line in site.client.contributions(campaign) if line.verdict is None}

    by_answer = {}
    for line in site.client.contributions(campaign):
        found = site.client.contribution(line.id)
        if found.decision is not None:
            by_answer[found.content["label"], found.decision.verdict] = found.decision
    wrong = by_answer["y", "rejected"]
    assert wrong.feedback == {"why": "This answer is not the known answer to the question."}
    right = by_answer["a", "accepted"]
    assert right.score == "0.8"
    assert right.feedback["why"].startswith("4 of 5 people gave this answer; by the method majority it is right")
    assert by_answer["b", "rejected"].feedback["why"].startswith("1 of 5 people")


def test_a_second_run_decides_only_what_is_new(site: Site) -> None:
    campaign = campaign_of(site, {"q1": "aaaab", "q2": "abcde"})
    asked = ("decide", campaign, "--field", "label", "--json")
    assert site.run(*asked).json["written"] == 5
    nothing = site.run(*asked).json
    assert (nothing["written"], len(nothing["review"]), nothing["inputs"]) == (0, 5, None)
    add(site, campaign, {"q1": "a", "q2": "a"}, ["new"])
    more = site.run(*asked).json
    assert (more["written"], more["accepted"], more["answers"]) == (1, 1, 12)
    assert verdicts(site, campaign) == {"accepted": 5, "rejected": 1, "none": 6}


def test_the_decisions_are_run_again_by_an_auditor(site: Site) -> None:
    campaign = campaign_of(site, ANSWERS)
    gold = gold_file(site, campaign)
    said = site.run(
        *("decide", campaign, "--method", "gold_weighted", "--parameter", "prior=2", "--field", "label"),
        *("--gold", gold, "--threshold", "0.6", "--json"),
    ).json
    assert said["method"]["parameters"] == {"least_reliability": "0", "prior": "2"}
    site.client.download(said["inputs"]["sha256"], site.folder / "inputs.json")
    document = json.loads((site.folder / "inputs.json").read_bytes())
    assert hashlib.sha256(canonical.encode(document)).hexdigest() == said["inputs"]["sha256"]

    mandate = site.client.give_mandate(NewMandate(name="Auditor", until="2040-01-01T00:00:00Z", campaign=campaign))
    with Client(site.url, mandate.token) as auditor:
        answers = [
            Answer(each, task, who, label_of(opened(auditor, mandate.id, "contribution", each), document["field"]))
            for each, task, who in document["contributions"]
        ]
        again = {one.contribution: one for one in rerun(document, answers)}
        checked = 0
        for line in site.client.contributions(campaign):
            found = site.client.contribution(line.id).decision
            if found is None:
                assert again[line.id].verdict == "needs_review"
                continue
            made = kinds.parse(Receipt.parse(site.client.decision_receipt(found.id)).statement)
            assert isinstance(made, DecisionMade)
            assert made.method.inputs is not None
            assert opened(auditor, mandate.id, "inputs", made.id, made.method.inputs) == said["inputs"]
            assert (again[line.id].verdict, again[line.id].score) == (made.verdict, score_millionths(made.score))
            checked += 1
    assert checked == said["written"] >= 20


def opened(auditor: Client, mandate: str, purpose: str, subject: str, commitment: str | None = None) -> JsonValue:
    opening = Opening.parse(canonical.encode(auditor.open_under_mandate(mandate, purpose, subject).opening))
    return opening.content() if commitment is None else verify_opening(opening, commitment)


def test_the_bonus_is_paid_once(site: Site) -> None:
    campaign = campaign_of(site, ANSWERS, bonus_limit="50")
    asked = ("decide", campaign, "--field", "label", "--gold", gold_file(site, campaign), "--json", "--bonus", "40")
    few = ("--bonus-accuracy", "1", "--bonus-least", "2")
    assert "at most 50" in site.run(*asked[:-1], "60", *few).err
    first = site.run(*asked, *few).json
    assert (first["bonuses"], first["bonus_total"]) == (3, "120")  # ann, bob and cem are right on both
    add(site, campaign, {"q1": "a", "q3": "b", "g1": "x", "g2": "x"}, ["new"])
    again = site.run(*asked, *few).json
    assert (again["written"], again["bonuses"]) == (4, 1)
    paid = Counter[str]()
    place: dict[str, int] = {}
    for line in site.client.contributions(campaign):
        found = site.client.contribution(line.id)
        if found.decision is None or found.decision.verdict != "accepted":
            continue
        made = kinds.parse(Receipt.parse(site.client.decision_receipt(found.decision.id)).statement)
        assert isinstance(made, DecisionMade)
        place.setdefault(found.contributor, line.index)
        if made.bonus is not None:
            paid[found.contributor] += int(made.bonus)
            assert place[found.contributor] == line.index
    assert paid == {"ann": 40, "bob": 40, "cem": 40, "new": 40}


def test_what_cannot_be_read_is_left_to_people(site: Site) -> None:
    campaign = campaign_of(site, {"q1": "aaaaa"})
    site.client.submit(NewContribution(campaign=campaign, contributor="zoe", content={"label": "a"}))
    site.client.submit(
        NewContribution(campaign=campaign, contributor="zoe", task_external_id=f"{campaign}/q1", content="a")
    )
    said = site.run("decide", campaign, "--field", "label", "--json").json
    assert said["written"] == 5
    assert [line["why"] for line in said["review"]] == [
        "it answers no task, so nobody can agree with it",
        "its content has no member 'label'",
    ]
    assert "has no member 'lable'" in site.run("decide", campaign, "--field", "lable").err


def test_a_judge_in_python(site: Site) -> None:
    campaign = campaign_of(site, {"q1": "aabbb", "q2": "bbb?b"})
    (site.folder / "strict_judge.py").write_text(
        "from ledger.consensus.answers import Judged\n"
        "class Strict:\n"
        "    name, version = 'strict', '3'\n"
        "    def __init__(self, parameters):\n"
        "        self.parameters = parameters\n"
        "    def judge(self, items):\n"
        "        return [self._one(item) for item in items]\n"
        "    def _one(self, item):\n"
        "        right = item.content['label'] == self.parameters['right'] and item.task == {'which': 'q1'}\n"
        "        sure = 0 if item.content['label'] == '?' else 900000\n"
        "        verdict = 'accepted' if right else 'rejected'\n"
        "        why = 'looked at ' + item.task['which']\n"
        "        return Judged(item.contribution, verdict, 700000 if right else 0, sure, why)\n"
    )
    tasks = {f"{campaign}/{name}": {"which": name} for name in ("q1", "q2")}
    (site.folder / "tasks.json").write_text(json.dumps(tasks))
    said = site.run(
        *("decide", campaign, "--judge", "strict_judge:Strict", "--parameter", "right=a", "--tasks", "tasks.json"),
        "--json",
    ).json
    assert (said["accepted"], said["rejected"], len(said["review"])) == (2, 7, 1)
    assert said["method"] == {"type": "model", "name": "strict", "version": "3", "parameters": {"right": "a"}}
    failed = site.run("decide", campaign, "--judge", "strict_judge:Strict", "--parameter", "right=?")
    assert "The judge strict failed: TypeError" in failed.err
    found = [site.client.contribution(line.id) for line in site.client.contributions(campaign)]
    accepted = [each.decision for each in found if each.decision is not None and each.decision.verdict == "accepted"]
    assert {(each.score, each.feedback["why"]) for each in accepted} == {("0.7", "looked at q1")}


class _Judge(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer word"
        results = [
            {"contribution": item["contribution"], "verdict": "accepted", "score": "0.5"} for item in asked["items"]
        ]
        body = json.dumps({"v": 1, "results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def test_a_judge_behind_http(site: Site) -> None:
    campaign = campaign_of(site, {"q1": "aabbb"})
    (site.folder / "token").write_text("word\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Judge)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        place = f"http://127.0.0.1:{server.server_port}/judge"
        asked = ("decide", campaign, "--judge", place, "--judge-name", "distant", "--judge-token-file", "token")
        assert len(site.run(*asked, "--dry-run", "--json").json["review"]) == 5  # 0.5 is below the threshold
        assert site.run(*asked, "--threshold", "0.5", "--json").json["written"] == 5
    finally:
        server.shutdown()
        server.server_close()


def test_what_is_decided_meanwhile_is_reported_and_not_written_over(site: Site) -> None:
    campaign = campaign_of(site, {"q1": "aaaaa"})
    work = read_work(site.client, campaign)
    plan = plan_by_method(work, find_method("majority"), {}, threshold_millionths=500_000, field="label")
    taken = plan.rulings[2].contribution
    site.client.decide(NewDecision(contribution=taken, verdict="rejected", feedback="No."))
    sent = send(site.client, plan)
    assert len(sent.decisions) == 4
    assert list(sent.refused) == [taken]
    assert verdicts(site, campaign) == {"accepted": 4, "rejected": 1}
    assert send(site.client, plan).decisions == sent.decisions


def test_what_was_replaced_or_withdrawn(site: Site) -> None:
    campaign = campaign_of(site, {"q1": "aaab"})
    lines = list(site.client.contributions(campaign))
    site.client.withdraw(lines[0].id)
    site.client.submit(
        NewContribution(
            campaign=campaign,
            contributor="dot",
            task_external_id=f"{campaign}/q1",
            content={"label": "a"},
            replaces=lines[3].id,
        )
    )
    ended = site.run("decide", campaign, "--field", "label", "--json")
    assert (ended.code, ended.json["accepted"], ended.json["rejected"], ended.json["written"]) == (0, 3, 0, 3)
    assert ended.json["refused"] == []


class _Busy(Client):
    """A service that asks to come later: first for everything, then for one item; ``never`` gives up asking."""

    failures = 0
    never = False

    def decide_many(self, new: Iterable[NewDecision]) -> list[Result]:
        self.failures += 1
        items = list(new)
        if self.failures == 1 or self.never:
            raise TooManyError("Too often.") if self.failures == 1 else UnavailableError("Not now.")
        if self.failures == 2:
            return [*super().decide_many(items[:-1]), QueueFullError("Full.")]
        return super().decide_many(items)


def test_a_busy_service_is_asked_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TooManyError, "retry_after_seconds", 0)
    monkeypatch.setattr(QueueFullError, "retry_after_seconds", 0)
    campaign = campaign_of(site, {"q1": "aaaaa"})
    with _Busy(site.url, site.key_file.read_text().strip()) as client:
        plan = plan_by_method(
            read_work(client, campaign), find_method("majority"), {}, threshold_millionths=500_000, field="label"
        )
        client.never = True
        with pytest.raises(UnavailableError):
            send(client, plan, patience_seconds=0)
        client.never, client.failures = False, 0
        assert len(send(client, plan, patience_seconds=1).decisions) == 5
    assert client.failures == 3
    assert verdicts(site, campaign) == {"accepted": 5}


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--method", "dice"), "There is no method"),
        (("--method", "gold_weighted", "--parameter", "prior=0"), "prior"),
        (("--parameter", "prior"), "NAME=VALUE"),
        (("--threshold", "80%"), "not a number from 0 to 1"),
        (("--threshold", "1.1"), "not a number from 0 to 1"),
        (("--gold", "none.csv"), "cannot be read"),
        (("--bonus", "5"), "for gold questions"),
        (("--judge", "nowhere:Judge"), "cannot be made"),
        (("--judge", "http://example.org/"), "must be reached by https"),
        (("--judge", "a:b", "--method", "gold"), "decides alone"),
        (("--tasks", "tasks.json"), "are for a judge"),
    ],
)
def test_errors_in_plain_words(site: Site, more: tuple[str, ...], named: str) -> None:
    ended = site.run("decide", "01900000-0000-7000-8000-000000000000", *more)
    assert (ended.code, named in ended.err) == (2, True), ended.err


def test_gold_of_another_task_and_a_campaign_with_judges(site: Site) -> None:
    campaign = campaign_of(site, {"q1": "aaaaa"})
    (site.folder / "gold.json").write_text('{"nothing": "a"}')
    assert "has no task 'nothing'" in site.run("decide", campaign, "--field", "label", "--gold", "gold.json").err
    other = campaign_of(site, {"q1": "aaaaa"})
    (site.folder / "gold.json").write_text(json.dumps({f"{other}/q1": "a"}))
    assert "has no task" in site.run("decide", campaign, "--field", "label", "--gold", "gold.json").err
    judged = campaign_of(site, {"q1": "aaaaa"}, judging={"judges": 2, "agree": 2})
    assert "declared judges" in site.run("decide", judged, "--field", "label").err


def test_the_methods(site: Site) -> None:
    names = [line["name"] for line in site.run("decide", "--methods", "--json", connected=False).json["items"]]
    assert {"majority", "gold", "gold_weighted", "crowdkit:DawidSkene"} <= set(names)
    assert "are needed" in site.run("decide", connected=False).err
