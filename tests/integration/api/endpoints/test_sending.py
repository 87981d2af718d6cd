"""Events arrive at endpoints: signed, in order, again after failures, once each while nothing breaks."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from ledger.worker.delivering import delivering
from ledger.worker.delivering.schedule import DELAYS_MS, GIVE_UP_MS
from tests.integration.api.endpoints.sender import Sender, working
from tests.integration.api.running import until
from tests.services.receiver import Receiver, Reply, Taken, receiving


def failing(*ids: str, status: int = 500, headers: tuple[str, ...] = ()) -> object:
    """Refuse these events (all without any named), take the others."""

    async def answer(taken: Taken) -> Reply:
        bad = not ids or taken.id in ids
        return Reply(status, b"No\x1b[31m  room\r\n\xff", headers) if bad else Reply()

    return answer


async def test_events_arrive_signed_and_in_order(both: Sender, receiver: Receiver) -> None:
    await both.happen(2)  # before there was an endpoint
    endpoint = await both.endpoint(receiver.url)
    others = await both.api.platform("Others")
    await both.happen(1, platform=others)
    ids = await both.happen(30) + await both.happen(1, "decision.made")
    async with working(both.worker()):
        await both.until_states(endpoint, *["sent"] * 31)
        ids += await both.happen(1, "appeal.filed")
        await both.until_states(endpoint, *["sent"] * 32)
    assert receiver.ids == ids
    assert receiver.most_at_once == 1
    webhook = Webhook(endpoint["secret"])
    for taken in receiver.taken:
        assert webhook.verify(taken.body, taken.headers) == taken.event
        assert taken.event["id"] == taken.id
        assert abs(int(taken.headers["webhook-timestamp"]) - time.time()) < 60
        assert taken.headers["content-type"] == "application/json"
        assert taken.headers["user-agent"].startswith("CrowdLedger/")
    with pytest.raises(WebhookVerificationError):
        webhook.verify(receiver.taken[0].body + b" ", receiver.taken[0].headers)
    listed = (await both.platform.get("/v1/events", after=3)).json()["items"]
    assert [json.loads(taken.body) for taken in receiver.taken] == listed

    (newest, *_) = await both.sendings(endpoint)
    assert newest["id"] == ids[-1]
    assert (newest["type"], newest["status"], newest["words"], newest["tries"]) == ("appeal.filed", 200, "Thank you", 1)
    standing = await both.get(endpoint)
    assert (standing["cursor"], standing["waiting"], standing["dead"], standing["failing_since"]) == (35, 0, 0, None)


async def test_only_the_types_that_are_wanted(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url, types=["decision.made", "claim.paid"])
    await sender.happen(20)
    wanted = await sender.happen(1, "decision.made")
    await sender.happen(20)
    async with working(sender.worker()):
        await until(lambda: _cursor_is(sender, endpoint, 41))
    assert receiver.ids == wanted


async def _cursor_is(sender: Sender, endpoint: dict[str, object], number: int) -> bool:
    return (await sender.get(endpoint))["cursor"] == number


async def test_a_failed_one_is_tried_again_and_holds_up_no_other(both: Sender, receiver: Receiver) -> None:
    endpoint = await both.endpoint(receiver.url)
    first, second, third = await both.happen(3)
    receiver.answer = failing(second)
    async with working(both.worker()):
        await both.until_states(endpoint, "sent", "waiting", "sent")
        assert receiver.ids == [first, second, third]
        (_, failed, _) = await both.sendings(endpoint)
        assert (failed["tries"], failed["status"], failed["words"]) == (1, 500, "No [31m room �")
        for tries, delay in enumerate(DELAYS_MS[:3], 2):
            both.clock.ahead_ms += delay - 1_500
            await asyncio.sleep(0.1)
            assert len(receiver.taken) == tries + 1, "too early"
            both.clock.ahead_ms += 1_500 + delay // 8
            await until(lambda tries=tries: _tried(both, endpoint, second, tries))
        receiver.answer = failing("none")
        both.clock.ahead_ms += DELAYS_MS[3] * 2
        await both.until_states(endpoint, "sent", "sent", "sent")
    again = [taken for taken in receiver.taken if taken.id == second]
    assert len(again) == 5
    assert len({taken.body for taken in again}) == 1
    for taken in again:
        seconds = int(taken.headers["webhook-timestamp"])
        assert taken.headers["webhook-signature"] == _signature(endpoint, taken, seconds)
    assert len({taken.headers["webhook-timestamp"] for taken in again}) == 5
    assert (await both.get(endpoint))["failing_since"] is None


def _signature(endpoint: dict[str, object], taken: Taken, seconds: int) -> str:
    """By the reference: its sign() takes any time, verify() only the present."""
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(seconds, UTC)
    return str(Webhook(str(endpoint["secret"])).sign(taken.id, at, taken.body.decode()))


async def _tried(sender: Sender, endpoint: dict[str, object], id_: str, tries: int) -> bool:
    return any(each["id"] == id_ and each["tries"] == tries for each in await sender.sendings(endpoint))


async def test_after_the_last_try_it_is_dead_and_can_be_sent_again(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    (id_,) = await sender.happen()
    receiver.answer = failing()
    async with working(sender.worker()):
        for tries, delay in enumerate((*DELAYS_MS, None), 1):
            await until(lambda tries=tries: _tried(sender, endpoint, id_, tries))
            await sender.change(endpoint, pause_ms=0)
            sender.clock.ahead_ms += (delay or 0) * 112 // 100
        await sender.until_states(endpoint, "dead")
        assert len(receiver.taken) == len(DELAYS_MS) + 1 == 10
        assert [each["id"] for each in await sender.sendings(endpoint, state="dead")] == [id_]
        assert await sender.sendings(endpoint, state="waiting") == []
        assert (await sender.get(endpoint))["dead"] == 1
        sender.clock.ahead_ms += DELAYS_MS[-1] * 2
        await asyncio.sleep(0.3)
        assert len(receiver.taken) == 10
        receiver.answer = failing("none")
        again = await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/sendings/1/retry")
        assert (again.status_code, again.json()["state"], again.json()["tries"]) == (202, "waiting", 0)
        await sender.until_states(endpoint, "sent")
    assert set(receiver.ids) == {id_}


async def test_no_answer_in_time(sender: Sender, receiver: Receiver) -> None:
    async def sleep(_: Taken) -> Reply:
        await asyncio.sleep(30)
        return Reply()

    receiver.answer = sleep
    endpoint = await sender.endpoint(receiver.url)
    await sender.happen()
    async with working(sender.worker(timeout_seconds=0.3)):
        await sender.until_states(endpoint, "waiting")
    (late,) = await sender.sendings(endpoint)
    assert (late["status"], late["words"]) == (
        None,
        f"127.0.0.1:{receiver.port} did not answer within 0.3 seconds.",
    )
    assert 300 <= late["took_ms"] < 3_000


@pytest.mark.long
async def test_nobody_there(sender: Sender) -> None:
    async with receiving() as receiver:
        endpoint = await sender.endpoint(receiver.url)
    await sender.happen()
    async with working(sender.worker()):
        await sender.until_states(endpoint, "waiting")
    (failed,) = await sender.sendings(endpoint)
    assert "no connection could be made" in failed["words"]


async def test_gone_disables(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    receiver.answer = failing(status=410)
    ids = await sender.happen(3)
    async with working(sender.worker()):
        await sender.until_states(endpoint, "dead")
        await until(lambda: _state_is(sender, endpoint, "disabled"))
        assert (await sender.get(endpoint))["detail"] == "It answered 410: it wants no more."
        await asyncio.sleep(0.3)
        assert receiver.ids == ids[:1]
        receiver.answer = failing("none")
        path = f"/v1/endpoints/{endpoint['id']}"
        enabled = await sender.api.http.patch(path, json={"state": "enabled"}, headers=sender.platform.headers)
        assert (enabled.status_code, enabled.json()["state"], enabled.json()["detail"]) == (200, "enabled", None)
        await sender.until_states(endpoint, "dead", "sent", "sent")
    assert receiver.ids == ids


async def _state_is(sender: Sender, endpoint: dict[str, object], state: str) -> bool:
    return (await sender.get(endpoint))["state"] == state


async def test_a_redirect_is_a_failure_and_is_not_followed(sender: Sender, receiver: Receiver) -> None:
    async with receiving() as elsewhere:
        receiver.answer = failing(status=307, headers=(f"Location: {elsewhere.url}",))
        endpoint = await sender.endpoint(receiver.url)
        await sender.happen()
        async with working(sender.worker()):
            await sender.until_states(endpoint, "waiting")
        assert elsewhere.taken == []
    (failed,) = await sender.sendings(endpoint)
    assert failed["status"] == 307
    assert "redirects are not followed" in failed["words"]


async def test_an_endpoint_that_fails_again_and_again_is_left_alone_for_a_while(
    sender: Sender, receiver: Receiver
) -> None:
    endpoint = await sender.endpoint(receiver.url)
    receiver.answer = failing()
    ids = await sender.happen(40)
    async with working(sender.worker()):
        await until(lambda: _paused(sender, endpoint))
        await asyncio.sleep(0.3)
        assert receiver.ids == ids[:5]
        sender.clock.ahead_ms += 6_000
        await until(lambda: _taken(receiver, 6))
        receiver.answer = failing("none")
        sender.clock.ahead_ms += 30_000
        await until(lambda: _taken(receiver, 46))
        await sender.until_states(endpoint, *["sent"] * 40)
    assert set(receiver.ids) == set(ids)


async def _paused(sender: Sender, endpoint: dict[str, object]) -> bool:
    return (await sender.get(endpoint))["paused_until"] is not None


async def _taken(receiver: Receiver, count: int) -> bool:
    return len(receiver.taken) >= count


@pytest.mark.long
async def test_retry_after_is_heard(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    receiver.answer = failing(status=429, headers=("Retry-After: 600",))
    await sender.happen(2)
    async with working(sender.worker()):
        await until(lambda: _paused(sender, endpoint))
        receiver.answer = failing("none")
        sender.clock.ahead_ms += 590_000
        await asyncio.sleep(0.3)
        assert len(receiver.taken) == 1
        sender.clock.ahead_ms += 20_000
        await sender.until_states(endpoint, "sent", "sent")


@pytest.mark.long
async def test_after_five_days_without_anything_arriving_it_is_disabled(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    receiver.answer = failing()
    await sender.happen()
    async with working(sender.worker()):
        await sender.until_states(endpoint, "waiting")
        since = (await sender.get(endpoint))["failing_since"]
        sender.clock.ahead_ms += GIVE_UP_MS
        await until(lambda: _state_is(sender, endpoint, "disabled"))
    assert (await sender.get(endpoint))["detail"] == f"Nothing has arrived since {since}."


async def test_a_slow_endpoint_holds_up_no_other(sender: Sender, receiver: Receiver) -> None:
    others = await sender.api.platform("Slow Ltd")

    async def sleep(_: Taken) -> Reply:
        await asyncio.sleep(30)
        return Reply()

    async with receiving(sleep) as slow:
        for _ in range(10):
            await sender.endpoint(slow.url, platform=others)
        endpoint = await sender.endpoint(receiver.url)
        await sender.happen(5, platform=others)
        async with working(sender.worker()):
            await until(lambda: _taken(slow, 5))
            await sender.happen(20)
            await sender.until_states(endpoint, *["sent"] * 20, seconds=10)
            assert len(slow.taken) == 5, "more endpoints of one platform than may be served at a time"


async def test_as_many_at_once_as_are_wanted(sender: Sender, receiver: Receiver) -> None:
    async def slowly(_: Taken) -> Reply:
        await asyncio.sleep(0.05)
        return Reply()

    receiver.answer = slowly
    endpoint = await sender.endpoint(receiver.url, at_once=4)
    ids = await sender.happen(20)
    async with working(sender.worker()):
        await sender.until_states(endpoint, *["sent"] * 20)
    assert receiver.most_at_once == 4
    assert sorted(receiver.ids) == sorted(ids)


async def test_one_to_which_much_is_to_be_sent_holds_up_no_other(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_ENDPOINTS", 1)
    monkeypatch.setattr(delivering, "_ROUND", 5)
    await sender.endpoint(receiver.url)
    other = await sender.api.platform("Others")
    await sender.endpoint(receiver.url, other)
    await sender.happen(60)
    (single,) = await sender.happen(platform=other)
    async with working(sender.worker()):
        await until(lambda: _taken(receiver, 61))
    assert receiver.ids.index(single) <= 10


async def test_slow_endpoints_of_one_platform_leave_room_for_others(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They answer well, but late: nothing else would hold them back."""
    monkeypatch.setattr(delivering, "_REQUESTS", 8)
    monkeypatch.setattr(delivering, "_REQUESTS_OF_A_PLATFORM", 4, raising=False)
    let_go = asyncio.Event()

    async def late(taken: Taken) -> Reply:
        if taken.path == "/slow":
            await let_go.wait()
        return Reply()

    receiver.answer = late
    for _ in range(3):
        await sender.endpoint(receiver.url.replace("/told", "/slow"), at_once=4)
    other = await sender.api.platform("Others")
    await sender.endpoint(receiver.url, other)
    await sender.happen(12)
    async with working(sender.worker()):
        await until(lambda: _taken(receiver, 4))
        (single,) = await sender.happen(platform=other)
        await until(lambda: _has(receiver, single), 5)
        let_go.set()


async def _has(receiver: Receiver, id_: str) -> bool:
    return id_ in receiver.ids
