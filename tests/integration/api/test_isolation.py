"""Every route is tried with another platform's key, with no key, and with a key that lacks the scope.

The table below must name every route of the application: one that is added without a line here fails the first test.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from tests.integration.api.running import ADMIN_KEY, Api, Platform

Access = Literal["own", "listing", "operator", "public"]


@dataclass(frozen=True)
class Route:
    """How a route is guarded.

    ``own``: another platform's thing is missing (404). ``listing``: the reply holds nothing of another platform.
    ``operator``: the operator's key only. ``public``: anybody, and nothing private in the reply.
    """

    access: Access
    scope: str | None = None
    body: Any = None
    query: str = ""


CONTRIBUTION = {"campaign": "{campaign}", "contributor": "eve", "content": 1}
DECISION = {"contribution": "{contribution}", "verdict": "rejected", "supersedes": "{decision}"}
ADDRESS = "0x" + "11" * 20

ROUTES = {
    "POST /v1/platforms": Route("operator", body={"name": "Eve"}),
    "GET /v1/keys": Route("listing", "admin"),
    "POST /v1/keys": Route("listing", "admin", {"scopes": ["submit"]}),
    "DELETE /v1/keys/{key}": Route("own", "admin"),
    "POST /v1/campaigns": Route(
        "listing",
        "admin",
        {
            "title": "Eve's",
            "type": "rating",
            "terms": "",
            "policy": {"name": "piece_rate", "amount": "1"},
            "budget": "1",
            "external_id": "c-1",
        },
    ),
    "GET /v1/campaigns": Route("listing"),
    "GET /v1/campaigns/{campaign}": Route("own"),
    "POST /v1/campaigns/{campaign}/close": Route("own", "admin"),
    "POST /v1/campaigns/{campaign}/tasks": Route("own", "submit", {"content": 1}),
    "POST /v1/campaigns/{campaign}/tasks/batch": Route("own", "submit", {"items": [{"content": 1}]}),
    "POST /v1/contributions": Route("own", "submit", CONTRIBUTION),
    "POST /v1/contributions/batch": Route("own", "submit", {"items": [CONTRIBUTION]}),
    "GET /v1/contributions": Route("listing"),
    "GET /v1/contributions/{contribution}": Route("own"),
    "GET /v1/contributions/{contribution}/opening": Route("own"),
    "POST /v1/decisions": Route("own", "review", DECISION),
    "POST /v1/decisions/batch": Route("own", "review", {"items": [DECISION]}),
    "POST /v1/wallets/message": Route("own", "submit", {"contributor": "ann", "address": ADDRESS}),
    "POST /v1/wallets": Route("own", "submit", {"contributor": "ann", "message": "m", "signature": "0x" + "00" * 65}),
    "POST /v1/settlements": Route("listing", "settle"),
    "GET /v1/receipts": Route("own", query="?external_id={external}"),
    "GET /v1/contributions/{contribution}/receipt": Route("public"),
    "GET /v1/decisions/{decision}/receipt": Route("public"),
    "GET /v1/entries/{index}/receipt": Route("public"),
    "GET /v1/entries/{index}/proof": Route("public"),
    "GET /v1/rewards/{address}": Route("public"),
    "GET /v1/settlements": Route("public"),
    "GET /v1/settlements/{number}": Route("public"),
    "GET /v1/settlements/requests/{order}": Route("public"),
    "POST /v1/claims": Route("public", body={"addresses": [ADDRESS]}),
    "GET /v1/claims/{claim}": Route("public"),
    "GET /v1/audit/summary": Route("public"),
    "GET /logs/{name}/checkpoint": Route("public"),
    "GET /logs/{name}/tile/{path}": Route("public"),
    "GET /health": Route("public"),
    "GET /ready": Route("public"),
    "GET /openapi.json": Route("public"),
    "GET /static/style.css": Route("public"),
    "GET /": Route("public"),
    "GET /docs": Route("public"),
    "GET /c/{contribution}": Route("public"),
    "GET /d/{decision}": Route("public"),
    "GET /e/{index}": Route("public"),
    "GET /campaigns/{campaign}": Route("public"),
    "GET /problems": Route("public"),
    "GET /problems/{slug}": Route("public"),
}
KEYED = [name for name, route in ROUTES.items() if route.access in ("own", "listing")]
OWN = [name for name, route in ROUTES.items() if route.access == "own"]
LISTING = [name for name, route in ROUTES.items() if route.access == "listing"]
PUBLIC = [name for name, route in ROUTES.items() if route.access == "public"]
SECRETS = ("the secret answer", "the secret words", "ann's own id", "bob's own id")


@dataclass
class Victim:
    """A platform with one of everything, and the values that fill paths and bodies."""

    platform: Platform
    names: dict[str, str]

    def fill(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, text in self.names.items():
                value = value.replace("{" + name + "}", text)
            return value
        if isinstance(value, dict):
            return {key: self.fill(part) for key, part in value.items()}
        return [self.fill(part) for part in value] if isinstance(value, list) else value

    async def send(self, name: str, headers: dict[str, str]) -> Any:
        method, path = name.split(" ")
        return await self.platform.api.http.request(
            method, self.fill(path + ROUTES[name].query), json=self.fill(ROUTES[name].body), headers=headers
        )


@pytest.fixture
async def victim(platform: Platform) -> Victim:
    campaign = await platform.campaign(external_id="c-1")
    contribution = await platform.contribution(
        campaign, contributor=SECRETS[2], content=SECRETS[0], external_id="answer-of-the-victim"
    )
    decision = await platform.decision(contribution["id"], feedback=SECRETS[1], reviewer=SECRETS[3])
    await platform.contribution(campaign, contributor="ann")
    names = {
        "campaign": campaign,
        "contribution": contribution["id"],
        "decision": decision["id"],
        "key": platform.key.split("_")[1],
        "index": str(contribution["index"]),
        "address": ADDRESS,
        "name": "main",
        "path": "entries/000.p/5",
        "number": "1",
        "order": contribution["id"],
        "claim": contribution["id"],
        "slug": "not-found",
        "external": "answer-of-the-victim",
    }
    return Victim(platform, names)


def all_routes(api: Api) -> set[str]:
    """Every route that the application serves, the described ones and the pages."""
    found = set()
    for path, operations in api.app.openapi()["paths"].items():
        found |= {f"{method.upper()} {path}" for method in operations}
    waiting: list[tuple[str, Any]] = [("", route) for route in api.app.routes]
    while waiting:
        prefix, route = waiting.pop()
        inner = getattr(route, "original_router", None)
        if inner is not None:
            waiting += [(prefix + route.include_context.prefix, each) for each in inner.routes]
        elif getattr(route, "methods", None):
            path = (prefix + route.path).replace(":path}", "}")
            found |= {f"{method} {path}" for method in route.methods - {"HEAD"}}
        else:
            found.add(f"GET {route.path}/style.css")
    return found


async def test_every_route_is_in_the_table(api: Api) -> None:
    assert all_routes(api) == set(ROUTES)


async def test_another_platforms_things_are_missing(victim: Victim) -> None:
    """What another platform sees of a thing is what it sees of a thing that never was; nothing is written."""
    eve = await victim.platform.api.platform("Eve")
    size = (await eve.api.service.reader.head()).size
    never = Victim(victim.platform, {name: _other(value) for name, value in victim.names.items()})
    for name in OWN:
        result, other = _problem(await victim.send(name, eve.headers)), _problem(await never.send(name, eve.headers))
        assert result["status"] == 404, (name, result)
        assert _without(result, victim) == _without(other, never), name
    assert (await eve.api.service.reader.head()).size == size


def _problem(reply: Any) -> dict[str, str | int]:
    found: dict[str, Any] = reply.json()
    return dict(found["results"][0] if "results" in found else found)


def _without(problem: dict[str, str | int], names: Victim) -> dict[str, str | int]:
    """A problem without the ids that it repeats from the request."""
    text = json.dumps(problem)
    for value in names.names.values():
        text = text.replace(value, "...") if len(value) > 12 else text
    return dict(json.loads(text))


def _other(value: str) -> str:
    """Another value of the same form, which names nothing."""
    return value[:-4] + ("beef" if value[-4:] != "beef" else "cafe") if len(value) > 12 else value


async def test_lists_hold_nothing_of_another_platform(victim: Victim) -> None:
    eve = await victim.platform.api.platform("Eve")
    own = {name: value for name, value in victim.names.items() if name in ("campaign", "contribution", "key")}
    for name in LISTING:
        reply = await victim.send(name, eve.headers)
        assert not [value for value in (*own.values(), *SECRETS) if value in reply.text], name
        assert reply.status_code in (200, 201, 503), name


async def test_no_key_and_wrong_keys_are_refused(victim: Victim) -> None:
    wrong = victim.platform.key[:-1] + ("0" if victim.platform.key[-1] != "0" else "1")
    size = (await victim.platform.api.service.reader.head()).size
    for name in KEYED:
        for headers in (
            {},
            {"Authorization": f"Bearer {wrong}"},
            {"Authorization": "Bearer cl_x"},
            {"Authorization": f"Basic {victim.platform.key}"},
            {"Authorization": f"Bearer {ADMIN_KEY}"},
        ):
            reply = await victim.send(name, headers)
            assert reply.status_code == 401, (name, headers, reply.text)
            assert reply.json()["type"] == "/problems/unauthorized"
            assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert (await victim.platform.api.service.reader.head()).size == size


async def test_scopes(victim: Victim) -> None:
    """A key with all scopes but the needed one is refused; a path without a scope takes any key."""
    keys = {}
    for scope in (None, "submit", "review", "settle", "admin"):
        others = sorted({"submit", "review", "settle", "admin"} - {scope})
        keys[scope] = (await victim.platform.post("/v1/keys", {"scopes": others})).json()["key"]
    for name in KEYED:
        scope = ROUTES[name].scope
        reply = await victim.send(name, {"Authorization": f"Bearer {keys[scope]}"})
        if scope is None:
            assert reply.status_code < 400, name
        else:
            assert reply.status_code == 403, name
            assert reply.json()["scope"] == scope


async def test_operator_paths_refuse_platforms(victim: Victim) -> None:
    for name, route in ROUTES.items():
        if route.access == "operator":
            for headers in ({}, victim.platform.headers, {"Authorization": f"Bearer {ADMIN_KEY[:-1]}0"}):
                assert (await victim.send(name, headers)).status_code == 401


async def test_public_paths_show_nothing_private(victim: Victim) -> None:
    for name in PUBLIC:
        reply = await victim.send(name, {})
        assert reply.status_code not in (401, 403, 500), name
        assert not [secret for secret in SECRETS if secret.encode() in reply.content], name
        assert victim.platform.key.encode() not in reply.content
