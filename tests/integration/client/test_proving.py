"""A service that lies to a client: whatever it changes in what it takes or gives, a client that checks says so."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from ledger import wire
from ledger.client import Client
from ledger.errors import FormatError, ProofError
from ledger.statements import canonical
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
from tests.integration.api.serving import Server
from tests.integration.client.awaited import KINDS, connected
from tests.integration.client.test_scenes import campaign

Change = Callable[[dict[str, Any]], None]
CONTENT = {"answer": "yes", "n": [1, 2.5], "ü": None}


class Lying(httpx.HTTPTransport):
    """Between a client and its service: changes what is said on the way there, or back."""

    def __init__(self) -> None:
        super().__init__()
        self.there: Change | None = None
        self.back: Change | None = None
        self.instead: Callable[[str], str] | None = None

    def request(self, request: httpx.Request) -> httpx.Request:
        if self.instead is not None:
            url = request.url.copy_with(path=self.instead(request.url.path))
            return httpx.Request(request.method, url, headers=request.headers)
        if self.there is None or request.method != "POST":
            return request
        members = json.loads(request.read())
        for item in members.get("items", [members]):
            self.there(item)
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"content-length"]
        return httpx.Request(request.method, request.url, headers=headers, content=json.dumps(members).encode())

    def reply(self, reply: httpx.Response, data: bytes) -> httpx.Response:
        if self.back is not None and b'"receipt"' in data:
            members = json.loads(data)
            for item in members.get("results", [members]):
                self.back(item)
            data = json.dumps(members).encode()
        return httpx.Response(reply.status_code, content=data)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        reply = super().handle_request(self.request(request))
        return self.reply(reply, reply.read())


class LyingAwaited(httpx.AsyncHTTPTransport):
    """The same, awaited."""

    def __init__(self, lying: Lying) -> None:
        super().__init__()
        self.lying = lying

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = await super().handle_async_request(self.lying.request(request))
        return self.lying.reply(reply, await reply.aread())


@pytest.fixture
def lying() -> Lying:
    return Lying()


@pytest.fixture(params=KINDS)
async def client(
    request: pytest.FixtureRequest, server: Server, key: str, log_signer: LogSigner, lying: Lying
) -> AsyncIterator[Any]:
    transport = lying if request.param is Client else LyingAwaited(lying)
    vkey = log_signer.verifier_key.vkey
    async with connected(request.param, server.url, key, verify=vkey, transport=transport) as found:
        yield found


def other_signature(item: dict[str, Any]) -> None:
    """The same statement under a signature that is none."""
    *lines, last, end = item["receipt"]["proof"].split("\n")
    item["receipt"]["proof"] = "\n".join([*lines, last[:-8] + ("A" if last[-8] != "A" else "B") + last[-7:], end])


def no_receipt(item: dict[str, Any]) -> None:
    item["receipt"] = {"v": 1}


def next_index(item: dict[str, Any]) -> None:
    item["index"] += 1


def other_id(item: dict[str, Any]) -> None:
    item["id"] = item["id"][:-1] + ("0" if item["id"][-1] != "0" else "1")


def id_of_the_campaign(item: dict[str, Any]) -> None:
    """The statement names it, but it is another thing's."""
    statement = Receipt.parse(canonical.encode(item["receipt"])).proof.extra
    item["id"] = json.loads(statement or b"")["campaign"]


def lost_opening_of_before(item: dict[str, Any]) -> None:
    """As if what has no id of the sender's had been written before."""
    item["opening"] = None
    if "code" in item:
        item["code"] = 200


def other_opening(item: dict[str, Any]) -> None:
    item["opening"]["salt"] = "00" * 32


def other_key(item: dict[str, Any]) -> None:
    item["receipt"]["key"] = LogSigner.generate("example.org/crowd").verifier_key.vkey


def lost_opening(item: dict[str, Any]) -> None:
    item["opening"] = None


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (other_signature, "signature"),
        (no_receipt, "format"),
        (next_index, "index"),
        (other_id, "id"),
        (id_of_the_campaign, "id"),
        (other_opening, "opening"),
        (other_key, "key"),
        (lost_opening, "opening"),
        (lost_opening_of_before, "opening"),
    ],
)
async def test_what_it_answers_is_changed(client: Any, lying: Lying, change: Change, check: str) -> None:
    opened = await client.open_campaign(campaign())
    new = _of(opened.id)
    lying.back = change
    with pytest.raises(ProofError) as alone:
        await client.submit(new)
    with pytest.raises(ProofError) as among:
        await client.submit_many([new, new])
    assert alone.value.members["check"] == among.value.members["check"] == check


async def test_the_receipt_of_another_entry(client: Any, lying: Lying) -> None:
    opened = await client.open_campaign(campaign())
    first = await client.submit(_of(opened.id))

    def another(item: dict[str, Any]) -> None:
        item |= {"receipt": first.receipt, "opening": first.opening, "index": first.index, "id": first.id}

    lying.back = another
    assert (await client.submit(_of(opened.id))).id == first.id  # nothing that was sent tells these two apart
    with pytest.raises(ProofError, match="content"):
        await client.submit(_of(opened.id, content="mine"))
    with pytest.raises(ProofError, match="kind"):
        await client.decide(wire.NewDecision(contribution=first.id, verdict="accepted"))


@pytest.mark.parametrize(
    ("members", "named"),
    [({"content": {"answer": "no"}}, "content"), ({"content": 1}, "content"), ({"campaign": "other"}, "campaign")],
)
async def test_it_records_something_else(client: Any, lying: Lying, members: dict[str, Any], named: str) -> None:
    opened, other = await client.open_campaign(campaign()), await client.open_campaign(campaign())
    members = {name: other.id if value == "other" else value for name, value in members.items()}
    lying.there = lambda item: item.update(members)
    with pytest.raises(ProofError, match=named):
        await client.submit(_of(opened.id))
    with pytest.raises(ProofError, match=named):
        await client.submit_many([_of(opened.id)])


async def test_keys_come_and_go(client: Any, lying: Lying) -> None:
    """A statement about keys names those that the platform has: a new one, and not one that was revoked."""
    kept, gone = await client.add_key(["submit"]), await client.add_key(["review"])
    await client.revoke_key(gone.id)
    third = await client.add_key(["submit"])
    lying.back = lambda item: item.update(id=kept.id)
    with pytest.raises(ProofError, match=f"'{kept.id}'"):
        await client.revoke_key(third.id)


async def test_it_decides_something_else(client: Any, lying: Lying) -> None:
    opened = await client.open_campaign(campaign())
    work = await client.submit(_of(opened.id))
    lying.there = lambda item: item.update(verdict="accepted", feedback=None)
    with pytest.raises(ProofError, match="verdict"):
        await client.decide(wire.NewDecision(contribution=work.id, verdict="rejected", feedback="No."))


async def test_a_receipt_of_something_else(client: Any, lying: Lying) -> None:
    opened = await client.open_campaign(campaign())
    first, second = [await client.submit(_of(opened.id)) for _ in range(2)]
    decided = [
        await client.decide(wire.NewDecision(contribution=each.id, verdict="accepted")) for each in (first, second)
    ]
    assert await client.receipt(first.id) == await client.entry_receipt(first.index)
    assert await client.decision_receipt(decided[0].id) == await client.entry_receipt(decided[0].index)
    lying.instead = lambda path: path.replace(first.id, second.id).replace(decided[0].id, decided[1].id)
    with pytest.raises(ProofError, match=first.id):
        await client.receipt(first.id)
    with pytest.raises(ProofError, match=decided[0].id):
        await client.decision_receipt(decided[0].id)
    lying.instead = lambda path: path.replace(f"/{first.index}/", f"/{second.index}/")
    with pytest.raises(ProofError, match=f"entry {second.index}"):
        await client.entry_receipt(first.index)


async def test_it_tells_other_words(client: Any, lying: Lying) -> None:
    opened = await client.open_campaign(campaign())
    one, other = [await client.submit(_of(opened.id)) for _ in range(2)]
    lying.back = lost_opening
    with pytest.raises(ProofError, match="opening"):
        await client.decide(wire.NewDecision(contribution=one.id, verdict="rejected", feedback="No."))
    lying.back, lying.there = None, lambda item: item.update(feedback="Your face.")
    with pytest.raises(ProofError, match="content"):
        await client.decide(wire.NewDecision(contribution=other.id, verdict="rejected", feedback="No."))


@pytest.mark.parametrize("kind", KINDS)
async def test_the_first_key_is_pinned(kind: type, server: Server, key: str, log_signer: LogSigner) -> None:
    async with connected(kind, server.url, key, verify=True) as client:
        assert client.vkey is None
        opened = await client.open_campaign(campaign())
        assert client.vkey == log_signer.verifier_key.vkey
        written = await client.submit(_of(opened.id))
    other = LogSigner.generate("example.org/crowd").verifier_key.vkey
    async with connected(kind, server.url, key, verify=other) as client:
        for call in (client.receipt(written.id), client.entry_receipt(written.index), client.submit(_of(opened.id))):
            with pytest.raises(ProofError) as wrong:
                await call
            assert wrong.value.members["check"] == "key"
        assert await client.submit_many([]) == []
    with pytest.raises(FormatError):
        kind(server.url, verify="no key")


def _of(opened: str, content: Any = CONTENT) -> wire.NewContribution:
    return wire.NewContribution(campaign=opened, contributor="ann", content=content)
