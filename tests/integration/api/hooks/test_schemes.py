"""Every way of signing: genuine deliveries come in, all others leave nothing behind but a number."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from ledger.db import tables
from ledger.tree.keys import LogSigner
from tests.integration.api.hooks import senders
from tests.integration.api.hooks.senders import Made, Sender, Sent, make_hook
from tests.integration.api.hooks.waiting import none_waits
from tests.integration.api.running import Api, Platform, running, settings, until
from tests.services.databases import copy_sqlite
from tests.services.platform_api import Asked, PlatformApi, Reply, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Scheme:
    """A platform's: what it sends, how it signs, and what it answers when it is asked."""

    connector: str
    sign: Sender
    body: Any
    made: str
    """The contribution that comes of it."""
    has_time: bool = False
    given: str | None = None
    wrong: str = "another secret of the same length or so"
    answers: dict[str, Any] = field(default_factory=dict)


ANNOTATION = {"id": 7, "task": 5, "completed_by": 3, "result": [], "created_at": "2026-11-22T02:12:24.955187Z"}
ASSIGNMENT = {
    "id": "a1",
    "task_suite_id": "s1",
    "pool_id": "p1",
    "user_id": "u1",
    "status": "SUBMITTED",
    "submitted": "2026-11-22T02:12:24.955",
    "tasks": [{"id": "t1", "input_values": {"q": "cat?"}}],
    "solutions": [{"output_values": {"a": "yes"}}],
}
SUBMISSION = {
    "id": "60d9aadeb86739de712faee0",
    "participant_id": "60bf9310e8dec401be6e9615",
    "status": "AWAITING REVIEW",
    "entered_code": "ABC",
    "completed_at": "2026-11-22T02:12:24Z",
}
ANSWER = (
    "<QuestionFormAnswers xmlns='http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/"
    "QuestionFormAnswers.xsd'><Answer><QuestionIdentifier>q</QuestionIdentifier><FreeText>yes</FreeText></Answer>"
    "</QuestionFormAnswers>"
)
HIT = {"AssignmentId": "A1", "HITId": "H1", "WorkerId": "W1", "AssignmentStatus": "Submitted", "Answer": ANSWER}
SCHEMES = (
    Scheme(
        "label-studio",
        senders.by_header,
        {"action": "ANNOTATION_CREATED", "annotation": ANNOTATION, "task": {"id": 5, "data": {"text": "a"}}},
        "label-studio:7",
    ),
    Scheme(
        "pybossa",
        senders.by_basic,
        {"event": "task_completed", "task_id": 1, "project_id": 1},
        "pybossa:1",
        wrong="crowdledger:another",
        answers={
            "/api/task/1": {"id": 1, "project_id": 1, "state": "completed", "info": {"q": "cat?"}},
            "/api/taskrun": [{"id": 1, "task_id": 1, "project_id": 1, "user_id": 4, "info": {"a": "yes"}}],
        },
    ),
    Scheme(
        "toloka",
        senders.by_toloka,
        {"events": [{"uuid": "1", "type": "ASSIGNMENT_SUBMITTED", "assignment_id": "a1"}]},
        "toloka:a1",
        has_time=True,
        answers={"/assignments/a1": ASSIGNMENT},
    ),
    Scheme(
        "prolific",
        senders.by_prolific,
        {"event_type": "submission.status.change", "resource_id": SUBMISSION["id"]},
        f"prolific:{SUBMISSION['id']}",
        has_time=True,
        given="a secret that Prolific made",
        answers={f"/submissions/{SUBMISSION['id']}/": SUBMISSION},
    ),
    Scheme(
        "zooniverse",
        senders.by_basic,
        {
            "id": 356374099,
            "workflow_id": 19487,
            "user_id": 2245813,
            "annotations": {"T0": [{"task": "T0", "value": 1}]},
            "subject": {"id": 67913886, "metadata": {"name": "field 7"}},
        },
        "zooniverse:356374099",
        wrong="crowdledger:another",
    ),
    Scheme(
        "mturk",
        senders.by_sns,
        {"Events": [{"EventType": "AssignmentSubmitted", "AssignmentId": "A1", "HITId": "H1"}]},
        "mturk:A1",
        has_time=True,
        given=senders.SNS_SECRET,
        wrong=senders.OTHER_SNS_SECRET,
        answers={"/assignments/A1": {"Assignment": HIT}},
    ),
    Scheme("forms", senders.by_header, {"response_id": "r1", "answers": {"q": "بله"}}, "forms:r1"),
)


@pytest.fixture(params=SCHEMES, ids=lambda each: each.connector)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    found: Scheme = request.param
    return found


@pytest.fixture
def server(scheme: Scheme) -> Iterator[PlatformApi]:
    def answer(asked: Asked) -> Reply:
        return Reply(scheme.answers[asked.path]) if asked.path in scheme.answers else Reply(status=404)

    with serving(answer) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, log_signer: LogSigner
) -> AsyncIterator[Api]:
    """One for all schemes: an application takes longer to make than a delivery to be worked on."""
    folder = tmp_path_factory.mktemp("schemes")
    url = copy_sqlite(migrated_sqlite, folder / "crowdledger.sqlite")
    async with running(settings(folder, url, log_signer, private_addresses=True)) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def platform(api: Api) -> Platform:
    return await api.platform()


@pytest_asyncio.fixture(loop_scope="module")
async def hook(platform: Platform, scheme: Scheme, server: PlatformApi) -> Made:
    asked = {"base_url": server.url, "token": "a-token"} if scheme.answers else {}
    given = {"secret": scheme.given} if scheme.given else {}
    return await make_hook(platform, scheme.connector, await platform.campaign(), **asked, **given)


async def rows_of(api: Api) -> tuple[int, int]:
    """Entries of the log, rows of deliveries."""
    reads = api.service.reads
    counted = await reads.one(select(func.count()).select_from(tables.deliveries))
    assert counted is not None
    return (await api.service.reader.head()).size, counted[0]


async def totals(api: Api) -> Counter[str]:
    """Refused deliveries by reason, all hooks together."""
    await api.service.door.refusals.write(api.service.reads, 1)
    return Counter(await api.service.door.refusals.totals(api.service.reads))


async def test_a_genuine_delivery_is_recorded_and_a_replayed_one_is_nothing_new(
    api: Api, hook: Made, scheme: Scheme, server: PlatformApi
) -> None:
    began = time.monotonic()
    reply = await hook.send(scheme.sign(scheme.body, hook.secret, 0))
    assert (reply.status_code, time.monotonic() - began < 5) == (200, True), reply.text
    await until(lambda: none_waits(hook))
    (line,) = await hook.deliveries()
    assert (line["state"], line["words"], line["has_body"], line["tries"]) == ("done", None, False, 1)
    (thing,) = [each for each in line["recorded"] if each["kind"] == "contribution"]
    found = await hook.platform.get("/v1/contributions", external_id=scheme.made)
    assert [each["id"] for each in found.json()["items"]] == [thing["id"]]
    assert (await api.http.get(f"/v1/contributions/{thing['id']}/receipt")).status_code == 200
    if scheme.answers:
        shown = server.asked[0].headers["authorization"]
        assert shown.endswith("a-token")
    before = await rows_of(api)
    asked = len(server.asked)
    again = await hook.send(scheme.sign(scheme.body, hook.secret, 0))
    assert (again.status_code, again.json()) == (200, reply.json())
    await until(lambda: none_waits(hook))
    # Amazon signs the time into the body, so that this one is a message like the first, under its own id.
    assert (await rows_of(api), len(server.asked)) == (before, asked)


async def test_what_is_not_genuine_leaves_a_number(api: Api, hook: Made, scheme: Scheme, server: PlatformApi) -> None:
    """Nor does it show whether there is such a hook."""
    before, counted = await rows_of(api), await totals(api)
    good = scheme.sign(scheme.body, hook.secret, 0)
    changed = Sent(good.body.replace(b"1", b"2", 1) if b"1" in good.body else good.body + b" ", good.headers)
    refused = [
        scheme.sign(scheme.body, scheme.wrong, 0),
        Sent(b"", {}),
        good.cut(),
    ]
    if scheme.connector != "mturk":  # whose signature is in the body
        refused.append(Sent(good.body, {}))
    if scheme.has_time:
        refused.append(changed)
    replies = [await hook.send(sent) for sent in refused]
    assert {reply.status_code for reply in replies} == {401}
    assert len({reply.content for reply in replies}) == 1
    expected = {"forged": len(refused)}
    if scheme.has_time:
        for age in (-400, 400):
            stale = await hook.send(scheme.sign(scheme.body, hook.secret, age))
            assert (stale.status_code, stale.json()["type"]) == (401, "/problems/delivery-stale")
        expected["stale"] = 2
    assert (await rows_of(api), server.asked) == (before, [])
    assert await totals(api) - counted == Counter(expected)  # the metrics
    assert (await hook.shown())["refused"] == expected
    other = hook.id[:-4] + ("beef" if hook.id[-4:] != "beef" else "cafe")
    for path in (f"{scheme.connector}/{other}", f"{scheme.connector}/x", f"no-connector/{hook.id}"):
        reply = await good.to(api, f"http://crowd.test/v1/hooks/{path}")
        expected = replies[0].json() | {"instance": reply.json()["instance"]}
        assert (reply.status_code, reply.json()) == (401, expected), path
        assert reply.headers.keys() == replies[0].headers.keys()
