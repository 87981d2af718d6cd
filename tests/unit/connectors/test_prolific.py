from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.connectors.connector import Delivery
from ledger.connectors.registry import find
from ledger.errors import FormatError, SignatureError, StaleDeliveryError
from tests.unit.connectors.files import DATA, NOW_MS, Platform, delivery, read, table

CSV = DATA / "prolific" / "submissions.csv"
JSON = DATA / "prolific" / "submissions.json"
HOOK = find("prolific").hook
assert HOOK is not None
SECRET = b"a secret of Prolific's"
FIRST = "671b8e95b17f880506488801"


def signed(body: object, at: int = NOW_MS // 1000, event: str = "E1", secret: bytes = SECRET) -> Delivery:
    """As docs.prolific.com/api-reference/webhooks/verifying says."""
    data = json.dumps(body).encode()
    signature = base64.b64encode(hmac.new(secret, str(at).encode() + data, hashlib.sha256).digest()).decode()
    headers = {"x-prolific-request-timestamp": str(at), "x-prolific-request-signature": signature, "x-event-id": event}
    return delivery(data, headers)


def change(own: str = FIRST, status: str = "APPROVED") -> dict[str, str]:
    """docs.prolific.com/api-reference/webhooks/receiving"""
    return {"resource_id": own, "event_type": "submission.status.change", "participant_id": "p", "status": status}


def test_submissions_are_counted_as_csv_counts_them() -> None:
    rows = table(CSV)
    found = read("prolific", CSV, "submissions-csv")
    assert found.refused == []
    done = [row for row in rows if row["Completed at"]]
    assert [each.external_id for each in found.contributions] == [f"prolific:{row['Submission id']}" for row in done]
    assert [each.contributor for each in found.contributions] == [row["Participant id"] for row in done]
    assert len(found.skipped) == len(rows) - len(done) == 2
    assert [made.verdict for made in found.decisions] == ["accepted", "rejected", "accepted", "rejected"]
    assert found.contributions[0].content == {"completion_code": "C1ABC", "_at": "2024-10-25T12:46:18.540Z"}
    assert "gave the submission back" in str(found.decisions[3].feedback)


def test_the_api_says_the_same_and_has_the_bonuses() -> None:
    listed = json.loads(JSON.read_text())["results"]
    found = read("prolific", JSON, "submission-list")
    assert found.contributions[:2] == read("prolific", CSV, "submissions-csv").contributions[:2]
    assert (len(found.contributions), len(found.skipped)) == (3, 1)
    cents = sum(Decimal(str(each)) for one in listed for each in one["bonus_payments"] or [])
    assert sum(Decimal(made.bonus or 0) for made in found.decisions) * 100 == cents == 175
    lines = "\n".join(json.dumps(each) for each in listed).encode()
    assert read("prolific", lines, "submissions").contributions == found.contributions


def test_an_unknown_status_and_a_missing_participant_are_refused() -> None:
    text = CSV.read_text().replace("AWAITING REVIEW", "SOLD").replace("5e9088a8a4b6ed018b45ba01", "")
    assert [each.line for each in read("prolific", text.encode(), "submissions-csv").refused] == [2, 5]


def test_a_signed_change_is_genuine_and_asked_for() -> None:
    assert HOOK is not None
    sent = signed(change())
    event = HOOK.verify(sent, [b"another", SECRET]).event_id
    assert HOOK.verify(signed(change(), at=NOW_MS // 1000 + 9), [SECRET]).event_id == event
    assert HOOK.verify(signed(change(), event="E2"), [SECRET]).event_id == event  # that header is not signed
    listed = {each["id"]: each for each in json.loads(JSON.read_text())["results"]}
    ask = Platform({f"/submissions/{own}/": each for own, each in listed.items()})
    (record,) = HOOK.records(sent, ask)
    assert record.contributions == read("prolific", JSON, "submission-list").records[0].contributions
    assert record.decisions[0].bonus == "1.75"
    assert HOOK.records(signed(change("671b8e95b17f880506488803", "RETURNED")), ask) == ()
    assert HOOK.records(signed({"event_type": "study.status.change"}), None) == ()
    for own, to_ask in ((FIRST, None), ("../users/me", ask), ("", ask)):
        with pytest.raises(FormatError):
            HOOK.records(signed(change(own)), to_ask)
    with pytest.raises(FormatError, match="another submission"):
        HOOK.records(sent, Platform({f"/submissions/{FIRST}/": listed["671b8e95b17f880506488802"]}))


def test_forged_stale_and_truncated_deliveries_are_refused() -> None:
    assert HOOK is not None
    good = signed(change())
    signature, stamp = good.headers["x-prolific-request-signature"], good.headers["x-prolific-request-timestamp"]
    for name, value in (
        ("x-prolific-request-signature", ""),
        ("x-prolific-request-signature", signature[:-4]),
        ("x-prolific-request-signature", signature.lower()),
        ("x-prolific-request-signature", "é" * 44),
        ("x-prolific-request-timestamp", str(int(stamp) + 1)),
        ("x-prolific-request-timestamp", f" {stamp}"),
        ("x-prolific-request-timestamp", ""),
        ("x-prolific-request-timestamp", "-1"),
    ):
        with pytest.raises(SignatureError):
            HOOK.verify(replace(good, headers={**good.headers, name: value}), [SECRET])
    # The time is a prefix of what is signed: no digit may move between the two.
    moved = replace(
        good, headers={**good.headers, "x-prolific-request-timestamp": stamp[:-1]}, body=stamp[-1:].encode() + good.body
    )
    for each in (
        moved,
        replace(good, body=good.body[:-1]),
        replace(good, body=good.body + b" "),
        replace(good, headers={}),
    ):
        with pytest.raises(SignatureError):
            HOOK.verify(each, [SECRET])
    for secrets in ([], [b""], [SECRET[:-1]]):
        with pytest.raises(SignatureError):
            HOOK.verify(good, secrets)
    for shift in (-301, 301):
        with pytest.raises(StaleDeliveryError):
            HOOK.verify(signed(change(), at=NOW_MS // 1000 + shift), [SECRET])


def test_a_bonus_before_the_approval_is_not_lost_with_the_file() -> None:
    listed = json.loads(JSON.read_text())
    (paid, *_) = (each for each in listed["results"] if each["bonus_payments"])
    paid["status"] = "AWAITING REVIEW"
    found = read("prolific", json.dumps(listed).encode(), "submission-list")
    assert [each.reason for each in found.refused] == ["A bonus was paid for a submission that is not decided."]
    assert HOOK is not None  # whose next delivery brings it
    (record,) = HOOK.records(signed(change(paid["id"])), Platform({f"/submissions/{paid['id']}/": paid}))
    assert (len(record.contributions), record.decisions) == (1, ())


def test_a_rejection_and_a_return_can_be_taken_back() -> None:
    found = read("prolific", JSON, "submission-list")
    accepted = next(made for made in found.decisions if made.verdict == "accepted")
    assert accepted.replaces == (f"{accepted.contribution}:rejected", f"{accepted.contribution}:returned")
    assert all(made.replaces == () for made in found.decisions if made.verdict == "rejected")
