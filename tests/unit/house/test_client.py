"""The client knows all that the API offers, and its two forms are one."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.client import AsyncClient, Client
from ledger.client.calls import call, listing
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ORIGIN, settings

ROOT = Path(__file__).resolve().parents[3]
ROOM = ROOT / "ledger" / "client"
SENDS = {"_get": "GET", "_pages": "GET", "_receipt": "GET", "_streamed": "GET", "_save": "GET", "_post": "POST"}
SENDS |= {"_batches": "POST", "_patch": "PATCH", "_delete": "DELETE"}
NAMES_ITS_METHOD = ("_reply", "Asked", "build_request")
WITHOUT_A_CALL = {
    "GET /health": "for whoever watches the process; `ready` says more",
    "GET /healthz": "the same",
    "GET /readyz": "`ready` asks for it under our own name",
    "GET /metrics": "for Prometheus",
    "POST /v1/files": "for those who do not know a file's digest; `upload` does and can be repeated",
    "GET /v1/hooks/{}/{}": "for a platform that looks whether the address answers",
    "POST /v1/hooks/{}/{}": "for the platform that delivers",
    "GET /tile/{}": "`tile` is given the whole path, as tlog-tiles has it",
}
OWN_TO_EACH = {"close", "ready", "base_url", "vkey"}
"""How a client is closed and asked whether the service is ready; what is known without asking."""


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the API's description offers, by method and path."""
    from api.app import create_app

    folder = tmp_path_factory.mktemp("described")
    app = create_app(settings(folder, f"sqlite+aiosqlite:///{folder}/none.db", LogSigner.generate(ORIGIN)))
    return {
        f"{method.upper()} {_plain(path)}": operation
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    }


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def requests() -> Iterator[tuple[str, str, ast.AST]]:
    """Method and path of each request in the client's source, and the function that makes it."""
    for file in sorted(ROOM.glob("*.py")):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
                places = {
                    name.id: node.value
                    for node in ast.walk(function)
                    if isinstance(node, ast.Assign)
                    for name in node.targets
                    if isinstance(name, ast.Name)
                }
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and (found := _request(node, places)):
                        yield *found, function


def _request(node: ast.Call, places: dict[str, ast.expr]) -> tuple[str, str] | None:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    arguments = list(node.args)
    if name in NAMES_ITS_METHOD and arguments and isinstance(arguments[0], ast.Constant):
        method = str(arguments.pop(0).value)  # type: ignore[attr-defined]
    elif name in SENDS:
        method = SENDS[name]
    else:
        return None
    where = arguments[0] if arguments else None
    if isinstance(where, ast.Name):
        where = places.get(where.id)
    if isinstance(where, ast.Call) and where.args:  # path_of("...", ...)
        where = where.args[0]
    if isinstance(where, ast.JoinedStr):
        parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in where.values)
        return method, "".join(parts)
    return (method, where.value) if isinstance(where, ast.Constant) and isinstance(where.value, str) else None


def test_each_route_has_a_call_or_a_reason(offered: dict[str, dict[str, Any]]) -> None:
    asked = {f"{method} {path}" for method, path, _ in requests()}
    assert len(asked) > 80
    assert sorted(offered.keys() - asked - WITHOUT_A_CALL.keys()) == []
    assert sorted(WITHOUT_A_CALL.keys() - offered.keys()) == []
    assert sorted(WITHOUT_A_CALL.keys() & asked) == []
    assert asked - offered.keys() <= {"GET /{}", "GET /ready"} - offered.keys()


def test_what_can_be_asked_for_can_be_said(offered: dict[str, dict[str, Any]]) -> None:
    """Every query parameter of a route is a word in the call's source; pages are walked by the client itself."""
    missing = []
    said: dict[str, set[str]] = {}
    for method, path, function in requests():
        said.setdefault(f"{method} {path}", set()).update(_words(function))
    for route, operation in offered.items():
        if route in said:
            asked = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            missing += [f"{route}?{name}" for name in asked - {"cursor", "limit"} - said[route]]
    assert sorted(missing) == []


def _words(function: ast.AST) -> set[str]:
    """Keywords in a function, and its texts that can be names of parameters."""
    nodes = list(ast.walk(function))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return texts | {str(word.arg) for node in nodes if isinstance(node, ast.Call) for word in node.keywords}


BLOCKING, AWAITED = Client("http://crowd.test"), AsyncClient("http://crowd.test")


def public(kind: type) -> dict[str, Any]:
    return {name: inspect.getattr_static(kind, name) for name in dir(kind) if not name.startswith("_")}


def test_both_clients_are_one() -> None:
    blocking, awaited = public(Client), public(AsyncClient)
    assert blocking.keys() == awaited.keys()
    calls = {name: made for name, made in blocking.items() if name not in OWN_TO_EACH}
    assert len(calls) > 90
    assert [name for name, made in calls.items() if not isinstance(made, call | listing)] == []
    assert [name for name, made in calls.items() if awaited[name] is not made] == []
    for name in OWN_TO_EACH & {"close", "ready"}:
        one, other = inspect.signature(blocking[name]), inspect.signature(awaited[name])
        assert one == other
        assert inspect.getdoc(blocking[name]) == inspect.getdoc(awaited[name])
    one, other = (dict(inspect.signature(kind).parameters) for kind in (Client, AsyncClient))
    assert set(other) - set(one) == {"concurrency"}
    assert [name for name in set(one) - {"transport"} if str(one[name]) != str(other[name])] == []


def test_each_call_says_what_it_does_and_what_it_gives() -> None:
    for name, made in public(Client).items():
        if name not in OWN_TO_EACH:
            assert (inspect.getdoc(made.made) or "").endswith((".", ")")), name
            given = inspect.signature(made.made).return_annotation
            assert given.startswith("AsyncIterator[") == isinstance(made, listing), name
            assert inspect.iscoroutinefunction(made.made) == isinstance(made, call), name
            assert inspect.signature(getattr(BLOCKING, name)) == inspect.signature(getattr(AWAITED, name)), name


def test_nothing_is_written_for_one_client_alone() -> None:
    own = {name for kind in (Client, AsyncClient) for name in vars(kind) if not name.startswith("__")}
    assert own <= {"_abc_impl"}


def test_importing_it_stays_light() -> None:
    """No event loop, cryptography or database; models that few use come when they are used."""
    heavy = ("asyncio", "anyio", "cryptography", "sqlalchemy", "fastapi", "web3", "eth_account", "numpy", "ledger.book")
    heavy += ("ledger.wire.people", "ledger.wire.hooks", "ledger.wire.endpoints", "ledger.wire.audits")
    code = f"import sys, ledger.client; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
