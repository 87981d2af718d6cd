from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.connectors.connector import Delivery
from ledger.connectors.registry import find
from ledger.connectors.verdicts import Bonuses
from ledger.errors import ConfigError, FormatError, SignatureError, StaleDeliveryError
from tests.unit.connectors.files import DATA, NOW_MS, Platform, delivery, read

RESULTS = DATA / "toloka" / "results.tsv"
REPLIES = DATA / "toloka" / "replies.jsonl"
HOOK = find("toloka").hook
assert HOOK is not None
SECRET = b"12345"
# The vendor's own example: toloka.ai/docs/api/authentication; the secret is in the test of its Java SDK (Apache-2.0).
EXAMPLE_BODY = (
    b'{"events":[{"event_time":"2000-01-01T12:00:00","project_id":"project-1","pool_id":"pool-1","uuid":'
    b'"00000000-0000-0000-0000-000000000000","task_suite_id":"task-suite-1","assignment_id":"assignment-1",'
    b'"webhook_subscription_id":"subscription-1","type":"ASSIGNMENT_APPROVED"}]}'
)
EXAMPLE_MS = 946728000000
EXAMPLE_SIGN = "609af3eefd4c12b6afad30ab456efcd21fe82f4247d3340151a3ca0c97a6cbcb"
EXAMPLE = Delivery(
    {"toloka-signature": f"{{v=1, ts={EXAMPLE_MS}, sign={EXAMPLE_SIGN}}}"}, EXAMPLE_BODY, EXAMPLE_MS + 1000
)


def signed(body: object, at_ms: int = NOW_MS, secret: bytes = SECRET) -> Delivery:
    data = json.dumps(body).encode()
    sign = hmac.new(secret, f"{at_ms}.1.".encode() + data, hashlib.sha256).hexdigest()
    return delivery(data, {"toloka-signature": f"{{v=1, ts={at_ms}, sign={sign}}}"})


def events(*named: tuple[str, str]) -> dict[str, object]:
    return {"events": [{"uuid": f"u{n}", "type": kind, "assignment_id": own} for n, (kind, own) in enumerate(named)]}


def test_a_table_is_counted_as_csv_counts_it() -> None:
    with RESULTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    found = read("toloka", RESULTS, "results")
    assert found.refused == found.skipped == []
    assert [each.external_id for each in found.contributions] == [
        f"toloka:{own}" for own in dict.fromkeys(row["ASSIGNMENT:assignment_id"] for row in rows)
    ]
    assert found.tasks.keys() == {"toloka:suite-1", "toloka:suite-2"}
    status = {f"toloka:{row['ASSIGNMENT:assignment_id']}": row["ASSIGNMENT:status"] for row in rows}
    assert {made.contribution: made.verdict for made in found.decisions} == {
        own: {"APPROVED": "accepted", "REJECTED": "rejected"}[each]
        for own, each in status.items()
        if each != "SUBMITTED"
    }
    assert found.decision("toloka:assign-2").feedback == {"words": "Look\tat the picture"}
    assert found.contribution("toloka:assign-4").content == {
        "result": "سگ",
        "boxes": [{"left": 0.1, "top": 0.2}],
        "_at": "2024-03-05T10:04:00.123Z",
    }


def test_with_the_option_every_task_of_an_assignment_is_a_contribution() -> None:
    with RESULTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    found = read("toloka", RESULTS, "results", unit="task")
    assert len(found.contributions) == len(rows) == 8
    assert found.tasks.keys() == {f"toloka:{row['ASSIGNMENT:task_id']}" for row in rows}
    assert found.tasks["toloka:task-b.jpg"].content == {"image": "b.jpg"}
    assert len(found.decisions) == 7
    replies = read("toloka", REPLIES, "replies", unit="task")
    assert [made.bonus for made in replies.decisions if made.verdict == "accepted"] == ["1.5", None, "0.1"]


def test_a_table_without_ids_of_tasks_names_them_by_what_was_shown() -> None:
    with RESULTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    kept = [name for name in rows[0] if name not in ("ASSIGNMENT:task_id", "ASSIGNMENT:task_suite_id")]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, kept, delimiter="\t", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    text = out.getvalue().encode()
    whole = read("toloka", text, "results").contributions
    assert whole[0].task == whole[1].task != whole[2].task == whole[3].task
    found = read("toloka", text, "results", unit="task")
    again = [each.task for each in found.contributions]
    assert len(set(again)) == 4
    assert again[:3] == again[3:6]


def test_pay_and_bonuses_add_up_to_what_the_platform_paid() -> None:
    bonuses, page = (json.loads(line)["items"] for line in REPLIES.read_text().splitlines())
    paid = sum(Decimal(str(each["reward"])) for each in page if each["status"] == "ACCEPTED")
    paid += sum(Decimal(str(each["amount"])) for each in bonuses)
    found = read("toloka", REPLIES, "replies")
    assert found.refused == []
    assert [each.reason for each in found.skipped] == ["The assignment is expired."]
    accepted = [made for made in found.decisions if made.verdict == "accepted"]
    assert sum(Decimal("0.02") + Decimal(made.bonus or 0) for made in accepted) == paid == Decimal("1.64")
    assert found.contribution("toloka:assign-1").content == {
        "solutions": [{"result": "cat"}, {"result": "dog"}],
        "_at": "2024-03-05T10:01:00.123Z",
    }
    assert found.tasks["toloka:suite-1"].content == {"tasks": [{"image": "a.jpg"}, {"image": "b.jpg"}]}
    late = "\n".join(reversed(REPLIES.read_text().splitlines())).encode()
    assert len(read("toloka", late, "replies").refused) == 2


def test_rows_that_contradict_each_other_and_unknown_words_are_refused() -> None:
    text = RESULTS.read_text()
    mixed = read("toloka", text.replace("w2\tREJECTED", "w2\tAPPROVED", 1).encode(), "results")
    assert [each.line for each in mixed.refused] == [5, 6, 7]
    assert len(mixed.contributions) == 3
    assert len(read("toloka", text.replace("w3\tSUBMITTED", "w3\tLOST").encode(), "results").refused) == 1
    assert len(read("toloka", text.replace("\tw3\t", "\t\t").encode(), "results").refused) == 1
    with pytest.raises(FormatError, match="ASSIGNMENT:status"):
        read("toloka", text.replace("ASSIGNMENT:status", "status").encode(), "results")


def test_the_vendors_example_is_genuine() -> None:
    assert HOOK is not None
    verified = HOOK.verify(EXAMPLE, [b"another", SECRET])
    assert verified.at_ms == EXAMPLE_MS
    assert verified == HOOK.verify(replace(EXAMPLE), [SECRET])


def test_forged_stale_and_truncated_deliveries_are_refused() -> None:
    assert HOOK is not None
    header = EXAMPLE.headers["toloka-signature"]
    for changed in (
        "",
        "{}",
        header.replace("v=1", "v=2"),
        header.replace("ts=9", "ts=8"),
        header.replace("sign=6", "sign=7"),
        header.replace("6cbcb", "6cb"),
        header.replace("v=1, ", ""),
        header.replace("v=1", "v=1, v=1"),
        header.replace("v=1", "v=x"),
        header.replace("ts=946728000000", "ts=٩٤٦٧٢٨٠٠٠٠٠٠"),
        header.replace(EXAMPLE_SIGN, ""),
    ):
        with pytest.raises(SignatureError):
            HOOK.verify(replace(EXAMPLE, headers={"toloka-signature": changed}), [SECRET])
    for each in (replace(EXAMPLE, headers={}), replace(EXAMPLE, body=EXAMPLE_BODY[:-1]), replace(EXAMPLE, body=b"")):
        with pytest.raises(SignatureError):
            HOOK.verify(each, [SECRET])
    for secrets in ([], [b""], [b"1234"]):
        with pytest.raises(SignatureError):
            HOOK.verify(EXAMPLE, secrets)
    for shift in (-301_000, 301_000):
        with pytest.raises(StaleDeliveryError):
            HOOK.verify(replace(EXAMPLE, received_ms=EXAMPLE_MS + shift), [SECRET])


def test_events_make_us_ask_for_the_assignments_once_each() -> None:
    assert HOOK is not None
    paid, page = (json.loads(line)["items"] for line in REPLIES.read_text().splitlines()[:2])
    bonuses = {f"/user-bonuses/{each['id']}": each for each in paid}
    ask = Platform({f"/assignments/{each['id']}": each for each in page} | bonuses)
    sent = signed(
        events(
            ("ASSIGNMENT_SUBMITTED", "assign-1"),
            ("ASSIGNMENT_APPROVED", "assign-1"),
            ("ASSIGNMENT_REJECTED", "assign-2"),
            ("ASSIGNMENT_SKIPPED", "assign-3"),
            ("POOL_CLOSED", ""),
        )
    )
    HOOK.verify(sent, [SECRET])
    records = HOOK.records(sent, ask)
    asked = [path for path, _ in ask.asked]
    assert asked == ["/assignments/assign-1", "/user-bonuses/7", "/assignments/assign-2"]
    found = read("toloka", REPLIES, "replies")
    for record, same in zip(records, found.records[:2], strict=True):
        assert (record.contributions, record.decisions) == (same.contributions, same.decisions)
    assert [record.decisions[0].verdict for record in records] == ["accepted", "rejected"]
    assert HOOK.records(signed(events(("POOL_CLOSED", ""))), None) == ()
    with pytest.raises(FormatError, match="cannot ask"):
        HOOK.records(sent, None)
    with pytest.raises(FormatError, match="other characters"):
        HOOK.records(signed(events(("ASSIGNMENT_APPROVED", "../users"))), ask)
    with pytest.raises(FormatError, match="another assignment"):
        HOOK.records(sent, Platform({"/assignments/assign-1": page[1]}))


HEADER = "INPUT:image\tOUTPUT:result\tASSIGNMENT:assignment_id\tASSIGNMENT:worker_id\tASSIGNMENT:status\n"


def shown(*several: str) -> tuple[list[str], list[int]]:
    """The assignments that are used, and the lines that are refused."""
    found = read("toloka", (HEADER + "".join(f"{row}\n" for row in several)).encode(), "results")
    return [each.external_id for each in found.contributions], [each.line for each in found.refused]


def test_half_an_assignment_is_none() -> None:
    a, b, c = (f"{one}.jpg\tcat\t{one}\tw\tAPPROVED" for one in "abc")
    assert shown(a, a, b, c) == (["toloka:a", "toloka:b", "toloka:c"], [])
    assert shown(a, f"{a}\textra", a, b) == (["toloka:b"], [2, 3, 4])
    assert shown(a, f"{b}\textra", b, c) == (["toloka:a", "toloka:c"], [3, 4])
    assert shown(a, "b.jpg\tcat", b, c) == (["toloka:c"], [2, 3, 4])  # it does not say whose it is
    assert shown(a, "x\ty\tz\tw\tAPPROVED\tmore", c) == (["toloka:a", "toloka:c"], [3])
    assert shown("b.jpg\tcat", a) == ([], [2, 3])
    assert shown(a, "b.jpg\tcat") == ([], [2, 3])
    assert shown(*["x"] * 200, a) == ([], [*range(2, 203)])


def test_the_rows_of_an_assignment_are_of_one_worker() -> None:
    mine, yours = (f"a.jpg\tcat\ta\t{worker}\tAPPROVED" for worker in ("me", "you"))
    assert shown(mine, yours) == ([], [2, 3])
    with pytest.raises(FormatError, match="ASSIGNMENT:status"):
        read("toloka", HEADER.replace("status", "state").encode() + mine.encode(), "results")


def test_a_bonus_is_counted_once_and_none_is_lost_unsaid() -> None:
    bonuses, page = REPLIES.read_text().splitlines()
    doubled = json.loads(bonuses)
    doubled["items"] = [{**each, "id": f"bonus-{place}"} for place, each in enumerate(doubled["items"])] * 2
    twice = read("toloka", f"{json.dumps(doubled)}\n{page}".encode(), "replies")
    once = read("toloka", REPLIES, "replies")
    assert [made.bonus for made in twice.decisions] == [made.bonus for made in once.decisions]
    waiting = page.replace('"ACCEPTED"', '"SUBMITTED"')
    found = read("toloka", f"{bonuses}\n{waiting}".encode(), "replies")
    assert {each.reason for each in found.refused} == {"A bonus was paid for an assignment that is not decided."}


def test_what_was_rejected_can_be_accepted_and_not_the_other_way() -> None:
    (page,) = (json.loads(line)["items"] for line in REPLIES.read_text().splitlines()[1:])
    found = read("toloka", json.dumps(page).encode(), "assignments")
    by_verdict = {made.verdict: made for made in found.decisions}
    accepted, rejected = by_verdict["accepted"], by_verdict["rejected"]
    assert accepted.replaces == (f"{accepted.contribution}:rejected",)
    assert rejected.replaces == ()


def test_what_a_worker_wrote_in_brackets_is_text() -> None:
    head = "INPUT:q\tOUTPUT:a\tASSIGNMENT:assignment_id\tASSIGNMENT:worker_id\tASSIGNMENT:status\n"
    found = read("toloka", (head + "?\t[unclear]\ta1\tw1\tAPPROVED\n?\t[1]\ta2\tw1\tAPPROVED\n").encode(), "results")
    assert found.refused == []
    assert [each.content for each in found.contributions] == [{"a": "[unclear]"}, {"a": [1]}]


@pytest.mark.parametrize("amount", ["1E-999999", "0.0000000000001", "1E+12", "-1", "NaN"])
def test_amounts_that_nobody_pays(amount: str) -> None:
    with pytest.raises(FormatError):
        Bonuses().add("a1", amount)


def test_a_word_of_an_option_that_is_none() -> None:
    with pytest.raises(ConfigError, match="unit: 'tasks'"):
        read("toloka", RESULTS, "results", unit="tasks")
