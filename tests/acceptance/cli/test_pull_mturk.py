"""``crowdledger pull mturk`` against Amazon's interfaces: awards are what MTurk paid, whenever it was decided."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ledger.connectors import mturk_pulling
from ledger.statements.canonical import JsonValue
from tests.acceptance.cli.served import Site
from tests.acceptance.cli.test_import_platforms import CENTS, awards, campaign_of
from tests.services.mturk import CROWD_FORM, Requester, mturk

REWARD_CENTS = 10
HIT = "123RVWYBAZW00EXAMPLE"


@pytest.fixture
def requester(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Requester]:
    with mturk() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", found.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-a-test-and-said-nowhere")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        yield found


@pytest.fixture(scope="module")
def sqs_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


class Queue:
    """A queue of SQS, and MTurk's notifications in it."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.url: str = client.create_queue(QueueName=name)["QueueUrl"]

    def tell(self, *events: tuple[str, str]) -> None:
        """A notification of these events of assignments."""
        told = [
            {"EventType": kind, "EventTimestamp": "2019-12-01T13:05:00Z", "HITTypeId": "3T", "HITId": HIT}
            | {"AssignmentId": number}
            for kind, number in events
        ]
        self.send({"EventDocVersion": "2014-08-15", "EventDocId": "a1", "CustomerId": "A1", "Events": told})

    def send(self, message: object) -> None:
        body = message if isinstance(message, str) else json.dumps(message)
        self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> int:
        """Messages that were not taken off, seen by somebody or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


@pytest.fixture
def queue(sqs_url: str, requester: Requester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Queue:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs_url)
    monkeypatch.setattr(mturk_pulling, "_WAIT_SECONDS", 0)
    return Queue(boto3.client("sqs", region_name="us-east-1"), request.node.name[:70])


def pulled(site: Site, campaign: str, *more: str, code: int = 0) -> dict[str, Any]:
    ended = site.run("pull", "mturk", "--campaign", campaign, "--rate", CENTS, "--json", *more)
    assert ended.code == code, ended.err
    assert "of-a-test-and-said-nowhere" not in ended.out + ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def awarded(site: Site, campaign: str, *numbers: str) -> list[int]:
    """What the fold of the log gives for these assignments."""
    found = awards(site, campaign)
    named = [next(site.client.entries(external_id=f"mturk:{each}", kind="contribution.submitted")) for each in numbers]
    return [found.get(entry.statement["id"], 0) for entry in named]


def content(site: Site, number: str) -> JsonValue:
    (entry,) = site.client.entries(external_id=f"mturk:{number}", kind="contribution.submitted")
    found: JsonValue = site.client.contribution(entry.statement["id"]).content
    return found


def rejects(site: Site) -> list[dict[str, str]]:
    with (site.folder / "pull-mturk.rejects.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_hits_with_their_answers_decisions_and_bonuses(site: Site, requester: Requester) -> None:
    requester.most = 2  # pages
    first, second = requester.hit(HIT), requester.hit("3HITOFCROWDFORM0000000")
    good = [requester.submit(number, first, f"A{number}WORKER") for number in range(5)]
    twice = requester.submit(1, second, "A1WORKER", CROWD_FORM)  # a worker who answers twice
    bad = requester.submit(2, second, "A9WORKER", CROWD_FORM)
    for number in (*good, twice):
        requester.approve(number, "Thank you")
    requester.reject(bad, "This is no weather.")
    for number, amount in ((good[0], "0.50"), (good[0], "0.05"), (twice, "1.00")):
        requester.pay(number, amount)
    campaign = campaign_of(site, REWARD_CENTS)
    found = pulled(site, campaign, "--hit", first, "--hit", second)
    assert (found["rows"], found["used"], found["refused"]) == (7, 7, 0)
    assert found["written"] == {"task": 2, "contribution": 7, "decision": 7}
    given = awarded(site, campaign, *good, twice, bad)
    assert given == [65, 10, 10, 10, 10, 110, 0]
    assert sum(given) == 6 * REWARD_CENTS + 155
    answer = [{"country": "United States", "weather": "It's currently raining lightly"}]
    assert content(site, good[0]) == {**answer[0], "_at": "2019-12-01T13:04:59.000Z"}
    assert content(site, twice) == {"taskAnswers": answer, "_at": "2019-12-01T13:04:59.000Z"}
    (line,) = [each for each in site.client.contributions(campaign) if each.contributor == "A9WORKER"]
    decision = site.client.contribution(line.id).decision
    assert decision is not None
    assert decision.feedback == {"words": "This is no weather."}
    again = pulled(site, campaign, "--hit", f"{first},{second}")
    assert (again["written"], again["refused"]) == ({}, 0)
    assert [asked["MaxResults"] for name, asked in requester.asked if name.startswith("List")] == [100] * 12


@pytest.mark.long
def test_what_is_decided_and_paid_later_is_paid_here(site: Site, requester: Requester) -> None:
    """Submitted, rejected by mistake, approved all the same, a bonus after that: each pull brings what is new."""
    requester.hit(HIT)
    wrong, late = requester.submit(1, HIT), requester.submit(2, HIT, "A2WORKER")
    requester.pay(late, "0.20")
    campaign = campaign_of(site, REWARD_CENTS)
    assert pulled(site, campaign, "--hit", HIT)["written"] == {"task": 1, "contribution": 2}
    requester.reject(wrong, "Nonsense")
    requester.approve(late)
    assert pulled(site, campaign, "--hit", HIT)["written"] == {"decision": 2}
    assert awarded(site, campaign, wrong, late) == [0, 30]
    requester.approve(wrong, "Our mistake, sorry")
    requester.pay(late, "0.05")
    found = pulled(site, campaign, "--hit", HIT)
    assert (found["written"], found["refused"]) == ({"decision": 2}, 0)
    assert awarded(site, campaign, wrong, late) == [10, 35]
    for _ in range(2):
        found = pulled(site, campaign, "--hit", HIT)
        assert (found["written"], found["known"]["decision"], found["refused"]) == ({}, 2, 0)
    requester.pay(late, "0.01")  # once more before it is final is once too often
    found = pulled(site, campaign, "--hit", HIT, code=1)
    assert (found["written"], found["refused"]) == ({}, 1)
    (refused,) = rejects(site)
    assert "superseded once" in refused["reason"]
    assert awarded(site, campaign, late) == [35]


@pytest.mark.long
def test_a_queue_is_emptied_of_what_is_recorded_and_of_nothing_else(
    site: Site, requester: Requester, queue: Queue
) -> None:
    requester.hit(HIT)
    one, two = requester.submit(1, HIT), requester.submit(2, HIT, "A2WORKER")
    requester.approve(two)
    requester.pay(two, "0.30")
    campaign = campaign_of(site, REWARD_CENTS)
    queue.tell(("AssignmentApproved", two))  # messages come in any order, and more than once
    queue.tell(("AssignmentSubmitted", one), ("AssignmentSubmitted", two))
    queue.tell(("AssignmentSubmitted", one))
    queue.tell(("HITReviewable", ""), ("Ping", ""))
    queue.send("no JSON")
    queue.tell(("AssignmentSubmitted", f"{HIT}NOBODYKNOWSTHIS"))
    found = pulled(site, campaign, "--queue", queue.url, code=1)
    assert (found["used"], found["refused"]) == (4, 2)
    assert found["written"] == {"task": 1, "contribution": 2, "decision": 1}
    assert sum(found["skipped"].values()) == 1
    assert queue.left() == 2
    said = {each["row"][:7]: each for each in rejects(site)}
    assert "stays in the queue" in said["no JSON"]["remedy"]
    assert any("does not exist" in each["reason"] for each in said.values())
    assert awarded(site, campaign, one, two) == [0, 40]
    requester.approve(one)
    queue.tell(("AssignmentApproved", one))
    assert pulled(site, campaign, "--queue", queue.url)["written"] == {"decision": 1}
    assert queue.left() == 2  # they come again when their time is over
    both = pulled(site, campaign, "--hit", HIT)
    assert (both["written"], both["refused"], awarded(site, campaign, one)) == ({}, 0, [10])


def test_what_the_log_refuses_stays_in_the_queue(site: Site, requester: Requester, queue: Queue) -> None:
    requester.hit(HIT)
    number = requester.submit(1, HIT)
    campaign = campaign_of(site, REWARD_CENTS)
    site.client.close_campaign(campaign)
    queue.tell(("AssignmentSubmitted", number))
    assert pulled(site, campaign, "--queue", queue.url, code=1)["refused"] == 1
    assert queue.left() == 1


def test_throttling_is_waited_for(site: Site, requester: Requester) -> None:
    number = requester.submit(1, requester.hit(HIT))
    requester.failing = [(400, "ThrottlingException"), (500, "ServiceFault"), (503, "ServiceUnavailable")]
    found = pulled(site, campaign_of(site, REWARD_CENTS), "--hit", HIT)
    assert (found["used"], requester.failing) == (1, [])
    assert content(site, number)


def test_the_same_work_is_recorded_in_one_campaign_only(site: Site, requester: Requester) -> None:
    number = requester.submit(1, requester.hit(HIT))
    requester.approve(number)
    first, second = campaign_of(site, REWARD_CENTS), campaign_of(site, REWARD_CENTS)
    assert pulled(site, first, "--hit", HIT)["used"] == 1
    assert pulled(site, second, "--hit", HIT, code=1)["refused"] == 1
    assert awards(site, second) == {}
    assert awarded(site, first, number) == [10]


def test_a_hit_that_is_gone_is_said_and_the_others_are_pulled(site: Site, requester: Requester) -> None:
    requester.submit(1, requester.hit(HIT))
    found = pulled(site, campaign_of(site, REWARD_CENTS), "--hit", "3GONE", "--hit", HIT, code=1)
    assert (found["used"], found["refused"]) == (1, 1)
    assert "AWS.MechanicalTurk.HITDoesNotExist" in rejects(site)[0]["reason"]


@pytest.mark.long
def test_credentials_come_from_aws_and_what_is_missing_is_named(
    site: Site, requester: Requester, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = campaign_of(site, REWARD_CENTS)
    where = ("pull", "mturk", "--campaign", campaign)
    requester.failing = [(400, "AccessDeniedException")]
    ended = site.run(*where, "--hit", HIT)
    assert (ended.code, "GetHIT" in ended.err, "mturk.md" in ended.err) == (2, True, True)
    for more, words in (
        ([], "Where is the work?"),
        (["--hit", HIT, "--queue", "http://127.0.0.1/1/q"], "Where is the work?"),
        (["--queue", "queue"], "no URL of a queue"),
        (["--hit", "../x"], "other characters"),
        (["--hit", HIT, "--option", "region=x"], "no option 'region'"),
        (["--hit", HIT, "--from", "https://example.org"], "AWS's own settings"),
    ):
        ended = site.run(*where, *more)
        assert (ended.code, words in ended.err) == (2, True), ended.err
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    ended = site.run(*where, "--hit", HIT)
    assert (ended.code, "credentials" in ended.err, "aws sts get-caller-identity" in ended.err) == (2, True, True)
