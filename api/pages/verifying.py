"""The page /verify, where a receipt is checked in the visitor's own browser, and the same as one file to keep.

The page's scripts check what ``ledger.audit.receipts`` checks. What they know of statements and of the log contract
comes with the page, as *facts*: the published JSON Schemas, the digest of the contract's code, topics of its events.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from api.pages import single_file
from api.pages.rendering import page
from api.service import Service, service_of
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import LOG_CONTRACT
from ledger.statements.kinds import KINDS

router = APIRouter()
_STATIC: Final = Path(__file__).parent / "static"
_SCRIPT: Final = "verify/page.mjs"
_STYLES: Final = ("style.css", "verify.css")
_NODES: Final = "https: http://127.0.0.1:* http://localhost:*"
"""The visitor chooses the node that is asked about an anchor; the page tells it nothing of the receipt but that."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    f"connect-src 'self' {_NODES}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/verify")
async def verify(request: Request) -> Response:
    """The page, which needs us no more once it is loaded, but for a receipt that a link names."""
    return page(request, "verify.html", policy=POLICY, facts=facts(service_of(request)), modules=module_paths())


@router.get("/verify.html")
async def verify_file(request: Request) -> Response:
    """The page as one file, with its own policy inside, which asks nobody but the node that the visitor names."""
    script, style = single_script(), single_style()
    policy = (
        f"default-src 'none'; script-src {_hash_source(script)}; style-src {_hash_source(style)}; img-src data:; "
        f"connect-src {_NODES}; base-uri 'none'; form-action 'none'"
    )
    return page(
        request,
        "verify_file.html",
        policy=f"{policy}; frame-ancestors 'none'",  # which counts in headers only
        file_policy=policy,
        script=Markup(script),  # noqa: S704  # our own files, which the policy names by their digests
        style=Markup(style),  # noqa: S704
        facts=facts(service_of(request)),
    )


def facts(service: Service) -> dict[str, Any]:
    """What the scripts know before they see a receipt; ``log`` is the one whose service this is."""
    deployment = service.deployment
    blocks = {} if deployment is None else {f"{deployment.chain_id} {deployment.contribution_log}": deployment.block}
    return {
        "shapes": shapes(),
        "contract": {**contract_facts(), "fromBlocks": blocks},
        "log": service.config.origin,
    }


@cache
def contract_facts() -> dict[str, str]:
    """How the log contract is recognised: SHA-256 of its code (it has no immutables) and the topics of its events."""
    compiled = artifact(LOG_CONTRACT)
    return {
        "code": hashlib.sha256(compiled.deployed).hexdigest(),
        "opened": "0x" + compiled.abi.events["LogOpened"].topic.hex(),
        "anchored": "0x" + compiled.abi.events["Anchored"].topic.hex(),
    }


@cache
def shapes() -> dict[str, Any]:
    """The schemas of all statements, without what a check does not need: names of schemas by kind, schemas by name."""
    found: dict[str, Any] = {}
    names: dict[str, str] = {}
    for kind, struct in KINDS.items():
        schema = msgspec.json.schema(struct)
        names[kind] = _name(schema["$ref"])
        found |= {name: _slim(each) for name, each in schema["$defs"].items()}
    return {"kinds": names, "shapes": dict(sorted(found.items()))}


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _slim(schema: Any) -> Any:
    """As ``scripts/write_formats.py`` publishes it: members are absent, never null, and patterns are ECMAScript's."""
    if isinstance(schema, list):
        return [_slim(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    members = {name: _slim(value) for name, value in schema.items() if name not in ("title", "description")}
    choices = members.get("anyOf", [])
    if {"type": "null"} in choices:
        choices.remove({"type": "null"})
        del members["default"]
        if len(choices) == 1:
            members = {name: value for name, value in members.items() if name != "anyOf"} | choices[0]
    if "discriminator" in members:
        members["tag"] = members.pop("discriminator")["propertyName"]
    if isinstance(members.get("pattern"), str):
        members["pattern"] = members["pattern"].removesuffix("\\Z") + "$"
    if isinstance(members.get("$ref"), str):
        members["$ref"] = _name(members["$ref"])
    return members


@cache
def module_paths() -> list[str]:
    """All modules of the page, so that a browser fetches them at once and not one after the other."""
    return single_file.modules(_STATIC, _SCRIPT)


@cache
def single_script() -> str:
    """All modules of the page as one script."""
    return single_file.bundle(_STATIC, _SCRIPT)


@cache
def single_style() -> str:
    """All styles of the page."""
    return "".join((_STATIC / name).read_text() for name in _STYLES)


def _hash_source(text: str) -> str:
    """How a Content-Security-Policy names what stands inside a page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
