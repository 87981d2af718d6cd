"""The description names every path, the hot ones included, and is sound: references lead somewhere, ids are unique."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ledger.wire import NewContribution, NewDecision
from tests.integration.api.running import Api

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
