"""Which log a path names, and what is left of the path."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.logs import PickLog
from api.scope import SERVICE, base_of, instance_of

MAIN = SimpleNamespace(base="")
SURVEY = SimpleNamespace(base="/logs/survey")
STATE = SimpleNamespace(main=MAIN, logs={"main": MAIN, "survey": SURVEY})


def seen(path: str) -> dict[str, Any]:
    """The scope that the application inside gets."""
    scopes: list[dict[str, Any]] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    scope = {"type": "http", "path": path, "app": SimpleNamespace(state=STATE)}
    with suppress(StopIteration):  # nothing in it waits
        PickLog(inside)(scope, nothing, nothing).send(None)
    return scopes[0]


@pytest.mark.parametrize(
    ("path", "service", "left"),
    [
        ("/", MAIN, "/"),
        ("/v1/contributions", MAIN, "/v1/contributions"),
        ("/logs", MAIN, "/logs"),
        ("/logs/main", MAIN, "/"),
        ("/logs/main/", MAIN, "/"),
        ("/logs/main/checkpoint", MAIN, "/checkpoint"),
        ("/logs/survey", SURVEY, "/"),
        ("/logs/survey/v1/contributions", SURVEY, "/v1/contributions"),
        ("/logs/survey//v1", SURVEY, "//v1"),
        ("/logs/survey/logs/main/checkpoint", SURVEY, "/logs/main/checkpoint"),
        ("/logs/surveys/checkpoint", MAIN, "/logs/surveys/checkpoint"),
        ("/logs//checkpoint", MAIN, "/logs//checkpoint"),
        ("/logs/Survey/checkpoint", MAIN, "/logs/Survey/checkpoint"),
        ("/v1/logs/survey/checkpoint", MAIN, "/v1/logs/survey/checkpoint"),
    ],
)
def test_the_log_and_the_rest(path: str, service: SimpleNamespace, left: str) -> None:
    scope = seen(path)
    assert (scope[SERVICE], scope["path"]) == (service, left)
    assert base_of(scope) == service.base


@given(st.text(max_size=30), st.sampled_from(["", "/logs/", "/logs/survey", "/logs/survey/", "/logs/main/"]))
def test_every_path_keeps_what_follows_the_name(text: str, start: str) -> None:
    scope = seen(start + text)
    if scope[SERVICE] is SURVEY:
        assert instance_of(scope).rstrip("/") == (start + text).rstrip("/")
    else:
        assert scope["path"] in (start + text, (start + text).removeprefix("/logs/main") or "/")
