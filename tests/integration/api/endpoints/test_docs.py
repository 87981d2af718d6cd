"""docs/webhooks.md: its requests are made, its receivers take what the service sends and nothing else."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.integration.api.endpoints.sender import Sender, working
from tests.integration.worker.row_stores import PLACE
from tests.services import snippets
from tests.services.receiver import Receiver, Reply, Taken
from tests.services.snippets import Snippet

SHELL, REQUEST, LIBRARY, BY_HAND, HANDLE = snippets.run_by(__file__)


def defined(block: Snippet, name: str, **names: Any) -> Any:
    exec(block.code, names)
    return names[name]


async def run_curl(sender: Sender, command: str, **names: str) -> Any:
    """What a curl command of the page sends, to the application itself."""
    for name, value in names.items():
        command = command.replace(f"${name}", value)
    words = shlex.split(command)
    data = words[words.index("-d") + 1] if "-d" in words else None
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    (path,) = [word for word in words if word.startswith("/v1/")]
    return await sender.api.http.request("POST", path, content=data, headers=headers)


@pytest.mark.parametrize("code", [LIBRARY, BY_HAND], ids=["library", "by hand"])
async def test_receivers_take_what_is_sent_and_nothing_else(sender: Sender, receiver: Receiver, code: Snippet) -> None:
    first, second = SHELL.code.replace("\\\n", " ").strip().split("\n")
    sender.api.service.deployment = PLACE
    made = await run_curl(sender, first, URL="", KEY=sender.platform.key)
    assert made.status_code == 201, made.text
    endpoint = made.json()
    await sender.change(endpoint, url=receiver.url)
    receive = defined(code, "receive", SECRET=endpoint["secret"])
    handle = defined(HANDLE, "handle")
    seen = sqlite3.connect(":memory:")
    seen.execute("CREATE TABLE seen (id TEXT PRIMARY KEY)")
    worked: list[str] = []

    async def answer(taken: Taken) -> Reply:
        handle(seen, receive(taken.headers, taken.body), lambda event: worked.append(event["type"]))
        handle(seen, receive(taken.headers, taken.body), lambda event: worked.append(event["type"]))
        return Reply(204, b"")

    receiver.answer = answer
    tested = await run_curl(sender, second, URL="", KEY=sender.platform.key, ENDPOINT=endpoint["id"])
    assert (tested.status_code, tested.json()["arrived"]) == (200, True), tested.text
    await sender.happen()
    await sender.happen(1, "decision.final")
    async with working(sender.worker()):
        await sender.until_states(endpoint, "sent")
    assert worked == ["endpoint.test", "decision.final"]

    taken = receiver.taken[-1]
    old = str(int(time.time()) - 400)
    other = {"webhook-id": "evt_main_9"}
    for headers, body in (
        (taken.headers, taken.body.replace(b"decision.final", b"decision.made!")),
        (taken.headers | other, taken.body),
        (taken.headers | {"webhook-timestamp": old}, taken.body),
        (taken.headers | {"webhook-signature": "v1,AAAA v2,x"}, taken.body),
    ):
        with pytest.raises((ValueError, WebhookVerificationError)):
            receive(headers, body)


def test_the_shown_request_is_signed_under_the_shown_secret() -> None:
    head, _, body = REQUEST.code.removesuffix("\n").partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    (secret,) = re.findall(r"under `(whsec_\w+)`", (snippets.ROOT / REQUEST.page).read_text())
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert Webhook(secret).sign(msg_id=headers["webhook-id"], timestamp=at, data=body) == headers["webhook-signature"]
    event = json.loads(body)
    assert list(event) == ["data", "id", "number", "timestamp", "type"]
    assert (headers["webhook-id"], event["timestamp"][:10]) == (event["id"], f"{at:%Y-%m-%d}")
