"""What is attacked: a service with a world of people, pay and appeals in it, and who attacks.

A worker is there while the world is made, so that there are settlements, claims and anchors; none runs during the
attack: nothing is sent to addresses that were drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import httpx

from ledger.demo.stage import Server, Stage
from ledger.errors import UnavailableError
from ledger.statements.platforms import Scope
from scripts.compile_contracts import ROOT
from scripts.pages.world import World as Story
from scripts.pages.world import running_world as running_story

STRANGER, SESSION, PLATFORM, OPERATOR, AUDITOR, SENDER = ATTACKERS = (
    *("stranger", "session", "platform", "operator", "auditor", "sender"),
)
_ANSWERS: Final = ROOT / "tests" / "data" / "snow2008-rte.csv"
_EACH: Final = 3
"""How many there are of what can be ended or removed."""
_WHO: Final = "ana"
_CAMPAIGN: Final = {
    "title": "Which sentence follows?",
    "type": "rating",
    "brief": {
        "problem": "Which of the sentences follows from the other?",
        "mode": "cooperation",
        "rules": "Answer yes or no.",
        "example_accepted": {"answer": "yes"},
        "example_rejected": {"answer": "I do not know"},
        "rights": {"rejected_entries": "contributor", "pass_on": "payment"},
    },
    "terms": "Answer honestly.",
    "policy": {"name": "piece_rate", "amount": "5"},
    "budget": "50000000",
}


@dataclass(frozen=True)
class World:
    """``known``: by the name of a parameter or field, values that exist. ``doomed``: those that may be ended."""

    server: Server
    folder: Path
    headers: dict[str, dict[str, str]]
    """What each attacker sends with every request."""
    known: dict[str, list[Any]]
    doomed: dict[str, list[str]]
    secrets: tuple[str, ...]
    """What must stand nowhere in the service's log."""

    @property
    def log(self) -> Path:
        """The service's log."""
        return self.folder / f"server-{self.server.url.rpartition(':')[2]}.log"


@contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """A service in ``folder``, filled."""
    with running_story(folder, _ANSWERS) as story:
        story.server.stop()
        _set_up(story.stage)
        with story.stage.server(worker=False) as server, httpx.Client(base_url=server.url, timeout=30) as http:
            yield _Filling(http, story).world(server)


def _set_up(stage: Stage) -> None:
    """No limit that a run would meet; every request in the log; the operator's key reads the metrics too."""
    with stage.config.open("a") as file:
        file.write("log_requests = true\n")
        file.write("key_requests_per_minute = 100000000\naddress_requests_per_minute = 100000000\n")
        file.write(f'metrics_key_file = "{stage.folder / "admin.key"}"\n')


class _Filling:
    def __init__(self, http: httpx.Client, story: Story) -> None:
        self._http = http
        self._story = story

    def _ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        reply = self._http.request(method, path, json=body, headers=headers or _bearer(self._story.key))
        if reply.is_error:
            raise UnavailableError(f"The world could not be made; {path} answered: {reply.text}")
        return reply.json()

    def _post(self, path: str, body: Any) -> dict[str, Any]:
        return dict(self._ask("POST", path, body))

    def _listed(self, path: str, member: str) -> list[Any]:
        """A member of each item of a list, the first few."""
        found = [item[member] for item in self._ask("GET", path)["items"] if item.get(member) is not None]
        return found[: 2 * _EACH]

    def world(self, server: Server) -> World:
        """Add what the story lacks, and find the names of what it has."""
        story = self._story
        campaigns = [str(self._post("/v1/campaigns", _CAMPAIGN)["id"]) for _ in range(_EACH + 1)]
        hooks = [self._post("/v1/hooks", {"connector": "forms", "campaign": campaigns[0]}) for _ in range(_EACH)]
        endpoints = [self._post("/v1/endpoints", {"url": f"{server.url}/told"}) for _ in range(_EACH)]
        keys = [self._post("/v1/keys", {"scopes": list(get_args(Scope))}) for _ in range(_EACH)]
        files = [self._post("/v1/files", {"file": number})["sha256"] for number in range(_EACH)]
        mandate = self._post("/v1/mandates", {"name": "Auditor", "until": "2100-01-01T00:00:00Z"})
        token = self._post("/v1/sign-in-links", {"contributor": _WHO})["token"]
        session = self._post("/v1/sessions", {"token": token})
        sender = {"X-CrowdLedger-Secret": hooks[0]["secret"]}
        self._ask("POST", f"/v1/hooks/forms/{hooks[0]['id']}", {"any": "form"}, sender)
        known = self._story_names() | {
            "campaign": [*(each.id for each in story.campaigns.values()), campaigns[0]],
            "task": [self._post(f"/v1/campaigns/{campaigns[0]}/tasks", {"content": "Does it follow?"})["id"]],
            "public": session["people"],
            "hook": [hooks[0]["id"]],
            "delivery": self._listed(f"/v1/hooks/{hooks[0]['id']}/deliveries", "id"),
            "connector": ["forms"],
            "endpoint": [endpoints[0]["id"]],
            "url": [endpoints[0]["url"]],
            "event": [1, 2],
            "sha256": [files[0]],
            "imported": [self._import(campaigns[0])],
            "mandate": [mandate["id"]],
        }
        doomed = {
            "campaign": campaigns[1:],
            "hook": [hook["id"] for hook in hooks[1:]],
            "endpoint": [endpoint["id"] for endpoint in endpoints[1:]],
            "sha256": files[1:],
            "key": [key["key"].split("_")[1] for key in keys],
            "contributor": ["jon"],
        }
        headers = {
            STRANGER: {},
            SESSION: _bearer(session["token"]),
            PLATFORM: _bearer(story.key),
            OPERATOR: _bearer(story.stage.admin_key),
            AUDITOR: _bearer(mandate["token"]),
            SENDER: sender,
        }
        secrets = [story.key, story.stage.admin_key, session["token"], token, mandate["token"]]
        secrets += [each["secret"] for each in (*hooks, *endpoints)] + [each["key"] for each in keys]
        return World(server, story.stage.folder, headers, known, doomed, tuple(secrets))

    def _import(self, campaign: str) -> str:
        told = {"campaign": campaign, "connector": "mturk", "form": "batch-results", "file": "answers.csv"}
        return str(self._post("/v1/imports", told)["id"])

    def _story_names(self) -> dict[str, list[Any]]:
        """The ids of what the story has."""
        story = self._story
        own = [each for ids in story.contributions.values() for each in ids]
        quick = story.campaigns["quick"].id
        return {
            "contribution": own[:: max(1, len(own) // 12)],
            "decision": self._listed("/v1/contributions?limit=10", "decision"),
            "appeal": self._listed("/v1/appeals", "id"),
            "result": self._listed(f"/v1/campaigns/{quick}/results", "id"),
            "contributor": [_WHO, "ben"],
            "external_id": [self._named(quick)],
            "address": [story.people[_WHO].address, story.people["ben"].address],
            "claim": self._claims(),
            "chain_id": [story.stage.chain.chain_id],
            "pool": [story.stage.deployment.pool],
            "number": self._listed("/v1/settlements", "number"),
            "index": ["0", "1", "7", "900"],
            "path": ["0/000.p/5", "0/000", "entries/000", "1/000.p/3"],
        }

    def _named(self, campaign: str) -> str:
        """The platform's own id of a contribution."""
        name = "answer-1"
        self._post(
            "/v1/contributions", {"campaign": campaign, "contributor": "ben", "content": name, "external_id": name}
        )
        return name

    def _claims(self) -> list[str]:
        made = self._post("/v1/claims", {"addresses": [self._story.people[_WHO].address]})
        return [each["id"] for each in made["items"]]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
