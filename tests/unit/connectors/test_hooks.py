"""What all hooks have in common: whatever a genuine sender sends, it is records or an error that is typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.connectors.connector import Hook
from ledger.connectors.records import Record
from ledger.connectors.registry import connectors
from ledger.errors import FormatError, UnavailableError
from ledger.statements import canonical
from tests.unit.connectors.files import delivery

HOOKS = {name: each.hook for name, each in connectors().items() if each.hook}
NAMES = (
    *("action", "annotation", "annotations", "answers", "assignment_id", "completed_by", "created_at", "data", "event"),
    *("event_type", "events", "Events", "EventType", "AssignmentId", "fields", "from_name", "id", "info", "Message"),
    *("metadata", "participant", "project_id", "resource_id", "result", "result_id", "solutions", "state", "status"),
    *("subject", "task", "task_id", "tasks", "type", "user_id", "value", "workflow_id", "choices", "last_action"),
    *("completed_at", "bonus_payments", "input_values", "output_values", "task_suite_id", "finish_time", "T0"),
)
WORDS = (
    *(
        "ANNOTATION_CREATED",
        "ANNOTATIONS_CREATED",
        "ANNOTATION_UPDATED",
        "TASKS_CREATED",
        "task_completed",
        "completed",
    ),
    *("submission.status.change", "APPROVED", "REJECTED", "ASSIGNMENT_APPROVED", "ACCEPTED", "choices", "rejected"),
    *("AssignmentApproved", "AssignmentSubmitted", "Notification", "abc1", "12", "2026-11-22T02:12:24Z", ""),
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats(0, 2) | st.sampled_from(WORDS) | st.text(max_size=4)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=7),
    max_leaves=25,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=12)


def read(hook: Hook, body: bytes, reply: Any) -> list[Record]:
    """The records, all of them such as can be recorded; none where the error is a typed one."""
    try:
        records = list(hook.records(delivery(body), lambda path, query=None: reply))
    except (FormatError, UnavailableError):
        return []
    for record in records:
        assert isinstance(record, Record)
        for made in record.contributions:
            canonical.encode(made.content)
            assert made.contributor
        for decided in record.decisions:
            assert decided.verdict == "accepted" or decided.feedback
    return records


@settings(max_examples=50)
@given(st.sampled_from(sorted(HOOKS)), BODIES, VALUES)
def test_any_json_is_records_or_a_typed_error(name: str, body: dict[str, Any], reply: Any) -> None:
    hook = HOOKS[name]
    assert hook is not None
    read(hook, json.dumps(body).encode(), reply)


@settings(max_examples=50)
@given(
    st.sampled_from(["ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "TASKS_CREATED"]),
    st.fixed_dictionaries({}, optional={"annotation": BODIES, "annotations": VALUES, "task": VALUES, "tasks": VALUES}),
)
def test_any_event_of_label_studio(action: str, rest: dict[str, Any]) -> None:
    hook = HOOKS["label-studio"]
    assert hook is not None
    read(hook, json.dumps({"action": action, **rest}).encode(), None)


@settings(max_examples=50)
@given(VALUES, st.lists(BODIES, max_size=3))
def test_any_reply_of_a_pybossa_server(task: Any, runs: list[dict[str, Any]]) -> None:
    hook = HOOKS["pybossa"]
    assert hook is not None
    about = {**(task if isinstance(task, dict) else {}), "id": 1, "project_id": 2, "state": "completed"}
    sent = delivery({"event": "task_completed", "task_id": 1, "project_id": 2})
    runs = [{**run, "task_id": 1} for run in runs]
    try:
        records = list(hook.records(sent, lambda path, query=None: about if path == "/api/task/1" else runs))
    except FormatError:
        return
    assert len(records) == len(runs)


def test_an_annotation_without_a_task_is_a_typed_error() -> None:
    hook = HOOKS["label-studio"]
    assert hook is not None
    made = {"id": 1, "completed_by": 1, "result": []}
    with pytest.raises(FormatError, match="task"):
        hook.records(delivery({"action": "ANNOTATIONS_CREATED", "annotations": [made], "task": []}), None)


@pytest.mark.parametrize("name", sorted(HOOKS))
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b"\xff\xfe\x00", b"nul", b'"\\ud800"', b"{}", b"[]", b"1e999"]
)
def test_what_is_no_delivery_is_a_typed_error_or_nothing(name: str, body: bytes) -> None:
    hook = HOOKS[name]
    assert hook is not None
    assert read(hook, body, None) == []
