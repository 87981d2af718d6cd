from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import pytest

from ledger.connectors.registry import find
from ledger.errors import FormatError, SignatureError
from ledger.statements.decisions import Method
from tests.unit.connectors.files import DATA, delivery, read, table

FORM = "classifications"
CLUSTERS = DATA / "zooniverse" / "ap-aas229-test-classifications.csv"
WILDCAM = DATA / "zooniverse" / "wildcam_gorongosa_sample.csv"
HOOK = find("zooniverse").hook
assert HOOK is not None
SECRET = b"caesar:a long word"
# After the sample in github.com/zooniverse/caesar, docs/source/includes/_caesar_data.md.
CLASSIFICATION = {
    "id": 356374099,
    "project_id": 16747,
    "workflow_id": 19487,
    "workflow_version": "20.23",
    "subject_id": 67913886,
    "user_id": 2245813,
    "annotations": {"T0": [{"task": "T0", "value": 1}]},
    "metadata": {"started_at": "2021-08-31T19:24:09.056Z", "finished_at": "2021-08-31T19:24:25.576Z"},
    "subject": {"id": 67913886, "metadata": {"name": "field 7"}, "created_at": "2021-08-31T19:24:26.032Z"},
}


def basic(text: bytes) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text).decode()}"}


@pytest.mark.parametrize("path", [CLUSTERS, WILDCAM], ids=["clusters", "wildcam"])
def test_an_export_is_counted_as_csv_and_json_count_it(path: Path) -> None:
    rows = table(path)
    found = read("zooniverse", path, FORM)
    assert found.refused == found.skipped == []
    assert [each.external_id for each in found.contributions] == [f"zooniverse:{r['classification_id']}" for r in rows]
    assert len(found.tasks) == len({r["subject_ids"] for r in rows})
    people = Counter(row["user_id"] or row["user_name"] for row in rows)
    assert Counter(each.contributor for each in found.contributions) == people
    gold = [f"zooniverse:{row['classification_id']}" for row in rows if row["gold_standard"] == "true"]
    assert [each.contribution for each in found.decisions] == gold
    for row, given in zip(rows, found.contributions, strict=True):
        annotations = json.loads(row["annotations"])
        assert isinstance(given.content, dict)
        for name in {each["task"] for each in annotations}:
            values = [each["value"] for each in annotations if each["task"] == name]
            assert given.content[name] == (values if len(values) > 1 else values[0])
        assert given.content["_at"] == json.loads(row["metadata"])["finished_at"]


def test_an_experts_classification_is_gold() -> None:
    found = read("zooniverse", CLUSTERS, FORM)
    assert {made.verdict for made in found.decisions} == {"accepted"}
    owner, *others = [made.method for made in found.decisions]
    assert owner == Method(type="gold", name="zooniverse.gold-standard", parameters={"expert": "owner"})
    assert {each.parameters["expert"] for each in others if each and each.parameters} == {"unnamed"}


def test_retirement_decides_and_does_not_change_the_task() -> None:
    text = WILDCAM.read_text()
    at = '""retired"":{""retired_at"":""2016-10-01T00:00:00Z"",""retirement_reason"":""consensus""}'
    found = read("zooniverse", text.replace('""retired"":null', at, 1).encode(), FORM)
    before = read("zooniverse", WILDCAM, FORM)
    assert found.tasks == before.tasks
    assert found.contributions == before.contributions
    (made,) = found.decisions
    assert made.external_id == "zooniverse:18059832:retired"
    assert made.method == Method(type="consensus", name="zooniverse.retirement", parameters={"reason": "consensus"})


def test_broken_json_in_a_field_costs_its_row_alone() -> None:
    text = WILDCAM.read_text().replace('"[{""task"":', '"[{""task""', 1)
    found = read("zooniverse", text.encode(), FORM)
    (refused,) = found.refused
    assert (refused.line, len(found.records)) == (2, 19)
    assert "annotations" in refused.reason


def test_caesar_is_known_by_its_password_and_nothing_else() -> None:
    assert HOOK is not None
    sent = delivery(CLASSIFICATION, basic(SECRET))
    assert HOOK.verify(sent, [b"old:word", SECRET]).event_id == HOOK.verify(sent, [SECRET]).event_id
    for headers in (
        {},
        basic(b"caesar:a long wore"),
        basic(b"caesar"),
        {"authorization": "Basic &"},
        {"x-secret": "a"},
    ):
        with pytest.raises(SignatureError):
            HOOK.verify(delivery(CLASSIFICATION, headers), [SECRET])
    with pytest.raises(SignatureError):
        HOOK.verify(sent, [])


def test_a_classification_from_caesar_is_what_the_export_would_say() -> None:
    assert HOOK is not None
    (record,) = HOOK.records(delivery(CLASSIFICATION), None)
    (given,) = record.contributions
    assert (given.external_id, given.contributor, given.task) == (
        "zooniverse:356374099",
        "2245813",
        "zooniverse:19487:67913886",
    )
    assert given.content == {"T0": 1, "_at": "2021-08-31T19:24:25.576Z"}
    assert record.tasks[0].content == {"name": "field 7"}
    with pytest.raises(FormatError):
        HOOK.records(delivery({**CLASSIFICATION, "subject": None}), None)
    with pytest.raises(FormatError):
        HOOK.records(delivery(b"\xff{"), None)
