"""Every route answers on PostgreSQL as it does on SQLite.

The tests of single routes run on SQLite; that they do so on PostgreSQL too takes a minute and is in the long tests.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from ledger.tree.keys import LogSigner
from tests.integration.api.guarded import ROUTES
from tests.integration.api.people import Contributor, linked, signed_in
from tests.integration.api.running import ADMIN_KEY, running, settings
from tests.integration.api.test_isolation import SECRETS, Victim, make_victim

ORDER = ("GET", "PUT", "POST", "PATCH", "DELETE")
"""What is deleted is looked at first."""
LAST = ("close", "withdraw", "erase")
"""What a campaign or a person has no writes after."""
REFUSED = {
    # written by ``make_victim`` already, and by the routes before
    *("POST /v1/campaigns", "POST /v1/decisions", "POST /v1/reviews", "POST /v1/appeals", "POST /v1/endpoints"),
    *("POST /v1/wallets", "POST /v1/sessions", "DELETE /v1/sessions/current", "DELETE /v1/members/{member}"),
    *("POST /v1/contributions/{contribution}/withdraw", "POST /v1/contributors/{contributor}/erase"),
    # a chain, a worker or a signature is needed: test_worker.py, test_audits.py, test_sealed.py, test_results.py,
    # test_mandates.py and hooks/test_processes.py are on both databases too
    *("GET /metrics", "GET /v1/mandates/{mandate}/openings/{purpose}/{subject}"),
    *("POST /v1/settlements", "GET /v1/settlements/{number}", "GET /v1/settlements/requests/{order}"),
    *("GET /settlements/{chain_id}/{pool}/{number}.json", "POST /v1/claims", "GET /v1/claims/{claim}"),
    *("GET /s/{chain_id}/{pool}/{number}", "GET /s/{chain_id}/{pool}/{number}/{account}"),
    *("POST /v1/audits", "GET /v1/audits/{audit}", "POST /audit", "GET /audits/{audit}"),
    *("POST /v1/campaigns/{campaign}/results", "GET /v1/results/{result}/document"),
    *("POST /v1/contributions/{contribution}/reveal", "POST /v1/direct/contributions"),
    *("POST /v1/wallets/objections", "POST /v1/hooks/{connector}/{hook}"),
    "POST /v1/hooks/{hook}/deliveries/{delivery}/retry",
    "POST /v1/endpoints/{endpoint}/sendings/{event}/retry",
    # no page or file has the name
    *("GET /static/{path}", "GET /words/{code}.json"),
}
TIMELY = ("took_ms", "refused")
"""Figures that depend on the moment: forged deliveries are counted some time after they were refused."""


async def test_every_route(sqlite_database_url: str, postgres_url: str, tmp_path: Path, log_signer: LogSigner) -> None:
    """By its own platform, contributor or operator: the same status, and a reply of the same shape."""
    async with AsyncExitStack() as stack:
        worlds = []
        for name, url in (("sqlite", sqlite_database_url), ("postgresql", postgres_url)):
            (tmp_path / name).mkdir()
            api = await stack.enter_async_context(running(settings(tmp_path / name, url, log_signer)))
            platform = await api.platform()
            victim = await make_victim(platform)
            spare = await platform.post("/v1/keys", {"scopes": ["submit"]})
            victim.names["key"] = spare.json()["id"]
            await linked(platform)
            worlds.append((victim, await signed_in(platform, SECRETS[2])))
        refused = set()
        for name in sorted(ROUTES, key=turn):
            on_sqlite, on_postgresql = [await send(name, *world) for world in worlds]
            assert shape(on_postgresql) == shape(on_sqlite), name
            assert on_sqlite.status_code in (*range(500), 503), (name, on_sqlite.text)
            if on_sqlite.status_code >= 400:
                refused.add(name)
    assert refused == REFUSED


def turn(name: str) -> tuple[int, bool]:
    """When a route is tried."""
    return ORDER.index(name.split(" ", maxsplit=1)[0]), name.endswith(LAST)


async def send(name: str, victim: Victim, contributor: Contributor) -> Any:
    """The reply to who may ask."""
    operator = {"Authorization": f"Bearer {ADMIN_KEY}"}
    own = victim.platform.headers
    headers = {"operator": operator, "session": contributor.headers, "own": own, "listing": own}
    return await victim.send(name, headers.get(ROUTES[name].access, {}))


def shape(reply: Any) -> Any:
    """Status, kind and structure of a reply; texts, which have ids, times and digests in them, by their type."""
    kind = reply.headers.get("content-type")
    told = _types(reply.json()) if kind == "application/json" and reply.content else None
    return reply.status_code, kind, told


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: type(part) if key in TIMELY else _types(part) for key, part in value.items()}
    if isinstance(value, list):
        return sorted((_types(part) for part in value), key=str)  # many lists are in the order of random ids
    return type(value) if isinstance(value, str) else value
