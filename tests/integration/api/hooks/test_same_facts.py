"""A webhook and an import of the same facts come to the same entries, whichever comes first."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.connectors.connector import Options
from ledger.connectors.preparing import Piece, Prepared, Preparer
from ledger.connectors.records import Record
from ledger.connectors.registry import find
from ledger.tree.keys import LogSigner
from tests.integration.api.hooks import senders
from tests.integration.api.hooks.senders import DATA, Sender, make_hook
from tests.integration.api.hooks.waiting import none_waits
from tests.integration.api.running import Api, Platform, running, settings, until
from tests.services.platform_api import Asked, PlatformApi, Reply, serving

RATE = "100"


@dataclass(frozen=True)
class Facts:
    """The same things as a file and as deliveries. ``answers`` are the platform's when it is asked."""

    connector: str
    form: str
    file: bytes
    sign: Sender
    bodies: list[Any]
    answers: dict[str, Any] = field(default_factory=dict)
    given: str | None = None


def annotation(number: int, **more: Any) -> dict[str, Any]:
    result = [{"from_name": "s", "to_name": "t", "type": "choices", "value": {"choices": ["A"]}}]
    about = {"id": number, "task": number, "completed_by": 3, "result": result}
    return about | {"created_at": "2026-11-22T02:12:24Z", "updated_at": "2026-11-22T02:12:25Z"} | more


def label_studio() -> Facts:
    """One that is the gold at once, one later, and one that is reviewed later: nobody changes an answer."""
    later = "2026-11-22T03:00:00Z"
    steps = [
        ("ANNOTATION_CREATED", annotation(1, ground_truth=True)),
        ("ANNOTATION_CREATED", annotation(2)),
        ("ANNOTATION_UPDATED", annotation(2, ground_truth=True, updated_at=later)),
        ("ANNOTATION_CREATED", annotation(3)),
        ("ANNOTATION_UPDATED", annotation(3, last_action="accepted", updated_at=later)),
    ]
    data = {number: {"id": number, "data": {"text": f"task {number}"}} for number in (1, 2, 3)}
    bodies = [{"action": kind, "annotation": each, "task": data[each["task"]]} for kind, each in steps]
    newest = {each["id"]: each for _, each in steps}
    file = [data[number] | {"annotations": [newest[number]], "project": 1, "inner_id": number} for number in newest]
    return Facts("label-studio", "json", json.dumps(file).encode(), senders.by_header, bodies)


def pybossa() -> Facts:
    tasks = json.loads((DATA / "pybossa" / "live-task.json").read_text())
    runs = json.loads((DATA / "pybossa" / "live-taskrun.json").read_text())
    task = tasks[0]
    answers = {f"/api/task/{task['id']}": task, "/api/taskrun": [run for run in runs if run["task_id"] == task["id"]]}
    body = {"event": "task_completed", "task_id": task["id"], "project_id": task["project_id"]}
    file = json.dumps(answers["/api/taskrun"]).encode()
    return Facts("pybossa", "task-runs", file, senders.by_basic, [body], answers)


def toloka() -> Facts:
    bonuses, work = [json.loads(line) for line in (DATA / "toloka" / "replies.jsonl").read_text().splitlines()][:2]
    for each in work["items"]:
        each["bonus_ids"] = [paid["id"] for paid in bonuses["items"] if paid["assignment_id"] == each["id"]]
    answers = {f"/assignments/{each['id']}": each for each in work["items"]}
    answers |= {f"/user-bonuses/{each['id']}": each for each in bonuses["items"]}
    kinds = {"SUBMITTED": "ASSIGNMENT_SUBMITTED", "ACCEPTED": "ASSIGNMENT_APPROVED", "REJECTED": "ASSIGNMENT_REJECTED"}
    done = [each for each in work["items"] if each["status"] in kinds]
    events = [{"uuid": str(n), "type": kinds[e["status"]], "assignment_id": e["id"]} for n, e in enumerate(done)]
    file = "\n".join(map(json.dumps, (bonuses, work))).encode()
    return Facts("toloka", "replies", file, senders.by_toloka, [{"events": events}], answers)


def prolific() -> Facts:
    file = (DATA / "prolific" / "submissions.json").read_bytes()
    listed = json.loads(file)["results"]
    bodies = [{"event_type": "submission.status.change", "resource_id": each["id"]} for each in listed]
    answers = {f"/submissions/{each['id']}/": each for each in listed}
    given = "a secret that Prolific made"
    return Facts("prolific", "submission-list", file, senders.by_prolific, bodies, answers, given)


def mturk() -> Facts:
    replies = [json.loads(line) for line in (DATA / "mturk" / "api-replies.jsonl").read_text().splitlines()]
    work = [each for reply in replies for each in reply.get("Assignments", [])]
    file = "\n".join(json.dumps(reply) for reply in replies if "BonusPayments" not in reply).encode()
    bodies = [
        {"Events": [{"EventType": f"Assignment{each['AssignmentStatus']}", "AssignmentId": each["AssignmentId"]}]}
        for each in work
    ]
    answers = {f"/assignments/{each['AssignmentId']}": {"Assignment": each} for each in work}
    return Facts("mturk", "assignments", file, senders.by_sns, bodies, answers, senders.SNS_SECRET)


ALL = (label_studio(), pybossa(), toloka(), prolific(), mturk())


@pytest.fixture
async def api(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    async with running(settings(tmp_path, sqlite_database_url, log_signer, private_addresses=True)) as found:
        yield found


@pytest.fixture
def server() -> Iterator[PlatformApi]:
    known = {path: value for facts in ALL for path, value in facts.answers.items()}

    def answer(asked: Asked) -> Reply:
        return Reply(known[asked.path]) if asked.path in known else Reply(status=404)

    with serving(answer) as found:
        yield found


async def imported(platform: Platform, campaign: str, facts: Facts) -> None:
    """As ``crowdledger import`` does it: the same records, made ready by the same code, sent in batches."""
    connector = find(facts.connector)
    form = next(each for each in connector.forms if each.name == facts.form)
    preparer = Preparer(campaign, rate=Decimal(RATE))
    read = connector.read(io.BytesIO(facts.file), form, Options({}))
    made = [preparer.prepare(record) for record in read if isinstance(record, Record)]
    rows = [row for row in made if isinstance(row, Prepared)]
    assert len(rows) == len(made)
    tasks = list(dict.fromkeys(piece for row in rows for piece in row.tasks))
    if facts.connector == "pybossa":  # whose runs do not hold their tasks
        task = next(value for path, value in facts.answers.items() if path.startswith("/api/task/"))
        body = {"external_id": f"pybossa:{task['id']}", "content": task["info"]}
        tasks.append(Piece(f"pybossa:{task['id']}", json.dumps(body).encode()))
    await sent(platform, f"/v1/campaigns/{campaign}/tasks/batch", tasks)
    await sent(platform, "/v1/contributions/batch", [piece for row in rows for piece in row.contributions])
    await sent(platform, "/v1/decisions/batch", [piece for row in rows for piece in row.decisions])


async def sent(platform: Platform, path: str, pieces: list[Piece]) -> None:
    if pieces:
        reply = await platform.post(path, {"items": [msgspec.json.decode(piece.body) for piece in pieces]})
        assert {each["code"] for each in reply.json()["results"]} <= {200, 201}, reply.text


async def delivered(platform: Platform, campaign: str, facts: Facts, server: PlatformApi) -> None:
    asked = {"base_url": server.url, "token": "a-token"} if facts.answers else {}
    given = {"secret": facts.given} if facts.given else {}
    hook = await make_hook(platform, facts.connector, campaign, rate=RATE, **asked, **given)
    for body in facts.bodies:
        assert (await hook.send(facts.sign(body, hook.secret, 0))).status_code == 200
    await until(lambda: none_waits(hook))
    lines = await hook.deliveries()
    assert {(line["state"], line["words"]) for line in lines} <= {
        ("done", None),
        ("done", "There is nothing in it to record."),
    }


async def entries(api: Api, since: int) -> list[tuple[Any, ...]]:
    """What is recorded: kinds, verdicts and bonuses; ids and times differ. That a webhook was made is no fact of it."""
    found = []
    size = (await api.service.reader.head()).size
    for data in await api.service.reader.statements(since, size):
        said = json.loads(data)
        if said["kind"] != "admin.acted":
            found.append((said["kind"], said.get("verdict"), said.get("score"), said.get("bonus")))
    return sorted(found, key=str)


async def test_a_webhook_and_an_import_are_the_same_facts(api: Api, server: PlatformApi) -> None:
    recorded = []
    for hook_first in (True, False):
        platform = await api.platform(f"Answers {hook_first}")
        campaign = await platform.campaign(bonus_limit="1000")
        begin = (await api.service.reader.head()).size
        for facts in ALL:
            if hook_first:
                await delivered(platform, campaign, facts, server)
            else:
                await imported(platform, campaign, facts)
        recorded.append(await entries(api, begin))
        for facts in ALL:
            if hook_first:
                await imported(platform, campaign, facts)
            else:
                await delivered(platform, campaign, facts, server)
            assert await entries(api, begin) == recorded[-1], facts.connector
    assert recorded[0] == recorded[1]
    assert len(recorded[0]) > 20
