"""Input made to break things, on both databases: every reply is the sender's problem or an empty find."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from ledger.statements.values import uuid7
from tests.integration.api.running import BRIEF, Api, Platform

NOWHERE = uuid7(1_800_000_000_000, bytes(10))
ODD = (
    "%00",
    "a%00b",
    "%FF",
    quote("é"),
    quote("\ud83d\ude00", errors="surrogatepass"),
    "%ED%A0%80",
    "'",
    "%25",
    "x" * 300,
)
NUMBERS = ("0", "-1", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 40, "1e3", "%00")
QUERIES = (
    "/v1/receipts?external_id=",
    "/v1/receipts?kind=task&external_id=",
    "/v1/receipts?external_id=a&kind=",
    "/v1/campaigns?external_id=",
    "/v1/campaigns?cursor=",
    "/v1/contributions?external_id=",
    "/v1/contributions?campaign=",
    "/v1/contributions?cursor=",
    "/v1/campaigns/open?cursor=",
    *(f"/v1/entries?{name}=" for name in ("external_id", "digest", "contributor", "kind", "cursor")),
    f"/v1/campaigns/{NOWHERE}/queue?reviewer=",
    "/v1/mandates?cursor=",
    "/v1/settlements?pool=",
    "/v1/settlements?cursor=",
)
PATHS = (
    "/v1/campaigns/{}",
    "/v1/campaigns/{}/brief",
    "/v1/campaigns/{}/export",
    "/v1/campaigns/{}/figures",
    "/v1/campaigns/{}/queue?reviewer=bob",
    "/v1/campaigns/{}/results",
    "/v1/campaigns/{}/signals?field=a",
    "/v1/contributions/{}",
    "/v1/contributions/{}/receipt",
    "/v1/contributions/{}/opening",
    "/v1/decisions/{}/receipt",
    "/v1/entries/{}",
    "/v1/entries/{}/receipt",
    "/v1/entries/{}/proof",
    "/v1/mandates/{}/openings/task/" + NOWHERE,
    "/v1/mandates/" + NOWHERE + "/openings/{}/" + NOWHERE,
    "/v1/mandates/" + NOWHERE + "/openings/task/{}",
    "/v1/results/{}",
    "/v1/results/{}/document",
    "/v1/rewards/{}",
    "/v1/settlements/{}",
    "/v1/settlements/requests/{}",
    "/v1/claims/{}",
    "/v1/files/{}",
    "/logs/{}/checkpoint",
    "/logs/main/tile/0/{}",
    "/logs/main/tile/{}/000",
    "/c/{}",
    "/d/{}",
    "/e/{}",
    "/campaigns/{}",
    "/problems/{}",
    "/static/{}",
)


async def test_no_query_or_path_breaks_the_service(both: Api) -> None:
    platform = await both.platform()
    addresses = [query + odd for query in QUERIES for odd in ODD]
    addresses += [path.format(odd) for path in PATHS for odd in (*ODD, *NUMBERS)]
    addresses += [
        f"/v1/settlements{path}?chain_id={number}&pool=0x{'11' * 20}" for path in ("", "/1") for number in NUMBERS
    ]
    addresses += [f"/v1/contributions?limit={number}" for number in NUMBERS]
    for address in addresses:
        reply = await both.http.get(address, headers=platform.headers)
        assert reply.status_code < 500, (address, reply.text)
        if reply.status_code >= 400:
            assert reply.headers["content-type"] == "application/problem+json", address
            assert reply.json()["remedy"], address


async def test_a_slash_too_many_is_a_problem_and_no_redirect(api: Api) -> None:
    for address in ("/v1/contributions/", "/v1/campaigns/", "/docs/"):
        reply = await api.http.post(address, json={}, headers={"Host": "elsewhere.example"})
        assert (reply.status_code, reply.json()["remedy"]) == (404, "Leave out the slash at the end.")


async def test_problems_hold_no_regular_expressions(platform: Platform) -> None:
    policy = {"name": "piece_rate", "amount": "5"}
    campaign = {"title": "T", "type": "rating", "brief": BRIEF, "terms": "", "policy": policy}
    for change in ({"budget": "1e5"}, {"budget": "5", "opener": "0x12"}, {"budget": "5", "title": "a\x07b"}):
        reply = await platform.post("/v1/campaigns", campaign | change)
        assert reply.status_code == 422
        assert "[0-9]" not in reply.json()["detail"]
        assert "\\x" not in reply.json()["detail"]
        assert not reply.json()["detail"].endswith("..")
    contribution = {"campaign": await platform.campaign(), "contributor": "a\x07", "content": 1}
    reply = await platform.post("/v1/contributions", contribution)
    assert reply.json()["detail"] == "contributor: It holds control characters."


async def test_bodies_of_strangers_are_not_read(api: Api) -> None:
    """Decoding 32 MiB takes time that only holders of a key get."""
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b'{"items": []}'

    for path in ("/v1/contributions/batch", "/v1/decisions/batch", f"/v1/campaigns/{NOWHERE}/tasks/batch"):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer cl_{'0' * 16}_{'0' * 64}"}
        reply = await api.http.post(path, content=body(), headers=headers)
        assert (reply.status_code, read) == (401, []), path


async def test_tasks_are_refused_each_on_its_own(platform: Platform) -> None:
    path = f"/v1/campaigns/{await platform.campaign()}/tasks/batch"
    deep = "[" * 300 + "]" * 300
    items = ['{"content": 1}', "5", '{"x": 1}', '{"content": 1e400}', f'{{"content": {deep}}}', '{"content": "a"}']
    headers = platform.headers | {"Content-Type": "application/json"}
    reply = await platform.api.http.post(path, content=f'{{"items": [{", ".join(items)}]}}', headers=headers)
    assert [each["code"] for each in reply.json()["results"]] == [201, 400, 422, 422, 400, 201]
    schema = (await platform.api.http.get("/openapi.json")).json()
    operation = schema["paths"]["/v1/campaigns/{campaign}/tasks/batch"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/TaskBatch")
