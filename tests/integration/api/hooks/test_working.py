"""How deliveries are worked on: once, by whichever process; again where they must wait; as their platform's."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from api.inbox import deliveries, recording, working
from ledger.connectors.preparing import Prepared, Preparer
from ledger.connectors.records import Record, Refused
from ledger.tree.keys import LogSigner
from tests.integration.api.hooks.senders import (
    SNS_SECRET,
    Made,
    Sent,
    by_basic,
    by_header,
    by_prolific,
    by_sns,
    make_hook,
)
from tests.integration.api.hooks.waiting import answer, becomes, make_due, none_waits, tried
from tests.integration.api.running import Api, Platform, running, settings, until
from tests.services.databases import copy_sqlite
from tests.services.platform_api import Asked, PlatformApi, Reply, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
SUBMISSION: dict[str, Any] = {
    "id": "60d9aadeb86739de712faee0",
    "participant_id": "60bf9310e8dec401be6e9615",
    "status": "APPROVED",
    "entered_code": "ABC",
    "completed_at": "2026-11-22T02:12:24Z",
    "bonus_payments": [150, 100],
}
CHANGE = {"event_type": "submission.status.change", "resource_id": SUBMISSION["id"]}
GIVEN = "a secret that Prolific made"
SAID = "the secret answer\nERROR a forged line"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, log_signer: LogSigner
) -> AsyncIterator[Api]:
    """One for all tests, each with a platform of its own."""
    folder = tmp_path_factory.mktemp("working")
    url = copy_sqlite(migrated_sqlite, folder / "crowdledger.sqlite")
    async with running(settings(folder, url, log_signer, private_addresses=True)) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def platform(api: Api) -> Platform:
    return await api.platform()


@pytest.fixture
def prolific() -> Iterator[PlatformApi]:
    def answer(asked: Asked) -> Reply:
        return Reply(SUBMISSION) if asked.path == f"/api/v1/submissions/{SUBMISSION['id']}/" else Reply(status=404)

    with serving(answer) as found:
        yield found


async def make_prolific(platform: Platform, server: PlatformApi, **more: Any) -> Made:
    asked = {"base_url": f"{server.url}/api/v1", "token": "a-token", "secret": GIVEN}
    return await make_hook(platform, "prolific", await platform.campaign(bonus_limit="100"), **asked | more)


async def test_a_bonus_comes_at_the_hooks_rate(platform: Platform, prolific: PlatformApi) -> None:
    hook = await make_prolific(platform, prolific)
    await hook.send(by_prolific(CHANGE, GIVEN, 0))
    line = await becomes(hook, "refused")
    assert "bonuses in the platform's money" in line["words"]
    assert "Set the hook's rate" in line["words"]
    assert (line["has_body"], line["recorded"]) == (True, [])
    http = platform.api.http
    changed = await http.patch(f"/v1/hooks/{hook.id}", headers=platform.headers, json={"rate": "4"})
    assert (changed.status_code, changed.json()["rate"]) == (200, "4")
    again = await platform.post(f"/v1/hooks/{hook.id}/deliveries/{line['id']}/retry")
    assert again.status_code == 202, again.text
    line = await becomes(hook, "done")
    decision = next(each for each in line["recorded"] if each["kind"] == "decision")
    entry = (await platform.api.http.get(f"/v1/entries/{decision['index']}")).json()
    assert (entry["statement"]["verdict"], entry["statement"]["bonus"]) == ("accepted", "10")
    assert decision["url"] == f"http://crowd.test/d/{decision['id']}"
    once_more = await platform.post(f"/v1/hooks/{hook.id}/deliveries/{line['id']}/retry")
    assert (once_more.status_code, once_more.json()["rule"]) == (409, "delivery-retried")


async def test_a_platform_that_fails_first_is_asked_again(api: Api, platform: Platform, prolific: PlatformApi) -> None:
    hook = await make_prolific(platform, prolific, rate="2")
    prolific.first[:] = [Reply(status=500), Reply(status=429), Reply(b"{", length=99)]
    await hook.send(by_prolific(CHANGE, GIVEN, 0))
    for tries, words in ((1, "answered 500"), (2, "answered 429"), (3, "broke")):
        await until(partial(tried, hook, tries))
        (line,) = await hook.deliveries()
        assert line["state"] == "waiting"
        assert line["next_try"] > line["received"]
        assert words in line["words"] or tries == 3, line["words"]
        await make_due(api)
    assert (await becomes(hook, "done"))["tries"] == 4


async def test_what_never_comes_is_dead_in_the_end(
    api: Api, platform: Platform, prolific: PlatformApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await make_prolific(platform, prolific, rate="2")
    prolific.first[:] = [Reply(status=503)] * 50
    await hook.send(by_prolific(CHANGE, GIVEN, 0))

    async def dead() -> bool:
        await make_due(api)
        return bool((await hook.deliveries())[0]["state"] == "dead")

    await until(dead)
    (line,) = await hook.deliveries()
    assert (line["tries"], line["has_body"]) == (len(working.BACK_OFF_MS) + 1, True)
    assert ((await hook.shown())["dead"], len(prolific.asked)) == (1, line["tries"])
    prolific.first.clear()
    await platform.post(f"/v1/hooks/{hook.id}/deliveries/{line['id']}/retry")
    assert (await becomes(hook, "done"))["tries"] == 1


async def test_a_token_that_is_refused_is_for_a_person_to_mend(platform: Platform, prolific: PlatformApi) -> None:
    hook = await make_prolific(platform, prolific, rate="2")
    wrong = Reply({"detail": "a-token is wrong"}, status=401)
    prolific.first[:] = [wrong, Reply(b"[" * 100_000), Reply(b"x" * 5_000_000)]
    for words in ("does not take the hook's token", "no JSON", "too long"):
        sent = by_prolific(CHANGE | {"words": words}, GIVEN, 0)
        await hook.send(type(sent)(sent.body, sent.headers | {"X-Event-ID": words.replace(" ", "")}))
        line = await becomes(hook, "refused")
        assert words in line["words"], line["words"]
        assert "a-token" not in json.dumps(line)


async def test_a_change_waits_for_what_it_changes(platform: Platform) -> None:
    campaign = await platform.campaign()
    hook = await make_hook(platform, "label-studio", campaign)

    def event(action: str, value: str, at: str) -> dict[str, Any]:
        result = [{"from_name": "s", "to_name": "t", "type": "choices", "value": {"choices": [value]}}]
        annotation = {"id": 7, "task": 5, "completed_by": 3, "result": result, "updated_at": at}
        return {"action": action, "annotation": annotation, "task": {"id": 5, "data": {"t": "a"}}}

    async def send(action: str, value: str, at: str) -> None:
        reply = await hook.send(by_header(event(action, value, at), hook.secret, 0))
        assert reply.status_code == 200, reply.text

    await send("ANNOTATION_UPDATED", "B", "2")
    await until(lambda: tried(hook))
    (line,) = await hook.deliveries()
    assert (line["state"], "is not recorded" in line["words"]) == ("waiting", True)
    await send("ANNOTATION_CREATED", "A", "1")
    for value, at in (("A", "3"), ("B", "4")):  # back again, and back
        await until(lambda: none_waits(hook))
        await send("ANNOTATION_UPDATED", value, at)
    await until(lambda: none_waits(hook))
    found = (await platform.get("/v1/contributions", campaign=campaign, content="true")).json()["items"]
    assert [each["content"]["s"] for each in found] == ["A", "B", "A", "B"]
    assert [each["replaced_by"] for each in found] == [*(each["id"] for each in found[1:]), None]


async def test_a_webhook_decides_nothing_in_another_campaign(platform: Platform) -> None:
    one, other = await platform.campaign(), await platform.campaign()
    await platform.contribution(one, external_id="mturk:A1")
    event = {"Events": [{"EventType": "AssignmentApproved", "AssignmentId": "A1"}]}  # nobody to ask, so that it decides
    hook = await make_hook(platform, "mturk", other, secret=SNS_SECRET)
    await hook.send(by_sns(event, SNS_SECRET, 0))
    line = await becomes(hook, "refused")
    assert ("another campaign" in line["words"], line["recorded"]) == (True, [])
    right = await make_hook(platform, "mturk", one, secret=SNS_SECRET)
    await right.send(by_sns(event, SNS_SECRET, 0))
    assert [each["kind"] for each in (await becomes(right, "done"))["recorded"]] == ["decision"]


async def test_the_answer_comes_before_the_work(platform: Platform) -> None:
    answered = threading.Event()

    def answer(asked: Asked) -> Reply:
        return Reply(SUBMISSION) if answered.wait(10) else Reply(status=500)

    with serving(answer) as server:
        hook = await make_prolific(platform, server, rate="2")
        reply = await hook.send(by_prolific(CHANGE, GIVEN, 0))
        answered.set()
        assert (reply.status_code, reply.json()) == (200, {"delivery": (await hook.deliveries())[0]["id"]})
        assert (await becomes(hook, "done"))["tries"] == 1


async def test_a_replay_under_another_event_id_asks_nobody(platform: Platform, prolific: PlatformApi) -> None:
    hook = await make_prolific(platform, prolific, rate="2")
    sent = by_prolific(CHANGE, GIVEN, 0)
    first = await hook.send(sent)
    await becomes(hook, "done")
    asked = len(prolific.asked)
    for number in range(3):  # the header is not signed: whoever caught a delivery can change it
        again = await hook.send(Sent(sent.body, sent.headers | {"X-Event-ID": f"made-up-{number}"}))
        assert (again.status_code, again.json()) == (200, first.json())
    await until(lambda: none_waits(hook))
    assert (len(await hook.deliveries()), len(prolific.asked)) == (1, asked)


async def test_rules_hold_for_deliveries_too(platform: Platform) -> None:
    campaign = await platform.campaign()
    hook = await make_hook(platform, "forms", campaign)
    await hook.send(by_header(answer(1), hook.secret, 0))
    await becomes(hook, "done")
    await hook.send(by_header(answer(1) | {"answers": {"q": "another"}}, hook.secret, 0))
    line = await becomes(hook, "refused")
    assert "forms:r1" in line["words"]
    await platform.post(f"/v1/campaigns/{campaign}/close")
    await hook.send(by_header(answer(2), hook.secret, 0))
    assert "closed" in (await becomes(hook, "refused"))["words"]
    assert (await hook.shown())["not_used"] == 2


async def test_one_answer_of_many_that_is_wrong_leaves_the_others(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, threads = Preparer.prepare, set()

    def noted(preparer: Preparer, record: Record) -> Prepared | Refused:
        threads.add(threading.current_thread())
        return prepare(preparer, record)

    monkeypatch.setattr(Preparer, "prepare", noted)
    hook = await make_hook(platform, "forms", await platform.campaign())
    await hook.send(by_header([answer(1), answer(2, respondent_id="x" * 300), answer(3)], hook.secret, 0))
    line = await becomes(hook, "refused")
    assert line["recorded"] == []  # the connector reads a delivery whole
    many = [answer(number) for number in range(600)]
    await hook.send(by_header(many, hook.secret, 0))
    line = await becomes(hook, "done")
    assert (line["recorded_count"], len(line["recorded"])) == (600, deliveries.MAX_SHOWN)
    assert threading.main_thread() not in threads  # where others are answered meanwhile


async def test_a_fault_of_ours_is_tried_again_and_tells_nothing(
    api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook = await make_hook(platform, "forms", await platform.campaign())

    async def broken(*_: Any) -> None:
        raise ValueError(SAID)

    record = recording.Recorder.record
    monkeypatch.setattr(recording.Recorder, "record", broken)
    await hook.send(by_header(answer(1), hook.secret, 0))
    await until(lambda: tried(hook))
    (line,) = await hook.deliveries()
    assert line["words"] == "The service failed on this delivery; its log has the cause."
    assert "secret answer" not in caplog.text
    assert "ValueError" in caplog.text
    monkeypatch.setattr(recording.Recorder, "record", record)
    await make_due(api)
    await becomes(hook, "done")


async def test_a_slow_platform_holds_up_no_other(api: Api, platform: Platform, prolific: PlatformApi) -> None:
    other = await api.platform("Other Ltd")
    quick = await make_hook(other, "forms", await other.campaign())
    with serving(lambda asked: _wait()) as slow:
        for _ in range(5):
            hook = await make_hook(platform, "pybossa", await platform.campaign(), base_url=slow.url, token="a")
            await hook.send(by_basic({"event": "task_completed", "task_id": 1, "project_id": 1}, hook.secret, 0))
        await asyncio.sleep(0.2)
        await quick.send(by_header(answer(1), quick.secret, 0))
        await asyncio.wait_for(becomes(quick, "done"), 8)


def _wait() -> Reply:
    time.sleep(3)
    return Reply(status=500)
