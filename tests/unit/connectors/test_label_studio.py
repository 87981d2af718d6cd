from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import Any

import pytest

from ledger.connectors.registry import find
from ledger.errors import FormatError, SignatureError
from ledger.statements.decisions import Method
from tests.unit.connectors.files import DATA, deliveries, delivery, read

FOLDER = DATA / "label-studio"
EXPORT = FOLDER / "ls-1.23.2-export"
WEBHOOKS = FOLDER / "ls-1.23.2-webhooks.jsonl"
HOOK = find("label-studio").hook
assert HOOK is not None
SECRET = b"s3cr3t"


def annotation(**changes: Any) -> dict[str, Any]:
    made = {
        "id": 9,
        "completed_by": 4,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-11-22T02:12:24.955187Z",
        "result": [{"from_name": "s", "to_name": "t", "type": "choices", "value": {"choices": ["Good"]}}],
    }
    return {**made, **changes}


def export(*annotations: dict[str, Any]) -> bytes:
    return json.dumps([{"id": 3, "data": {"text": "متن"}, "annotations": list(annotations)}]).encode()


def test_all_exports_say_the_same() -> None:
    tasks = json.loads(EXPORT.with_name(f"{EXPORT.name}.json").read_text())
    whole = read("label-studio", EXPORT.with_name(f"{EXPORT.name}.json"), "json")
    assert len(whole.contributions) == sum(len(task["annotations"]) for task in tasks) == 3
    assert whole.tasks.keys() == {f"label-studio:{task['id']}" for task in tasks}
    assert whole.refused == whole.skipped == []
    for suffix in ("json_min", "csv", "tsv"):
        flat = read("label-studio", EXPORT.with_name(f"{EXPORT.name}.{suffix}"), "rows", answers="sentiment")
        assert flat.contributions == whole.contributions
        assert flat.tasks == whole.tasks
        assert flat.refused == flat.skipped == []
    with EXPORT.with_name(f"{EXPORT.name}.tsv").open(newline="") as file:
        assert len(list(csv.DictReader(file, delimiter="\t"))) == 3
    assert whole.contribution("label-studio:3").content == {"sentiment": "Negative", "_at": "2026-11-22T02:12:26.226Z"}


def test_without_the_option_a_flat_row_is_taken_whole() -> None:
    found = read("label-studio", EXPORT.with_name(f"{EXPORT.name}.csv"), "rows")
    assert (len(found.contributions), found.tasks) == (3, {})
    assert found.contributions[0].content == {
        "gold": "Positive",
        "sentiment": "Positive",
        "text": "review 0",
        "_at": "2026-11-22T02:12:24.955Z",
    }


def test_ground_truth_and_reviews_decide() -> None:
    found = read("label-studio", EXPORT.with_name(f"{EXPORT.name}.json"), "json")
    (made,) = found.decisions
    assert (made.contribution, made.verdict) == ("label-studio:1", "accepted")
    assert made.method == Method(type="gold", name="label-studio.ground-truth")
    reviewed = read(
        "label-studio",
        export(
            *(annotation(id=n, last_action=a) for n, a in enumerate(("accepted", "fixed_and_accepted", "rejected")))
        ),
        "json",
    )
    assert [made.verdict for made in reviewed.decisions] == ["accepted", "accepted", "rejected"]
    assert reviewed.decisions[2].feedback


def test_what_is_no_single_choice_stays_as_it_is() -> None:
    box = {"from_name": "b", "to_name": "i", "type": "rectanglelabels", "id": "x1", "value": {"x": 1.5, "y": 2}}
    words = {"from_name": "w", "to_name": "t", "type": "textarea", "value": {"text": ["یک"]}}
    two = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["a", "b"]}}
    found = read("label-studio", export(annotation(result=[box, {**box, "id": "x2"}, words, two])), "json")
    content = found.contributions[0].content
    assert isinstance(content, dict)
    assert content["w"] == "یک"
    assert isinstance(content["b"], list)
    assert [each["id"] for each in content["b"] if isinstance(each, dict)] == ["x1", "x2"]
    assert content["c"] == {"type": "choices", "value": {"choices": ["a", "b"]}}


def test_skipped_annotations_say_nothing_and_broken_ones_cost_their_task() -> None:
    found = read("label-studio", export(annotation(was_cancelled=True), annotation(id=10)), "json")
    assert [each.external_id for each in found.contributions] == ["label-studio:10"]
    for broken in (annotation(completed_by=None), annotation(result=None), annotation(id=None)):
        found = read("label-studio", export(annotation(), broken), "json")
        assert (len(found.refused), found.contributions) == (1, [])


def test_recorded_deliveries_are_genuine_and_say_what_the_export_says() -> None:
    assert HOOK is not None
    sent = deliveries(WEBHOOKS)
    seen = {HOOK.verify(each, [b"another", SECRET]).event_id for each in sent}
    assert len(seen) == len(sent) == 5
    records = [record for each in sent for record in HOOK.records(each, None)]
    tasks = {task.external_id: task for record in records for task in record.tasks}
    whole = read("label-studio", EXPORT.with_name(f"{EXPORT.name}.json"), "json")
    assert tasks == whole.tasks
    *created, updated = [given for record in records for given in record.contributions]
    assert created[:2] == whole.contributions[:2]
    assert isinstance(created[2].content, dict)
    assert created[2].content["sentiment"] == "Positive"
    assert updated.replaces == created[2].external_id == "label-studio:3"
    assert updated.external_id.startswith("label-studio:3:")
    assert updated.content == whole.contributions[2].content
    assert b"amDqurKVg5VRTHp71AjijI74bG40lnTWHko7mVXc" in sent[0].body
    assert "amDqurKVg5VRTHp71AjijI74bG40lnTWHko7mVXc" not in repr(records)


def test_forged_and_truncated_deliveries_are_refused_and_replays_are_known() -> None:
    assert HOOK is not None
    sent = deliveries(WEBHOOKS)[1]
    assert HOOK.verify(sent, [SECRET]) == HOOK.verify(replace(sent), [SECRET])
    for headers in (
        {},
        {"x-our-secret": "s3cr3"},
        {"x-our-secret": "s3cr3t "},
        {"x-our-secret": ""},
        {"x-our-secret": "s3cr3t", "x-other-secret": "s3cr3t"},
        {"authorization": "Bearer no"},
        {"x-our-token": "s3cr3t"},
    ):
        with pytest.raises(SignatureError):
            HOOK.verify(delivery(sent.body, headers), [SECRET])
    with pytest.raises(SignatureError):
        HOOK.verify(replace(sent, headers={"x-our-secret": ""}), [b""])
    HOOK.verify(delivery(sent.body, {"authorization": "Bearer s3cr3t"}), [SECRET])
    cut = replace(sent, body=sent.body[:-200])
    with pytest.raises(SignatureError):
        HOOK.verify(cut, [SECRET])
    with pytest.raises(FormatError):
        HOOK.records(cut, None)
    assert HOOK.records(delivery({"action": "PROJECT_UPDATED"}), None) == ()


def test_an_annotation_is_of_its_own_task_or_of_none() -> None:
    found = read("label-studio", export(annotation(task=3), annotation(id=10)), "json")
    assert {each.task for each in found.contributions} == {"label-studio:3"}
    (refused,) = read("label-studio", export(annotation(task=4)), "json").refused
    assert "without its task" in refused.reason


def test_a_review_can_be_taken_back_by_an_acceptance() -> None:
    found = read("label-studio", export(annotation(last_action="fixed_and_accepted")), "json")
    assert [each.replaces for each in found.decisions] == [("label-studio:9:rejected",)]


def test_a_flat_row_that_was_left_empty_has_its_task_all_the_same() -> None:
    flat = {"annotation_id": 9, "annotator": 4, "created_at": "2026-11-22T02:12:24Z", "id": 3, "lead_time": 1}
    found = read("label-studio", json.dumps([{**flat, "updated_at": "", "text": "متن"}]).encode(), "rows", answers="s")
    (given,) = found.contributions
    assert (given.task, given.content) == ("label-studio:3", {"_at": "2026-11-22T02:12:24.000Z"})
    assert found.tasks["label-studio:3"].content == {"text": "متن"}
