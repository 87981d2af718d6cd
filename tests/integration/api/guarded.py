"""Every route of the application and how it is guarded: one that is added without a line here fails test_isolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tests.integration.api.running import BRIEF

Access = Literal["own", "listing", "operator", "public", "session", "signed"]


@dataclass(frozen=True)
class Route:
    """How a route is guarded.

    ``own``: another platform's thing is missing (404). ``listing``: the reply holds nothing of another platform.
    ``operator``: the operator's key, or an auditor's token, only. ``public``: anybody, and nothing private is said.
    ``signed``: a platform's delivery, known by its signature (tests/integration/api/hooks).
    ``session``: a contributor's session only, and nothing of anybody else in the reply.
    """

    access: Access
    scope: str | None = None
    body: Any = None
    query: str = ""


CONTRIBUTION = {"campaign": "{campaign}", "contributor": "eve", "content": 1}
DECISION = {"contribution": "{contribution}", "verdict": "rejected", "supersedes": "{decision}"}
REVIEW = {"contribution": "{contribution}", "reviewer": "eve", "verdict": "accepted"}
FILE = {"file": "the secret file"}
ADDRESS = "0x" + "11" * 20
MEMBER = {"name": "Eve's", "role": "viewer"}
IMPORT = {"campaign": "{campaign}", "connector": "mturk", "form": "batch-results", "file": "the secret file.csv"}

ROUTES = {
    "POST /v1/platforms": Route("operator", body={"name": "Eve"}),
    "GET /keys.json": Route("public"),
    "GET /v1/keys": Route("listing", "admin"),
    "POST /v1/keys": Route("listing", "admin", {"scopes": ["submit"]}),
    "POST /v1/keys/{key}/rotate": Route("own", "admin"),
    "DELETE /v1/keys/{key}": Route("own", "admin"),
    "POST /v1/members": Route("listing", "admin", MEMBER),
    "GET /v1/members": Route("listing", "admin"),
    "GET /v1/members/{member}": Route("own", "admin"),
    "PATCH /v1/members/{member}": Route("own", "admin", {"role": "owner"}),
    "DELETE /v1/members/{member}": Route("own", "admin"),
    "POST /v1/members/{member}/sign-in-links": Route("own", "admin"),
    "POST /v1/campaigns": Route(
        "listing",
        "admin",
        {
            "title": "Eve's",
            "type": "rating",
            "brief": BRIEF,
            "terms": "",
            "policy": {"name": "piece_rate", "amount": "1"},
            "budget": "1",
            "external_id": "c-1",
        },
    ),
    "GET /v1/campaigns": Route("listing"),
    "GET /v1/campaigns/{campaign}": Route("own"),
    "GET /v1/campaigns/{campaign}/costs": Route("own"),
    "GET /metrics": Route("operator"),
    "POST /v1/campaigns/{campaign}/close": Route("own", "admin"),
    "POST /v1/campaigns/{campaign}/tasks": Route("own", "submit", {"content": 1}),
    "POST /v1/campaigns/{campaign}/tasks/batch": Route("own", "submit", {"items": [{"content": 1}]}),
    "POST /v1/campaigns/{campaign}/amend": Route("own", "admin", {"version": 2, "budget": "6000"}),
    "POST /v1/campaigns/{campaign}/notices": Route("own", "admin", {"text": "News."}),
    "POST /v1/campaigns/{campaign}/pause": Route("own", "admin"),
    "POST /v1/campaigns/{campaign}/resume": Route("own", "admin"),
    "GET /v1/campaigns/open": Route("public"),
    "GET /v1/campaigns/{campaign}/brief": Route("public"),
    "GET /v1/campaigns/{campaign}/notices": Route("public"),
    "GET /v1/campaigns/{campaign}/figures": Route("public"),
    "POST /v1/reviews": Route("own", "review", REVIEW),
    "POST /v1/contributions/{contribution}/decide": Route("own", "review"),
    "GET /v1/campaigns/{campaign}/queue": Route("own", "review", query="?reviewer=carl"),
    "GET /v1/campaigns/{campaign}/second-looks": Route("own", "review", query="?reviewer=carl"),
    "GET /v1/campaigns/{campaign}/reviewers": Route("own", "review"),
    "GET /v1/campaigns/{campaign}/signals": Route("own", "review"),
    "GET /v1/campaigns/{campaign}/export": Route("own", "review"),
    "POST /v1/campaigns/{campaign}/results": Route("own", "admin", {"make": "ranking"}),
    "GET /v1/campaigns/{campaign}/results": Route("public"),
    "GET /v1/results/{result}": Route("public"),
    "GET /v1/results/{result}/document": Route("public"),
    "POST /v1/mandates": Route("listing", "admin", {"name": "Eve", "until": "2030-01-01T00:00:00Z"}),
    "GET /v1/mandates": Route("listing", "admin"),
    "GET /v1/mandates/{mandate}/openings/{purpose}/{subject}": Route("operator"),
    "POST /v1/contributions": Route("own", "submit", CONTRIBUTION),
    "POST /v1/contributions/batch": Route("own", "submit", {"items": [CONTRIBUTION]}),
    "GET /v1/contributions": Route("listing"),
    "GET /v1/contributions/{contribution}": Route("own"),
    "GET /v1/contributions/{contribution}/opening": Route("own"),
    "POST /v1/decisions": Route("own", "review", DECISION),
    "POST /v1/decisions/batch": Route("own", "review", {"items": [DECISION]}),
    "POST /v1/wallets/message": Route("own", "submit", {"contributor": "ann", "address": ADDRESS}),
    "POST /v1/wallets": Route("own", "submit", {"contributor": "ann", "message": "m", "signature": "0x" + "00" * 65}),
    "POST /v1/wallets/objections": Route(
        "public", body={"contributor": "{public}", "link": 0, "signature": "0x" + "00" * 65}
    ),
    "POST /v1/contributions/{contribution}/withdraw": Route("own", "submit"),
    "POST /v1/contributions/{contribution}/reveal": Route(
        "own", "submit", {"opening": {"salt": "00" * 32, "preimage": "{}"}}
    ),
    "POST /v1/direct/contributions": Route("public", body={}),
    "POST /v1/sign-in-links": Route("own", "submit", {"contributor": "ann's own id"}),
    "POST /v1/sessions/message": Route("public", body={"address": ADDRESS}),
    "POST /v1/sessions": Route("public", body={}),
    "DELETE /v1/sessions/current": Route("session"),
    "GET /v1/contributors/me": Route("session"),
    "GET /v1/contributors/me/contributions": Route("session"),
    "GET /v1/contributors/me/earnings": Route("session"),
    "GET /v1/contributors/me/payments": Route("session"),
    "GET /v1/contributors/me/export": Route("session"),
    "GET /v1/contributors/me/certificate": Route("session", query="?campaign={campaign}"),
    "POST /v1/contributors/me/erase": Route("session"),
    "GET /v1/contributors/{contributor}/export": Route("own", "admin"),
    "POST /v1/contributors/{contributor}/erase": Route("own", "admin", {"reason": "law"}),
    "GET /v1/people/{public}/reputation": Route("public"),
    "POST /v1/appeals": Route("own", "submit", {"contribution": "{contribution}", "grounds": "Eve's"}),
    "GET /v1/appeals": Route("listing"),
    "POST /v1/appeals/{appeal}/resolve": Route("own", "review", {"reviewer": "eve", "reason": "Eve's"}),
    "POST /v1/feedback": Route(
        "own",
        "submit",
        {"campaign": "{campaign}", "about": "campaign", "subject": "{campaign}", "score": "1", "contributor": "ann"},
    ),
    "GET /seal": Route("public"),
    "POST /v1/settlements": Route("listing", "settle"),
    "GET /v1/receipts": Route("own", query="?external_id={external}"),
    "GET /v1/contributions/{contribution}/receipt": Route("public"),
    "GET /v1/decisions/{decision}/receipt": Route("public"),
    "GET /v1/entries": Route("public", query="?contribution={contribution}"),
    "GET /v1/entries/{index}": Route("public"),
    "POST /v1/entries/find": Route("public", body={}),
    "GET /v1/entries/{index}/receipt": Route("public"),
    "GET /v1/entries/{index}/proof": Route("public"),
    "GET /v1/rewards/{address}": Route("public"),
    "GET /v1/rewards/together": Route("public", query="?address=" + ADDRESS),
    "GET /v1/settlements": Route("public"),
    "GET /v1/settlements/{number}": Route("public"),
    "GET /v1/settlements/requests/{order}": Route("public"),
    "POST /v1/files": Route("listing", "submit", {"a": "file"}),
    "PUT /v1/files/{sha256}": Route("listing", "submit", FILE),
    "GET /v1/files/{sha256}": Route("own"),
    "DELETE /v1/files/{sha256}": Route("own", "admin"),
    "POST /v1/claims": Route("public", body={"addresses": [ADDRESS]}),
    "GET /v1/claims/{claim}": Route("public"),
    "GET /v1/audit/summary": Route("public"),
    "GET /v1/audit/history": Route("public"),
    "GET /checkpoint": Route("public"),
    "GET /mirror.tar": Route("public"),
    "GET /tile/{path}": Route("public"),
    "GET /settlements/{chain_id}/{pool}/{number}.json": Route("public"),
    "GET /health": Route("public"),
    "GET /healthz": Route("public"),
    "GET /ready": Route("public"),
    "GET /readyz": Route("public"),
    "GET /openapi.json": Route("public"),
    "GET /static/{path}": Route("public"),
    "GET /words/{code}.json": Route("public"),
    "GET /": Route("public"),
    "GET /docs": Route("public"),
    "GET /me": Route("public"),
    "GET /c/{contribution}": Route("public"),
    "GET /c/{contribution}/qr.svg": Route("public"),
    "GET /d/{decision}": Route("public"),
    "GET /e/{index}": Route("public"),
    "GET /campaigns": Route("public"),
    "GET /campaigns/{campaign}": Route("public"),
    "GET /problems": Route("public"),
    "GET /problems/{slug}": Route("public"),
    "GET /v1/keys/current": Route("listing"),
    "GET /v1/settlements/requests": Route("listing", "settle"),
    "GET /v1/campaigns/{campaign}/record": Route("public"),
    "GET /v1/campaigns/{campaign}/rewards": Route("public"),
    "POST /v1/imports": Route("own", "submit", IMPORT),
    "GET /v1/imports": Route("listing"),
    "GET /v1/imports/{imported}": Route("own"),
    "PATCH /v1/imports/{imported}": Route("own", "submit", {"rows": 1, "used": 1, "refused": 0}),
    "GET /v1/events": Route("listing"),
    "GET /v1/audits": Route("public"),
    "POST /v1/audits": Route("public"),
    "GET /v1/audits/{audit}": Route("public"),
    "GET /entries": Route("public"),
    "GET /tree": Route("public"),
    "GET /anchors": Route("public"),
    "GET /s": Route("public"),
    "GET /s/{chain_id}/{pool}/{number}": Route("public"),
    "GET /s/{chain_id}/{pool}/{number}/{account}": Route("public"),
    "GET /audit": Route("public"),
    "POST /audit": Route("public"),
    "GET /audits/{audit}": Route("public"),
    "GET /verify": Route("public"),
    "GET /verify.html": Route("public"),
    "GET /platform": Route("public"),
    "POST /platform/code": Route("listing", "submit", {"url": "http://crowd.test/me#link=sl_0"}),
    "POST /v1/hooks": Route("own", "admin", {"connector": "forms", "campaign": "{campaign}"}),
    "GET /v1/hooks": Route("listing", "admin"),
    "POST /v1/endpoints": Route("listing", "admin", {"url": "https://eve.example/told"}),
    "GET /v1/endpoints": Route("listing", "admin"),
    "GET /v1/endpoints/{endpoint}": Route("own", "admin"),
    "PATCH /v1/endpoints/{endpoint}": Route("own", "admin", {"state": "disabled"}),
    "DELETE /v1/endpoints/{endpoint}": Route("own", "admin"),
    "POST /v1/endpoints/{endpoint}/rotate": Route("own", "admin", {}),
    "POST /v1/endpoints/{endpoint}/test": Route("own", "admin"),
    "POST /v1/endpoints/{endpoint}/replay": Route("own", "admin", {"after": 0}),
    "GET /v1/endpoints/{endpoint}/sendings": Route("own", "admin"),
    "POST /v1/endpoints/{endpoint}/sendings/{event}/retry": Route("own", "admin"),
    "GET /v1/hooks/{hook}": Route("own", "admin"),
    "PATCH /v1/hooks/{hook}": Route("own", "admin", {"rate": "1"}),
    "DELETE /v1/hooks/{hook}": Route("own", "admin"),
    "POST /v1/hooks/{hook}/rotate": Route("own", "admin", {}),
    "GET /v1/hooks/{hook}/deliveries": Route("own", "admin"),
    "POST /v1/hooks/{hook}/deliveries/{delivery}/retry": Route("own", "admin"),
    "GET /v1/hooks/{connector}/{hook}": Route("public"),
    "POST /v1/hooks/{connector}/{hook}": Route("signed", body={}),
}
