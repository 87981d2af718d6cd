"""The description names every path, the hot ones included, and is sound: references lead somewhere, ids are unique."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ledger.wire import NewContribution, NewDecision
from tests.integration.api.running import Api, Platform

HOT = ("/v1/contributions", "/v1/contributions/batch", "/v1/decisions", "/v1/decisions/batch")


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)


async def test_hot_paths_are_described(api: Api) -> None:
    schema = (await api.http.get("/openapi.json")).json()
    for path in HOT:
        operation = schema["paths"][path]["post"]
        assert operation["security"] == [{"HTTPBearer": []}]
        assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert "201" in operation["responses"] or path.endswith("/batch")
    components = schema["components"]["schemas"]
    for request in (NewContribution, NewDecision):
        described = components[request.__name__]
        assert list(described["properties"]) == list(request.__struct_fields__)
        assert described["additionalProperties"] is False
    assert components["NewContribution"]["required"] == ["campaign", "contributor"]


async def test_receipts_say_how_firm_they_are(api: Api) -> None:
    schema = (await api.http.get("/openapi.json")).json()
    receipts = [path for path in schema["paths"] if path.endswith(("/receipt", "/receipts"))]
    assert len(receipts) == 4
    for path in receipts:
        header = schema["paths"][path]["get"]["responses"]["200"]["headers"]["CrowdLedger-Status"]
        assert header["schema"]["enum"] == ["recorded", "anchored", "permanent"]
    assert schema["paths"]["/metrics"]["get"]["security"] == [{"HTTPBearer": []}]
    assert list(schema["paths"]["/metrics"]["get"]["responses"]["200"]["content"]) == ["text/plain"]


async def test_replies_that_are_no_json_are_described(platform: Platform) -> None:
    """By what the service sends: bytes have no schema in OpenAPI 3.1."""
    campaign = await platform.campaign()
    contribution = await platform.contribution(campaign)
    await platform.decision(contribution["id"])
    made = await platform.post(f"/v1/campaigns/{campaign}/results", {"make": "tally", "public": True})
    assert made.status_code == 201, made.text
    paths = platform.api.app.openapi()["paths"]
    names = {
        "campaign": campaign,
        "contribution": contribution["id"],
        "result": made.json()["id"],
        "index": 0,
        "path": "0/000.p/1",
    }
    for path, kind in (
        ("/checkpoint", "text/plain"),
        ("/v1/entries/{index}/proof", "text/plain"),
        ("/tile/{path}", "application/octet-stream"),
        ("/mirror.tar", "application/x-tar"),
        ("/v1/campaigns/{campaign}/export", "application/x-ndjson"),
        ("/v1/contributions/{contribution}/receipt", "application/json"),
        ("/v1/contributions/{contribution}/opening", "application/json"),
        ("/v1/results/{result}/document", "*/*"),
    ):
        reply = await platform.get(path.format(**names))
        assert reply.status_code == 200, path
        assert list(paths[path]["get"]["responses"]["200"]["content"]) == [kind], path
        assert kind in ("*/*", reply.headers["content-type"].partition(";")[0]), path
    content = paths["/v1/files/{sha256}"]["get"]["responses"]["200"]["content"]
    assert content == {"*/*": {}}  # a file may be JSON, which is no string to a strict reader


async def test_allow_names_the_methods_of_the_path_itself(api: Api) -> None:
    """``/v1/keys/current`` would fit ``/v1/keys/{key}`` too."""
    for path, allowed in (("/v1/keys/current", "GET, HEAD"), ("/v1/entries/find", "POST"), ("/v1/keys/abc", "DELETE")):
        reply = await api.http.options(path)
        assert (reply.status_code, reply.headers["allow"]) == (405, allowed), path


async def test_structure(api: Api) -> None:
    schema = (await api.http.get("/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    names = [operation["operationId"] for operations in schema["paths"].values() for operation in operations.values()]
    assert len(names) == len(set(names))
    for path, operations in schema["paths"].items():
        inside = set(re.findall(r"{([^}]+)}", path))
        for method, operation in operations.items():
            assert method in ("get", "put", "post", "patch", "delete")
            declared = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert declared == inside, path
            problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}
            assert "422" not in operation["responses"]
            assert operation.get("summary") or operation.get("description")
    for each in walk(schema):
        reference = each.get("$ref")
        if reference is not None:
            assert reference.removeprefix("#/components/schemas/") in schema["components"]["schemas"], reference
        if isinstance(each.get("pattern"), str):
            assert "\\Z" not in each["pattern"]
            re.compile(each["pattern"])
