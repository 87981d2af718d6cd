from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ledger.connectors.connector import Delivery
from ledger.connectors.question_form import answers_of
from ledger.connectors.registry import find
from ledger.errors import FormatError, SignatureError, StaleDeliveryError
from ledger.statements.decisions import Method
from tests.unit.connectors.files import DATA, NOW_MS, Platform, delivery, read, table

FOLDER = DATA / "mturk"
DECIDED = FOLDER / "batch-results-decided.csv"
REPLIES = FOLDER / "api-replies.jsonl"
BATCH, PAID = "batch-results", "bonuses-and-assignments"
HOOK = find("mturk").hook
assert HOOK is not None
TOPIC = "arn:aws:sns:us-east-1:123456789012:hits"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime(2024, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9000))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


SECRET = TOPIC.encode() + b"\n" + certificate(KEY)


def notification(message: object, hash_with: Any = None, **changes: str) -> Delivery:
    """As SNS posts it, signed as its documentation says."""
    at = datetime.fromtimestamp(NOW_MS / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    fields = {
        "Type": "Notification",
        "MessageId": "6af5c15c-64a3-54d1-94fb-949b81bf2019",
        "TopicArn": TOPIC,
        "Subject": "1565385436809",
        "Message": json.dumps(message),
        "Timestamp": at,
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
        **changes,
    }
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if fields["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()
    signature = KEY.sign(signed, padding.PKCS1v15(), hash_with or SHA256())
    return delivery({**fields, "Signature": base64.b64encode(signature).decode()})


def event(kind: str, assignment: str = "3ASN000001") -> dict[str, object]:
    made = {"EventType": kind, "EventTimestamp": "2024-03-05T18:01:00Z", "HITId": "3HIT000001", "HITTypeId": "3TYPE"}
    return {"Events": [{**made, "AssignmentId": assignment}], "EventDocId": "9928a491", "EventDocVersion": "2014-08-15"}


@pytest.mark.parametrize("name", ["crowdtruth-platform_amt2.csv", "crowdtruth-platform_amt4.csv"])
def test_real_batches_are_counted_as_csv_counts_them(name: str) -> None:
    rows = table(FOLDER / name)
    found = read("mturk", FOLDER / name, BATCH)
    assert found.refused == found.skipped == found.decisions == []
    assert [each.external_id for each in found.contributions] == [f"mturk:{row['AssignmentId']}" for row in rows]
    assert [each.contributor for each in found.contributions] == [row["WorkerId"] for row in rows]
    assert found.tasks.keys() == {f"mturk:{row['HITId']}" for row in rows}
    assert [each.content["output"] for each in found.contributions if isinstance(each.content, dict)] == [
        row["Answer.output"] for row in rows
    ]


def test_times_with_a_us_zone_become_utc() -> None:
    given = read("mturk", FOLDER / "crowdtruth-platform_amt2.csv", BATCH).contributions[0]
    assert given.content == {"output": "E", "_at": "2018-01-24T17:49:26.000Z"}


def test_the_platforms_decisions_and_words_are_kept() -> None:
    rows = table(DECIDED)
    found = read("mturk", DECIDED, BATCH)
    assert found.refused == found.skipped == []
    assert len(found.contributions) == len(rows) == 6
    verdicts = {"Approved": "accepted", "Rejected": "rejected"}
    assert {made.contribution: made.verdict for made in found.decisions} == {
        f"mturk:{row['AssignmentId']}": verdicts[row["AssignmentStatus"]]
        for row in rows
        if row["AssignmentStatus"] in verdicts
    }
    assert found.decision("mturk:3ASN000001").feedback is None
    assert found.decision("mturk:3ASN000002").feedback == {"words": "Good, thank you"}
    assert found.decision("mturk:3ASN000003").feedback == {"words": 'The picture shows a cat, "not" a dog.'}
    assert "no reason" in str(found.decision("mturk:3ASN000006").feedback)
    assert found.decision("mturk:3ASN000001").method is None
    assert found.decision("mturk:3ASN000004").method == Method(type="model", name="mturk.auto-approval")
    content = found.contribution("mturk:3ASN000004").content
    assert isinstance(content, dict)
    assert content["taskAnswers"] == [{"label": {"label": "dog"}}]
    assert found.tasks["mturk:3HIT000001"].content == {"image_url": "https://example.org/1.jpg"}


def test_pay_and_bonuses_add_up_to_what_the_platform_paid() -> None:
    replies = [json.loads(line) for line in REPLIES.read_text().splitlines()]
    assignments = [each for reply in replies for each in reply.get("Assignments", [])]
    reward = Decimal("0.15")
    paid = reward * sum(each["AssignmentStatus"] == "Approved" for each in assignments)
    paid += sum(Decimal(each["BonusAmount"]) for reply in replies for each in reply.get("BonusPayments", []))
    found = read("mturk", REPLIES, PAID)
    assert found.refused == found.skipped == []
    accepted = [made for made in found.decisions if made.verdict == "accepted"]
    assert sum(reward + Decimal(made.bonus or 0) for made in accepted) == paid == Decimal("2.00")
    assert [made.bonus for made in accepted] == ["0.55", None, "1"]
    assert found.contribution("mturk:3ASN000005").content == {"label": "a < b", "_at": "2024-03-05T18:05:00.000Z"}
    batch = read("mturk", DECIDED, BATCH)
    assert {each.external_id for each in found.contributions} < {each.external_id for each in batch.contributions}


def test_bonuses_that_find_no_accepted_work_are_said() -> None:
    pages = REPLIES.read_text().splitlines()
    late = read("mturk", "\n".join([*pages[1:], pages[0]]).encode(), PAID)
    assert "3ASN000001" in late.refused[0].reason
    assert "first" in late.refused[0].remedy
    assert (len(late.refused), len(late.contributions)) == (2, 5)
    rejected = read(
        "mturk", REPLIES.read_text().replace('"3ASN000004", "Reason"', '"3ASN000003", "Reason"').encode(), PAID
    )
    assert [each.reason for each in rejected.refused] == [
        "A bonus was paid for work that was not accepted; a bonus here goes with an accepted decision."
    ]
    for amount in ('"-1"', '"x"', "null", '"1e999"', "true"):
        wrong = read("mturk", REPLIES.read_text().replace('"0.50"', amount).encode(), PAID)
        assert wrong.refused[0].line == 1


def test_a_row_without_worker_or_with_another_status_is_refused() -> None:
    text = DECIDED.read_text().replace('"A2WORKER","Approved"', '"","Approved"').replace('"Submitted"', '"Sold"')
    found = read("mturk", text.encode(), BATCH)
    assert [(each.line, "WorkerId" in each.reason or "Sold" in each.reason) for each in found.refused] == [
        (3, True),
        (6, True),
    ]
    with pytest.raises(FormatError, match="WorkerId"):
        read("mturk", text.replace('"WorkerId"', '"Worker"').encode(), BATCH)


def test_answers_in_xml() -> None:
    document = (
        '<?xml version="1.0"?><QuestionFormAnswers xmlns="http://mechanicalturk.amazonaws.com/x"><Answer>'
        "<QuestionIdentifier>q</QuestionIdentifier><SelectionIdentifier>a</SelectionIdentifier>"
        "<SelectionIdentifier>b</SelectionIdentifier></Answer><Answer><QuestionIdentifier>w</QuestionIdentifier>"
        "<FreeText>سلام</FreeText></Answer></QuestionFormAnswers>"
    )
    assert answers_of(document) == {"q": ["a", "b"], "w": "سلام"}
    assert answers_of("  ") == {}
    page = document.replace(">سلام<", "><![CDATA[<!DOCTYPE html><!ENTITY>]]><")
    assert answers_of(page)["w"] == "<!DOCTYPE html><!ENTITY>"
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    hidden = f"<!-- <a -->{bomb}"
    for text in (bomb, hidden, document[:-5], "<a", document.replace(">w<", ">q<"), document.replace(">w<", "> <")):
        with pytest.raises(FormatError):
            answers_of(text)


def test_an_event_by_sns_is_genuine_with_the_topic_and_the_certificate() -> None:
    assert HOOK is not None
    sent = notification(event("AssignmentApproved"))
    verified = HOOK.verify(sent, [b"", b"old", SECRET])
    assert verified.event_id == "6af5c15c-64a3-54d1-94fb-949b81bf2019"
    assert verified == HOOK.verify(replace(sent), [SECRET])
    (record,) = HOOK.records(sent, None)
    assert [(made.contribution, made.verdict) for made in record.decisions] == [("mturk:3ASN000001", "accepted")]
    (record,) = HOOK.records(notification(event("AssignmentRejected")), None)
    assert record.decisions[0].feedback
    assert HOOK.records(notification(event("HITReviewable")), None) == []


def test_a_message_of_an_unknown_topic_is_refused_as_fast_as_where_there_is_no_webhook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert HOOK is not None
    opened: list[bytes] = []
    monkeypatch.setattr(x509, "load_pem_x509_certificate", opened.append)
    for secret in (SECRET, b"a decoy"):
        with pytest.raises(SignatureError):
            HOOK.verify(notification("?", TopicArn="arn:aws:sns:us-east-1:1:another"), [secret])
    assert opened == []


def test_messages_of_a_queue_are_read_as_a_file() -> None:
    messages = [
        event("AssignmentApproved"),
        event("AssignmentSubmitted"),
        event("AssignmentRejected", "3ASN000003"),
        {},
    ]
    found = read("mturk", "\n".join(json.dumps(each) for each in messages).encode(), "events")
    assert [(made.contribution, made.verdict) for made in found.decisions] == [
        ("mturk:3ASN000001", "accepted"),
        ("mturk:3ASN000003", "rejected"),
    ]
    assert ([each.line for each in found.skipped], [each.line for each in found.refused]) == ([2], [4])
    batch = read("mturk", DECIDED, BATCH)
    assert found.decisions[0].external_id == batch.decision("mturk:3ASN000001").external_id


def test_forged_stale_and_truncated_events_are_refused() -> None:
    assert HOOK is not None
    good = notification(event("AssignmentApproved"))
    body = json.loads(good.body)
    forged = [
        {**body, "Message": json.dumps(event("AssignmentApproved", "3OTHER"))},
        {**body, "MessageId": "another"},
        {**body, "Timestamp": "2030-01-01T00:00:00.000Z"},
        {**body, "Signature": body["Signature"][:-8]},
        {**body, "Signature": "&"},
        {**body, "SignatureVersion": "1"},
        {name: value for name, value in body.items() if name != "Signature"},
        {**body, "Subject": None},
        # the same signed bytes, cut into fields in another way
        {**body, "Subject": None, "MessageId": f"{body['MessageId']}\nSubject\n{body['Subject']}"},
    ]
    for each in (
        *(delivery(one) for one in forged),
        replace(good, body=good.body[:-30]),
        delivery(b"\xff"),
        delivery(b"[]"),
    ):
        with pytest.raises(SignatureError):
            HOOK.verify(each, [SECRET])
    other = certificate(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    wrong_topic = SECRET.replace(b"123456789012", b"210987654321")
    for secret in (TOPIC.encode() + b"\n" + other, wrong_topic, b"", b"word", TOPIC.encode()):
        with pytest.raises(SignatureError):
            HOOK.verify(good, [secret])
    with pytest.raises(SignatureError):
        HOOK.verify(notification(event("AssignmentApproved"), SHA1(), SignatureVersion="1"), [SECRET])
    for shift in (-6, 6):
        with pytest.raises(StaleDeliveryError):
            HOOK.verify(replace(good, received_ms=NOW_MS + shift * 60_000), [SECRET])


def test_submissions_are_asked_for_and_subscriptions_are_a_persons_to_confirm() -> None:
    assert HOOK is not None
    given = json.loads(REPLIES.read_text().splitlines()[1])["Assignments"][0]
    sent = notification(event("AssignmentSubmitted"))
    (record,) = HOOK.records(sent, Platform({"/assignments/3ASN000001": {"Assignment": given}}))
    assert record.contributions == read("mturk", REPLIES, PAID).records[0].contributions
    with pytest.raises(FormatError, match="other characters"):
        HOOK.records(notification(event("AssignmentSubmitted", "../x")), Platform({}))
    with pytest.raises(FormatError, match="who submitted"):
        HOOK.records(sent, None)
    asked = notification("?", Type="SubscriptionConfirmation", SubscribeURL="https://sns.example", Token="t0")
    HOOK.verify(asked, [SECRET])
    with pytest.raises(FormatError, match="SubscriptionConfirmation"):
        HOOK.records(asked, None)


def test_where_it_can_be_asked_a_decision_comes_with_its_words_and_in_any_order() -> None:
    assert HOOK is not None
    given = json.loads(REPLIES.read_text().splitlines()[1])["Assignments"][2]
    ask = Platform({"/assignments/3ASN000003": {"Assignment": given, "HIT": {"HITId": "3HIT000001", "Question": "?"}}})
    (record,) = HOOK.records(notification(event("AssignmentRejected", "3ASN000003")), ask)
    assert record.decisions[0].feedback == {"words": "No dog is there."}
    assert record.contributions[0].contributor == "A3WORKER"
    assert record.tasks[0].content == {"HITId": "3HIT000001", "Question": "?"}
    other = Platform({"/assignments/3ASN000001": {"Assignment": given}})
    with pytest.raises(FormatError, match="another assignment"):
        HOOK.records(notification(event("AssignmentApproved", "3ASN000001")), other)


def test_json_of_a_worker_is_json_by_every_way_and_else_stays_text() -> None:
    for text, expected in (
        ('[{"a": 1}]', [{"a": 1}]),
        ("not json [", "not json ["),
        ("9007199254740993", "9007199254740993"),
    ):
        answers = (
            f"<a><Answer><QuestionIdentifier>taskAnswers</QuestionIdentifier><FreeText>{text}</FreeText></Answer></a>"
        )
        fields = {"HITId": "3H", "AssignmentId": "3A", "WorkerId": "A", "SubmitTime": "2024-03-05T18:01:00Z"}
        api = json.dumps({"Assignments": [{**fields, "Answer": answers}]})
        row = {**fields, "AcceptTime": "", "Answer.taskAnswers": text}
        line = ",".join('"' + value.replace('"', '""') + '"' for value in row.values())
        batch = f"{','.join(row)}\n{line}\n"
        found = [
            read("mturk", api.encode(), PAID).contributions[0],
            read("mturk", batch.encode(), BATCH).contributions[0],
        ]
        assert found[0].content == found[1].content == {"taskAnswers": expected, "_at": "2024-03-05T18:01:00.000Z"}


@pytest.mark.parametrize(
    ("approved", "rejected", "by_hand"),
    [
        ("2024-03-08T10:00:00Z", "", False),
        ("2024-03-08T10:00:07Z", "", False),
        ("2024-03-08T09:59:59Z", "", True),
        ("2024-03-20T10:00:00Z", "2024-03-07T10:00:00Z", True),
    ],
)
def test_nobody_looked_where_the_time_was_over(approved: str, rejected: str, by_hand: bool) -> None:
    fields = {"HITId": "3H", "AssignmentId": "3A", "WorkerId": "A", "Answer": "", "AssignmentStatus": "Approved"}
    times = {"AutoApprovalTime": "2024-03-08T10:00:00Z", "ApprovalTime": approved, "RejectionTime": rejected}
    found = read("mturk", json.dumps({"Assignments": [fields | times]}).encode(), PAID)
    assert (found.decisions[0].method is None) == by_hand


@pytest.mark.parametrize("when", ["2024-03-05T18:01:00Z", ""])
def test_a_worker_says_nothing_in_the_platforms_place(when: str) -> None:
    answers = "<a><Answer><QuestionIdentifier>_at</QuestionIdentifier><FreeText>2000-01-01</FreeText></Answer></a>"
    fields = {"HITId": "3H", "AssignmentId": "3A", "WorkerId": "A", "SubmitTime": when, "Answer": answers}
    (given,) = read("mturk", json.dumps({"Assignments": [fields]}).encode(), PAID).contributions
    assert given.content == {"_at_answered": "2000-01-01"} | ({"_at": "2024-03-05T18:01:00.000Z"} if when else {})
