"""Clients of a server that dies: they keep every answer, and send again what was not answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.api.running import BRIEF
from tests.simulation.crash.serving import ADMIN_KEY
from tests.simulation.crash.witness import Answer, Witness, answer_of

Json = dict[str, Any]
_TIMEOUT_SECONDS = 60.0
_IDLE_SECONDS = 2.0
"""Less than the server keeps an idle connection: what it closes in the moment of a request would look like a death."""


@dataclass(frozen=True)
class Sent:
    """A request that may be sent again: with an id of its own, or idempotent by what it says."""

    path: str
    body: Json | None
    key: str


@dataclass(frozen=True)
class Reply:
    """What came back; ``answers`` are the things written, one for a single write, in order for a batch."""

    status: int
    codes: list[int]
    answers: list[Answer]
    headers: httpx.Headers
    problem: str = ""


class Crowd:
    """A platform's clients. Every receipt goes to the witness.

    ``unanswered`` are requests whose connection broke, ``refused`` those that were asked to come later (503).
    """

    def __init__(self, url: str, witness: Witness, name: str = "crowd") -> None:
        self.http = httpx.AsyncClient(
            base_url=url,
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, keepalive_expiry=_IDLE_SECONDS),
        )
        self.witness = witness
        self.unanswered: list[Sent] = []
        self.refused: list[Sent] = []
        self.found = 0
        self.failure = ""
        self.key = ""
        self.campaign = ""
        self._name = name
        self._numbers = itertools.count()

    async def open(self) -> None:
        """Register the platform and open a campaign of points."""
        new = {"name": self._name, "external_id": self.fresh("platform")}
        reply = await self.http.post("/v1/platforms", json=new, headers=_bearer(ADMIN_KEY))
        assert reply.status_code == 201, reply.text
        self.key = reply.json()["key"]
        self.witness.remember(answer_of(reply.json()))
        self.campaign = (await self.must(self.new_campaign())).answers[0].id

    async def close(self) -> None:
        await self.http.aclose()

    def fresh(self, what: str) -> str:
        """An own id that was never used."""
        return f"{what}-{next(self._numbers)}-{secrets.token_hex(4)}"

    # Requests

    def platform(self) -> Sent:
        return Sent("/v1/platforms", {"name": "Other", "external_id": self.fresh("platform")}, ADMIN_KEY)

    def new_campaign(self) -> Sent:
        body = {
            "title": "Which sentence follows?",
            "type": "rating",
            "brief": BRIEF,
            "terms": "Answer honestly.",
            "policy": {"name": "piece_rate", "amount": "5"},
            "budget": "5000000",
            "external_id": self.fresh("campaign"),
        }
        return Sent("/v1/campaigns", body, self.key)

    def task(self) -> Sent:
        body = {"content": {"question": 1}, "external_id": self.fresh("task")}
        return Sent(f"/v1/campaigns/{self.campaign}/tasks", body, self.key)

    def contribution(self, contributor: str | None = None) -> Sent:
        return Sent("/v1/contributions", self._contribution(contributor), self.key)

    def batch(self, count: int) -> Sent:
        items = [self._contribution("ann") for _ in range(count)]
        return Sent("/v1/contributions/batch", {"items": items}, self.key)

    def decision(self, contribution: str) -> Sent:
        body = {"contribution": contribution, "verdict": "accepted", "external_id": self.fresh("decision")}
        return Sent("/v1/decisions", body, self.key)

    def withdrawal(self, contribution: str) -> Sent:
        return Sent(f"/v1/contributions/{contribution}/withdraw", None, self.key)

    def _contribution(self, contributor: str | None) -> Json:
        name = self.fresh("item")
        content = {"answer": name}
        person = contributor or f"of {name}"
        return {"campaign": self.campaign, "contributor": person, "content": content, "external_id": name}

    # Sending

    async def send(self, sent: Sent) -> Reply | None:
        """Send once. None where no answer came: then it counts as unanswered."""
        try:
            reply = await self.http.post(sent.path, json=sent.body, headers=_bearer(sent.key))
        except httpx.HTTPError as error:
            self.unanswered.append(sent)
            self.failure = repr(error)
            return None
        members = reply.json()
        if reply.status_code == 503:
            assert int(reply.headers["retry-after"]) > 0
            self.refused.append(sent)
        if reply.status_code not in (200, 201):
            return Reply(reply.status_code, [], [], reply.headers, members["type"].rpartition("/")[2])
        lines = members.get("results", [members | {"code": reply.status_code}])
        answers = [answer_of(each) for each in lines if each["code"] in (200, 201)]
        for answer in answers:
            self.witness.remember(answer)
        return Reply(reply.status_code, [each["code"] for each in lines], answers, reply.headers)

    async def must(self, sent: Sent) -> Reply:
        """Send what has to be written, each item of it."""
        reply = await self.send(sent)
        assert reply is not None, self.failure
        assert set(reply.codes) <= {200, 201}, reply
        assert reply.codes, reply
        return reply

    async def settle(self) -> int:
        """Send what was unanswered or refused again, twice: each is one entry, a batch was written whole or not at all.

        Returns how many of the requests had been written before their sender was told; ``found`` keeps it.
        """
        waiting = self.unanswered + self.refused
        self.unanswered, self.refused = [], []
        there = 0
        for sent in waiting:
            first, again = await self.must(sent), await self.must(sent)
            assert len(set(first.codes)) == 1, f"half of a batch was written: {first.codes}"
            assert set(again.codes) == {200}
            assert again.answers == first.answers
            there += first.codes[0] == 200
        self.found = there
        return there

    async def fill(self, size: int, room: int, width: int = 256) -> int:
        """Write until ``room`` entries are left before a tile is full; returns the size."""
        missing = (width - room - size) % width
        if missing:
            await self.must(self.batch(missing))
        return size + missing

    @contextlib.asynccontextmanager
    async def load(self, connections: int) -> AsyncIterator[list[Reply]]:
        """One contribution after the other over several connections, over one of them batches; adds the replies.

        Each goes on until the block ends, or the server is gone or asks to come later.
        """
        replies: list[Reply] = []
        stop = asyncio.Event()

        async def one_after_the_other(number: int) -> None:
            while not stop.is_set():
                reply = await self.send(self.batch(7) if number == 0 else self.contribution())
                if reply is not None:
                    replies.append(reply)
                if reply is None or reply.status == 503:
                    return

        tasks = [asyncio.create_task(one_after_the_other(number)) for number in range(connections)]
        try:
            yield replies
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def send_all(self, requests: Sequence[Sent]) -> list[Reply | None]:
        """All at once."""
        return list(await asyncio.gather(*map(self.send, requests)))


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
