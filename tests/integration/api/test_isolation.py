"""Every route is tried with another platform's key, with no key, and with a key that lacks the scope.

The table in ``guarded`` must name every route: one that is added without a line there fails the first test.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from ledger.wire.members import ROLES, Role
from tests.integration.api.guarded import ADDRESS, FILE, ROUTES
from tests.integration.api.members import member_of
from tests.integration.api.people import signed_in
from tests.integration.api.running import ADMIN_KEY, Api, Platform
from tests.integration.worker.row_stores import PLACE

KEYED = [name for name, route in ROUTES.items() if route.access in ("own", "listing")]
OWN = [name for name, route in ROUTES.items() if route.access == "own"]
LISTING = [name for name, route in ROUTES.items() if route.access == "listing"]
SESSION = [name for name, route in ROUTES.items() if route.access == "session"]
PUBLIC = [name for name, route in ROUTES.items() if route.access == "public"]
SECRETS = (
    *("the secret answer", "the secret words", "ann's own id", "bob's own id", FILE["file"], "the secret grounds"),
    "the secret member",
)


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
    return await make_victim(platform)


async def make_victim(platform: Platform) -> Victim:
    """One of everything."""
    campaign = await platform.campaign(external_id="c-1")
    contribution = await platform.contribution(
        campaign, contributor=SECRETS[2], content=SECRETS[0], external_id="answer-of-the-victim"
    )
    decision = await platform.decision(contribution["id"], feedback=SECRETS[1], reviewer=SECRETS[3])
    await platform.contribution(campaign, contributor="ann")
    file = await platform.post("/v1/files", FILE)
    private = await platform.post(f"/v1/campaigns/{campaign}/results", {"make": "tally", "public": False})
    assert private.status_code == 201, private.text
    appeal = await platform.post("/v1/appeals", {"contribution": contribution["id"], "grounds": SECRETS[5]})
    mandate = await platform.post("/v1/mandates", {"name": "Auditor", "until": "2030-01-01T00:00:00Z"})
    told = {"campaign": campaign, "connector": "mturk", "form": "batch-results", "file": SECRETS[4]}
    imported = await platform.post("/v1/imports", told)
    hook = await platform.post("/v1/hooks", {"connector": "forms", "campaign": campaign})
    member = await platform.post("/v1/members", {"name": SECRETS[6], "role": "owner"})
    names = {
        "member": member.json()["member"],
        "hook": hook.json()["id"],
        "delivery": hook.json()["id"],
        "endpoint": await _endpoint(platform),
        "event": "1",
        "connector": "forms",
        "campaign": campaign,
        "sha256": file.json()["sha256"],
        "contribution": contribution["id"],
        "decision": decision["id"],
        "key": platform.key.split("_")[1],
        "index": str(contribution["index"]),
        "address": ADDRESS,
        "path": "entries/000.p/5",
        "number": "1",
        "order": contribution["id"],
        "claim": contribution["id"],
        "slug": "not-found",
        "external": "answer-of-the-victim",
        "result": private.json()["id"],
        "appeal": appeal.json()["id"],
        "contributor": SECRETS[2],
        "public": "5f0c7d3e-1111-4aaa-9bbb-000000000001",
        "mandate": mandate.json()["id"],
        "imported": imported.json()["id"],
        "purpose": "contribution",
        "subject": contribution["id"],
    }
    return Victim(platform, names)


async def _endpoint(platform: Platform) -> str:
    """An endpoint can be made where there is a worker."""
    platform.api.service.deployment = PLACE
    made = await platform.post("/v1/endpoints", {"url": f"https://victim.example/{SECRETS[1].replace(' ', '-')}"})
    platform.api.service.deployment = None
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


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
    """And the description says which of them take a token."""
    assert all_routes(api) == set(ROUTES)
    paths = (await api.http.get("/openapi.json")).json()["paths"]
    described = {
        f"{method.upper()} {path}": bool(operation.get("security"))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if f"{method.upper()} {path}" in ROUTES
    }
    assert len(described) > 60
    assert described == {name: ROUTES[name].access not in ("public", "signed") for name in described}


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
        forms = ("Bearer cl_x", f"Basic {victim.platform.key}", f"Bearer {ADMIN_KEY}") if name == KEYED[0] else ()
        for headers in ({}, *({"Authorization": each} for each in (f"Bearer {wrong}", *forms))):
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


async def test_public_paths_show_nothing_private(victim: Victim) -> None:
    for name in PUBLIC:
        reply = await victim.send(name, {})
        assert reply.status_code not in (401, 403, 500), name
        assert not [secret for secret in SECRETS if secret.encode() in reply.content], name
        assert victim.platform.key.encode() not in reply.content


async def test_session_and_operator_paths_take_no_other_token(victim: Victim) -> None:
    """Not a platform's key or member, even of the person's own platform, nor a token that nobody has."""
    owner = await member_of(victim.platform, "owner")
    wrong = [{}, victim.platform.headers]
    session = [*wrong, {"Authorization": f"Bearer cs_{'0' * 64}"}, {"Authorization": f"Bearer {ADMIN_KEY}"}]
    operator = [*wrong, {"Authorization": f"Bearer {ADMIN_KEY[:-1]}0"}, owner.headers]
    for name, route in ROUTES.items():
        tried = {"session": session, "operator": operator}.get(route.access, [])
        if route.access == "session" and name != "DELETE /v1/sessions/current":  # that is theirs too
            tried = [*tried, owner.headers]
        for headers in tried:
            reply = await victim.send(name, headers)
            assert reply.status_code == 401, (name, headers, reply.text)


async def test_a_session_sees_nothing_of_anybody_else(victim: Victim) -> None:
    """A colleague of the victim at the same platform, and their namesake at another one."""
    eve = await victim.platform.api.platform("Eve")
    campaign = await eve.campaign()
    await eve.contribution(campaign, contributor=SECRETS[2])
    private = [victim.names["contribution"], victim.names["decision"], victim.names["appeal"], *SECRETS]
    own_id = SECRETS[2]
    for platform, who, known in ((victim.platform, "ann", ()), (eve, SECRETS[2], (own_id,))):
        me = await signed_in(platform, who)
        for name in sorted(SESSION, key=lambda each: each.startswith("DELETE")):
            reply = await victim.send(name, me.headers)
            shown = [value for value in private if value in reply.text and value not in known]
            assert not shown, (name, shown)
            assert reply.status_code in (200, 401, 404), (name, reply.text)
        for name in (*OWN, *LISTING):
            reply = await victim.send(name, me.headers)
            assert reply.status_code in (401, 404), (name, reply.text)


@pytest.mark.parametrize(
    "role", [pytest.param(role, marks=() if role == "viewer" else pytest.mark.long) for role in ROLES]
)
async def test_members_of_another_platform_find_nothing(victim: Victim, role: Role) -> None:
    """What the role may not do is refused before anything is looked up, all else is not there."""
    me = await member_of(await victim.platform.api.platform("Eve"), role)
    for name in (*OWN, *LISTING):  # an upload of the same file would give a right to it
        scope = ROUTES[name].scope
        reply = await victim.send(name, me.headers)
        if scope not in (None, *ROLES[role]):
            assert (reply.status_code, reply.json()["scope"]) == (403, scope), name
        else:
            found = _problem(reply)["status"] if name in OWN else reply.status_code
            assert found in ((404,) if name in OWN else (200, 201, 503)), (name, reply.text)
            assert name in OWN or not [value for value in SECRETS if value in reply.text], name
