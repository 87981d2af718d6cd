"""schemathesis.toml: what a run draws its ids from, what it checks, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from scripts.fuzz.world import SESSION, World

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
)
_KNOWN_OFTEN: Final = 0.7
_REQUEST_SECONDS: Final = 20
_ENDING: Final = (
    ("POST", "/v1/campaigns/{campaign}/close", "campaign"),
    ("DELETE", "/v1/hooks/{hook}", "hook"),
    ("DELETE", "/v1/endpoints/{endpoint}", "endpoint"),
    ("DELETE", "/v1/files/{sha256}", "sha256"),
    ("DELETE", "/v1/keys/{key}", "key"),
    ("POST", "/v1/keys/{key}/rotate", "key"),
    ("POST", "/v1/contributors/{contributor}/erase", "contributor"),
)
"""Operations that end or remove something, by its parameter: they are shown only what may go, or a run would soon
find nothing but what is missing. A key that ended its own run would leave the rest unread."""
_SIGNING_OUT: Final = ("DELETE /v1/sessions/current", "POST /v1/contributors/me/erase")
_FIELDS: Final = {"contribution": ("replaces",), "decision": ("supersedes",), "contribution_or_decision": ("subject",)}


def settings(world: World, attacker: str) -> str:
    """The file's text for one attacker."""
    return "\n".join(_lines(world, attacker)) + "\n"


def _lines(world: World, attacker: str) -> Iterator[str]:
    yield f"request-timeout = {_REQUEST_SECONDS}"
    yield "continue-on-failure = true"
    for name, value in world.headers[attacker].items():
        yield f"headers = {{ {name} = {json.dumps(value)} }}"
    yield '[generation]\ndatabase = "none"'
    yield "[checks]\nenabled = false"
    for check in CHECKS:
        yield f"{check}.enabled = true"
    known = world.known | {"contribution_or_decision": world.known["contribution"] + world.known["decision"]}
    for name, values in known.items():
        yield f"[dictionaries.{name}]\nvalues = {json.dumps(values)}"
    for name, values in world.doomed.items():
        yield f"[dictionaries.doomed_{name}]\nvalues = {json.dumps(values)}"
    yield "[parameters]"
    for dictionary in known:
        for name in (dictionary, *_FIELDS.get(dictionary, ())):
            for place in ("path", "query", "body"):
                yield f'"{place}.{name}" = {_drawn(dictionary)}'
    for method, path, name in _ENDING:
        yield from _operation(f"{method} {path}")
        yield f'parameters = {{ "path.{name}" = {_drawn(f"doomed_{name}")} }}'
        yield "phases.stateful.enabled = false"
        yield "phases.fuzzing.extra-data-sources.responses = false"
        yield "phases.coverage.extra-data-sources.responses = false"
    if attacker == SESSION:
        for name in _SIGNING_OUT:
            yield from _operation(name)
            yield "enabled = false"


def _operation(name: str) -> Iterator[str]:
    yield "[[operations]]"
    yield f"include-name = {json.dumps(name)}"


def _drawn(dictionary: str) -> str:
    return f'{{ dictionary = "{dictionary}", probability = {_KNOWN_OFTEN} }}'
