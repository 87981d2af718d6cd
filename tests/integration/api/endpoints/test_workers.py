"""Several workers, workers that are stopped or killed: each event at least once, never twice at the same time."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter

import pytest
from sqlalchemy import update

from ledger.db import tables
from ledger.worker.delivering.delivering import HELD_MS
from tests.integration.api.endpoints.sender import Sender, working
from tests.integration.api.running import ON_BOTH, until
from tests.services.receiver import Receiver, Reply, Taken

CHILD = """
import asyncio, sys
from ledger.config import Config
from ledger.db import open_database
from ledger.worker.delivering import Delivering

async def main():
    database, key, url = sys.argv[1:]
    config = Config(database_url=database, secrets_key_file=key, public_url=url, private_addresses=True)
    async with open_database(config.database_url) as database:
        await Delivering(config, database, look_seconds=0.05).run()

asyncio.run(main())
"""


@ON_BOTH
async def test_several_workers_send_each_event_once_and_one_at_a_time(both: Sender, receiver: Receiver) -> None:
    async def slowly(_: Taken) -> Reply:
        await asyncio.sleep(0.005)
        return Reply()

    receiver.answer = slowly
    endpoint = await both.endpoint(receiver.url)
    ids: list[str] = []
    async with working(*(both.worker() for _ in range(4))):
        for _ in range(8):
            ids += await both.happen(12)
            await asyncio.sleep(0.05)
        await both.until_states(endpoint, *["sent"] * 96)
    assert receiver.ids == ids
    assert receiver.most_at_once == 1


async def test_events_that_are_written_between_two_reads_are_sent_once(sender: Sender, receiver: Receiver) -> None:
    """The number of the last event is read before the events: by then there may be more of them."""
    endpoint = await sender.endpoint(receiver.url)
    ids = await sender.happen(3)
    async with sender.database.begin() as connection:
        await connection.execute(update(tables.event_cursors).values(number=1))
    async with working(sender.worker()):
        await sender.until_states(endpoint, *["sent"] * 3)
        await asyncio.sleep(0.3)
    assert receiver.ids == ids


async def test_a_worker_that_is_stopped_notes_what_arrived(sender: Sender, receiver: Receiver) -> None:
    reached = asyncio.Event()

    async def stay(taken: Taken) -> Reply:
        if taken.id.endswith("_3"):
            reached.set()
            await asyncio.sleep(30)
        return Reply()

    receiver.answer = stay
    endpoint = await sender.endpoint(receiver.url)
    ids = await sender.happen(5)
    async with working(sender.worker()):
        await reached.wait()
    assert [each["state"] for each in await sender.sendings(endpoint)] == ["sent", "sent"]
    receiver.answer = _thanks
    async with working(sender.worker()):  # at once: the endpoint was given back
        await sender.until_states(endpoint, *["sent"] * 5)
    assert receiver.ids == ids[:3] + ids[2:]


async def _thanks(_: Taken) -> Reply:
    return Reply()


@pytest.mark.parametrize("when", [pytest.param("before the answer", marks=pytest.mark.long), "after the answer"])
async def test_a_worker_that_is_killed_sent_it_and_it_is_sent_again(
    sender: Sender, receiver: Receiver, when: str
) -> None:
    """Nothing is noted by then, so that the next worker sends the same again, under the same id."""
    config = sender.api.service.config
    command = (sys.executable, "-c", CHILD, config.database_url, str(config.secrets_key_file), config.base_url)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
    endpoint = await sender.endpoint(receiver.url)
    ids = await sender.happen(3)
    child = await asyncio.create_subprocess_exec(*command, env=clean)

    async def kill(taken: Taken) -> Reply:
        if when == "before the answer" or len(receiver.taken) == 2:
            os.kill(child.pid, signal.SIGKILL)
        return Reply()

    receiver.answer = kill
    try:
        assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
    finally:
        if child.returncode is None:
            child.kill()
    sent = list(receiver.ids)
    assert sent == ids[: 1 if when == "before the answer" else 2]
    assert await sender.sendings(endpoint) == []
    receiver.answer = _thanks
    async with working(sender.worker()):
        await asyncio.sleep(0.3)
        assert receiver.ids == sent, "the killed worker's time is not over"
        sender.clock.ahead_ms += HELD_MS
        await sender.until_states(endpoint, *["sent"] * 3)
    assert receiver.ids == sent + ids
    bodies = {(taken.id, taken.body) for taken in receiver.taken}
    assert len(bodies) == 3, "the same event with another body"
    assert Counter(receiver.ids)[ids[0]] == 2


async def test_a_worker_that_was_away_for_too_long_notes_nothing(sender: Sender, receiver: Receiver) -> None:
    """Its time was over and another worker served the endpoint meanwhile; that one's word holds."""
    endpoint = await sender.endpoint(receiver.url)
    await sender.happen(2)
    away, gone = asyncio.Event(), asyncio.Event()

    async def stay(_: Taken) -> Reply:
        gone.set()
        await away.wait()
        return Reply(500)

    receiver.answer = stay
    async with working(sender.worker()):
        await gone.wait()
        receiver.answer = _thanks
        sender.clock.ahead_ms += HELD_MS + 1_000
        async with working(sender.worker()):
            await sender.until_states(endpoint, "sent", "sent")
            away.set()
            await asyncio.sleep(0.3)
        await sender.until_states(endpoint, "sent", "sent")
    assert (await sender.get(endpoint))["failing_since"] is None


async def test_a_fault_of_ours_holds_up_no_other_event(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    await sender.happen(1)
    await sender.happen(1, "claim.paid")  # its data lack an account
    await sender.happen(1)
    async with working(sender.worker()):
        await sender.until_states(endpoint, "sent", "waiting", "sent")
    assert receiver.ids == ["evt_main_1", "evt_main_3"]
    await until(lambda: _words(sender, endpoint))


async def _words(sender: Sender, endpoint: dict[str, object]) -> bool:
    (waits,) = await sender.sendings(endpoint, state="waiting")
    return bool(waits["words"] == "The service failed on this event; its log has the cause.")
