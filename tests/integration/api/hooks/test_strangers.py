"""Whoever has a script: floods, huge and deep bodies, other people's networks, lines for the log."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from api.inbox import receiving
from ledger.db import tables
from ledger.tree.keys import LogSigner
from ledger.wire import MAX_BODY_BYTES
from tests.integration.api.hooks.senders import Made, Sent, by_header, by_toloka, make_hook
from tests.integration.api.hooks.waiting import answer, becomes, none_waits
from tests.integration.api.running import Api, Platform, running, settings, until
from tests.services.databases import copy_sqlite

pytestmark = pytest.mark.asyncio(loop_scope="module")
NO_ANSWERS = (
    *(b"[" * 500_000, b'{"id":' * 50_000, b"\xff\xfe", b"", b"nul"),
    *(b'"\\ud800"', b'{"id": 1e999}', b'{"id":"\\u0000"}'),
)
PRIVATE = ("169.254.169.254", "[::ffff:127.0.0.1]", "localhost")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, log_signer: LogSigner
) -> AsyncIterator[Api]:
    """One for all tests, each with a platform of its own."""
    folder = tmp_path_factory.mktemp("strangers")
    url = copy_sqlite(migrated_sqlite, folder / "crowdledger.sqlite")
    async with running(settings(folder, url, log_signer)) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def platform(api: Api) -> Platform:
    return await api.platform()


@pytest_asyncio.fixture(loop_scope="module")
async def hook(platform: Platform) -> Made:
    return await make_hook(platform, "forms", await platform.campaign())


async def stored(hook: Made) -> int:
    of_it = select(tables.deliveries).where(tables.deliveries.c.hook == hook.id)
    row = await hook.platform.api.service.reads.one(select(func.count()).select_from(of_it.subquery()))
    assert row is not None
    return int(row[0])


async def test_huge_bodies(api: Api, hook: Made) -> None:
    body = b'"' + b"x" * MAX_BODY_BYTES + b'"'
    assert (await hook.send(by_header(body, hook.secret, 0))).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 64 * 1024

    headers = {"X-CrowdLedger-Secret": hook.secret, "content-type": "application/json"}
    reply = await api.http.post(f"/v1/hooks/forms/{hook.id}", content=pieces(), headers=headers)
    assert (reply.status_code, await stored(hook)) == (413, 0)


async def test_bodies_that_are_no_answers(api: Api, hook: Made) -> None:
    size = (await api.service.reader.head()).size
    for body in NO_ANSWERS:
        assert (await hook.send(by_header(body, hook.secret, 0))).status_code == 200
    await until(lambda: none_waits(hook))
    lines = await hook.deliveries()
    assert {(line["state"], line["recorded_count"], line["words"].isprintable()) for line in lines} == {
        ("refused", 0, True)
    }
    assert (len(lines), (await api.service.reader.head()).size) == (len(NO_ANSWERS), size)


async def test_a_flood_with_a_wrong_secret_leaves_a_number(api: Api, hook: Made) -> None:
    wrong = [hook.send(by_header(answer(number), "x" * 43, 0)) for number in range(80)]
    right = [hook.send(by_header(answer(number), hook.secret, 0)) for number in range(5)]
    replies = await asyncio.gather(*wrong, *right)
    assert {reply.status_code for reply in replies[:80]} <= {401, 429}
    genuine = [reply.status_code for reply in replies[80:]]
    assert set(genuine) <= {200, 429}
    assert await stored(hook) == genuine.count(200)

    async def all_are_counted() -> bool:  # whoever writes them now and then may be at it
        await api.service.door.refusals.write(api.service.reads, 1)
        refused: dict[str, int] = (await hook.shown())["refused"]
        return sum(refused.values()) >= 80

    await until(all_are_counted)


async def test_slow_strangers_take_nobodys_place(api: Api, hook: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "BODY_SECONDS", 3.0)
    wait = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await wait.wait()
        yield b"}"

    path = f"/v1/hooks/forms/{hook.id[:-4]}beef"
    own = f"/v1/hooks/forms/{hook.id}"  # whose address got around, with no secret
    senders = [asyncio.create_task(api.http.post(each, content=slow())) for each in [path] * 16 + [own] * 32]

    async def is_full() -> bool:
        return (await api.http.post(path, content=b"{}")).status_code == 429

    await until(is_full)
    assert (await hook.send(by_header(answer(1), hook.secret, 0))).status_code == 429
    other = await api.platform("Other Ltd")
    theirs = await make_hook(other, "forms", await other.campaign())
    assert (await theirs.send(by_header(answer(1), theirs.secret, 0))).status_code == 200
    replies = await asyncio.gather(*senders)
    assert {reply.status_code for reply in replies} == {400}
    assert "did not come" in replies[0].text
    wait.set()
    assert (await hook.send(by_header(answer(1), hook.secret, 0))).status_code == 200


async def test_the_same_delivery_many_times_at_once(api: Api, hook: Made) -> None:
    replies = await asyncio.gather(*(hook.send(by_header(answer(1), hook.secret, 0)) for _ in range(20)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()["delivery"] for reply in replies}) == 1
    assert await stored(hook) == 1


async def test_no_request_goes_to_a_private_address(platform: Platform) -> None:
    campaign = await platform.campaign()
    event = {"events": [{"type": "ASSIGNMENT_APPROVED", "assignment_id": "a1"}]}
    for host in PRIVATE:
        hook = await make_hook(platform, "toloka", campaign, base_url=f"https://{host}/api/v1")
        assert (await hook.send(by_toloka(event, hook.secret, 0))).status_code == 200
        assert "not public" in (await becomes(hook, "refused"))["words"]


async def test_ids_cannot_leave_the_address(platform: Platform) -> None:
    asked = {"base_url": "https://toloka.dev/api/v1", "secret": "a-secret-of-toloka"}
    hook = await make_hook(platform, "toloka", await platform.campaign(), **asked)
    for own in ("../../admin", "a/b", "a?b", "a%2fb", "a\r\nHost: evil"):
        event = {"events": [{"type": "ASSIGNMENT_APPROVED", "assignment_id": own}]}
        assert (await hook.send(by_toloka(event, hook.secret, 0))).status_code == 200
        line = await becomes(hook, "refused")
        assert line["words"].isprintable()


async def test_nothing_secret_and_no_forged_line_is_logged(
    api: Api, hook: Made, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="api")
    forged = "ok\r\nERROR root: forged"
    await hook.send(by_header({"id": forged, "answers": {}}, hook.secret, 0))
    line = await becomes(hook, "refused")
    assert "\n" not in line["words"]
    wrong = await hook.send(by_header({}, hook.secret[:-1] + "!", 0))
    refused = await hook.send(Sent(b"{}", {"X-Our-Secret": "a word"}))
    for text in (caplog.text, wrong.text, refused.text, json.dumps(await hook.deliveries())):
        assert hook.secret not in text
        assert hook.secret[:-1] not in text
        assert "ERROR root" not in text.replace(line["words"], "")
    assert "forged" not in caplog.text


async def test_whoever_guesses_ids_makes_the_same_work(api: Api, hook: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    compare = hmac.compare_digest

    def counting(first: bytes, second: bytes) -> bool:
        compared.append(path)
        return compare(first, second)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    for path in (f"/v1/hooks/forms/{hook.id}", f"/v1/hooks/forms/{hook.id[:-4]}beef", "/v1/hooks/none/x"):
        reply = await api.http.post(path, content=b"{}", headers={"X-Secret": "wrong"})
        assert reply.status_code == 401
    assert len(compared) == len(set(compared)) == 3


async def test_two_secrets_in_one_request_are_none(hook: Made) -> None:
    headers = {"X-CrowdLedger-Secret": hook.secret, "X-Other-Secret": "x"}
    assert (await hook.send(Sent(b"{}", headers))).status_code == 401


async def test_an_idempotency_key_passes_no_signature(api: Api, hook: Made) -> None:
    sent = by_header(answer(1), hook.secret, 0)
    good = await hook.send(Sent(sent.body, sent.headers | {"Idempotency-Key": "k"}))
    again = await hook.send(Sent(sent.body, {"Idempotency-Key": "k"}))
    assert (good.status_code, again.status_code) == (200, 401)
    await until(lambda: none_waits(hook))
