"""Every route gets garbage as ids, queries, headers and bodies: each answer is a documented problem, never a fault.

The routes are those of the table in ``guarded``, so that none is forgotten. ``make fuzz`` goes further, for minutes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger import errors
from ledger.wire import Problem
from tests.integration.api.guarded import ADDRESS, ROUTES
from tests.integration.api.people import signed_in
from tests.integration.api.running import ADMIN_KEY, Api, Platform
from tests.integration.api.test_isolation import SECRETS, Victim, victim

__all__ = ["victim"]

SLUGS = {
    each.slug
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, errors.CrowdLedgerError) and each.status < 500
}
WITHOUT_WORKER = {"POST /v1/endpoints", "POST /v1/settlements", "POST /v1/claims", "POST /v1/audits", "POST /audit"}
"""Here is no chain and no worker, which they say (503)."""
TRACES = ("Traceback", 'File "', "sqlalchemy", "msgspec", "pydantic", "asyncpg", "aiosqlite")
TEXTS = st.one_of(
    st.sampled_from(
        ["", ".", "..", "\0", "%00", "0", "-1", "9" * 40, "9007199254740992", "null", "\ufeff", "0x", "a" * 300]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.uuids().map(str),
)
LINES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
HEADERS = ("Idempotency-Key", "Last-Event-ID", "Range", "If-Range", "If-None-Match", "Accept-Language", "Cookie")


@dataclass(frozen=True)
class Garbage:
    """What one example sends to all routes. ``real``: the ids of paths exist."""

    real: bool
    id: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    form: str
    place: int

    def body_of(self, name: str, victim: Victim) -> bytes | None:
        """Bytes that are no JSON, any JSON, or the route's own body with one member spoilt."""
        own = victim.fill(ROUTES[name].body)
        match self.form:
            case "bytes":
                return json.dumps(self.body).encode()[:-1] + b"\xff"
            case "member" if isinstance(own, dict) and own:
                spoilt = sorted(own)[self.place % len(own)]
                return json.dumps(own | {spoilt: self.body}).encode()
            case "more" if isinstance(own, dict):
                return json.dumps(own | {self.id: self.body}).encode()
            case _:
                return json.dumps(self.body).encode()


GARBAGE = st.builds(
    Garbage,
    real=st.booleans(),
    id=TEXTS,
    query=st.dictionaries(st.sampled_from(["cursor", "limit", "kind", "external_id", "after", "address"]), TEXTS),
    headers=st.dictionaries(st.sampled_from(HEADERS), LINES, max_size=2),
    body=VALUES,
    form=st.sampled_from(["bytes", "any", "member", "more"]),
    place=st.integers(0, 20),
)


def path_of(name: str, garbage: Garbage, names: dict[str, str]) -> str:
    """A route's path: its ids filled, its query spoilt."""

    def value(match: re.Match[str]) -> str:
        real = names[match[1]] if garbage.real else garbage.id
        return real if match[1] == "path" and garbage.real else quote(real, safe="")

    path = re.sub(r"{(\w+)}", value, name.partition(" ")[2])
    return path + (f"?{urlencode(garbage.query)}" if garbage.query else ROUTES[name].query if garbage.real else "")


def check(name: str, reply: httpx.Response, secrets: list[str], described: dict[str, Any], whole: bool) -> None:
    """A problem as documented, or an answer as described."""
    told = (name, str(reply.request.url), reply.request.content[:300], reply.status_code, reply.text[:600])
    assert not [secret for secret in secrets if secret in reply.text], told
    assert reply.status_code < 500 or (reply.status_code == 503 and name in WITHOUT_WORKER), told
    if name not in described and reply.headers.get("content-type", "").startswith("text/html"):
        assert not [trace for trace in TRACES if trace in reply.text], told
    elif reply.status_code >= 400:
        assert reply.headers["content-type"] == "application/problem+json", told
        problem = Problem.model_validate(reply.json())
        slug = problem.type.removeprefix("/problems/")
        assert slug in SLUGS or reply.status_code == 503, told
        assert problem.detail, told
        assert problem.remedy, told
        assert not [trace for trace in TRACES if trace in reply.text], told
    elif whole and name in described:
        content = described[name]["responses"][str(reply.status_code)].get("content", {})
        kind = reply.headers.get("content-type", "").partition(";")[0]
        assert kind in content or "*/*" in content or (not content and not reply.content), told


def described_of(api: Api) -> dict[str, Any]:
    paths = api.app.openapi()["paths"]
    return {f"{method.upper()} {path}": each for path, found in paths.items() for method, each in found.items()}


@pytest.fixture
async def known(victim: Victim) -> Victim:
    """The same, but a key that may be revoked is another one than that which asks."""
    spare = (await victim.platform.post("/v1/keys", {"scopes": ["submit"]})).json()["key"]
    more = {"key": spare.split("_")[1], "code": "fa", "audit": victim.names["hook"]}
    more |= {"chain_id": "31337", "pool": ADDRESS, "account": ADDRESS}
    return Victim(victim.platform, victim.names | more)


async def tokens(platform: Platform) -> list[str | None]:
    """A stranger, a platform, somebody signed in, the operator."""
    return [None, platform.key, (await signed_in(platform)).token, ADMIN_KEY]


@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(garbage=GARBAGE)
async def test_every_route_answers_garbage_with_a_documented_problem(known: Victim, garbage: Garbage) -> None:
    platform = known.platform
    api, described = platform.api, described_of(platform.api)
    held = await tokens(platform)
    secrets = [token for token in held if token] + ["PRIVATE KEY"]
    for number, name in enumerate(ROUTES):
        token = held[(number + garbage.place) % len(held)] if ROUTES[name].access == "public" else platform.key
        if ROUTES[name].access in ("session", "operator"):
            token = held[2 if ROUTES[name].access == "session" else 3]
        request = api.http.build_request(
            name.partition(" ")[0],
            path_of(name, garbage, known.names),
            content=None if name.startswith("GET ") else garbage.body_of(name, known),
            headers=[
                ("Content-Type", "application/json"),
                *([("Authorization", f"Bearer {token}")] if token else []),
                *((key, value.encode("latin-1")) for key, value in garbage.headers.items()),
            ],
        )
        hidden = secrets if ROUTES[name].access in ("own", "listing", "session", "operator") else [*secrets, *SECRETS]
        check(name, await api.http.send(request), hidden, described, garbage.real)


@settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(text=LINES.filter(lambda line: re.fullmatch("[0-9]+", line.strip()) is None))
async def test_headers_that_are_parsed_refuse_garbage(platform: Platform, text: str) -> None:
    """Nobody's token, no number of an event, and a key for repeats that is taken or refused as one."""
    http, value = platform.api.http, text.encode("latin-1")
    line = text.strip(" ")  # as an HTTP server would give it
    streamed = {"Authorization": f"Bearer {platform.key}", "Accept": "text/event-stream", "Last-Event-ID": value}
    for path, headers, statuses in (
        ("/v1/keys/current", {"Authorization": value}, {401}),
        ("/v1/keys/current", {"Authorization": b"Bearer " + value}, {401}),
        ("/v1/events", streamed, {422}),
    ):
        reply = await http.get(path, headers=headers)
        assert reply.status_code in statuses, (path, text, reply.text)
        assert Problem.model_validate(reply.json()).remedy
    key = {"Authorization": f"Bearer {platform.key}", "Idempotency-Key": line.encode("latin-1")}
    reply = await http.post("/v1/keys", json={"scopes": ["submit"]}, headers=key)
    good = re.fullmatch('"?[!#-\\[\\]-~]{1,255}"?', line) is not None
    assert (reply.status_code in (201, 409)) == good, (text, reply.text)
    assert reply.status_code in (201, 400, 409), (text, reply.text)
