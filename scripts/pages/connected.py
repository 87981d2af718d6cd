"""What stands in the console of a platform that is connected to others: imports, webhooks that came and were sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import httpx

from ledger.client import Client
from ledger.demo.platform import brief, wait_until
from ledger.wire import NewCampaign, PieceRate
from ledger.wire.endpoints import NewEndpoint
from ledger.wire.hooks import NewHook
from ledger.wire.imports import ImportProgress, NewImport
from scripts.pages.called import Called
from scripts.pages.world import World

_NOBODY: Final = "http://127.0.0.1:9/webhooks"
_ROOT: Final = Path(__file__).parents[2]
_DELIVERIES: Final = _ROOT / "tests" / "data" / "connectors" / "label-studio" / "ls-1.23.2-webhooks.jsonl"
_RUNNING: Final = {
    "expected": 98_000,
    "rows": 31_000,
    "used": 30_990,
    "refused": 10,
    "written": {"contribution": 30_990},
}
_IMPORTS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("mturk", "Batch_4711_results.csv", {"state": "done", "rows": 1200, "used": 1198, "refused": 2}),
    (
        "kaggle",
        "leaderboard.xlsx",
        {"state": "failed", "expected": 12_000, "rows": 4_000, "used": 4_000, "refused": 0}
        | {"written": {"contribution": 3_010}, "known": {"contribution": 990}}
        | {"detail": "The service at https://crowd.example.org does not answer."},
    ),
    ("toloka", "assignments_from_pool_1234.tsv", _RUNNING),
)


def connect(world: World, called: Called) -> None:
    """Connect the platform, unless it is; an import that runs is heard of again."""
    client = world.platform.client
    if not list(client.hooks()):
        _import_all(client, world.campaigns["quick"].id)
        _be_called(client)
        _call(client, called)
    for each in client.imports():
        if each.connector == "toloka":
            client.tell_import(each.id, ImportProgress.model_validate(_RUNNING))


def _import_all(client: Client, campaign: str) -> None:
    for connector, name, progress in _IMPORTS:
        new = NewImport(campaign=campaign, connector=connector, form="table", file=name)
        client.tell_import(client.begin_import(new).id, ImportProgress.model_validate(progress))


def _be_called(client: Client) -> None:
    """Label Studio calls, somebody else tries to, and one call cannot be used."""
    asked = brief("How does the review sound?", "One label.", {"sentiment": "Positive"}, {"sentiment": "?"})
    new = NewCampaign(
        title="How does it sound?",
        type="processing",
        brief=asked,
        terms="CC0",
        policy=PieceRate(amount="5"),
        budget="5000",
    )
    hook = client.make_hook(NewHook(connector="label-studio", campaign=client.open_campaign(new).id))
    genuine = {"X-CrowdLedger-Secret": hook.secret, "Content-Type": "application/json"}
    bodies = [json.dumps(json.loads(line)["body"]) for line in _DELIVERIES.read_text().splitlines()]
    for body in [*bodies, '{"action": "ANNOTATION_CREATED", "task": {"id": 3}}']:
        httpx.post(hook.url, content=body, headers=genuine).raise_for_status()
    httpx.post(hook.url, content=bodies[0], headers=genuine | {"X-CrowdLedger-Secret": "guessed"})
    wait_until("all is recorded", lambda: client.hook(hook.id).waiting == 0 or None)


def _call(client: Client, called: Called) -> None:
    """A server that took all so far, and one that is away."""
    away = client.make_endpoint(NewEndpoint(url=_NOBODY, types=["decision.made", "claim.paid"], description="Old shop"))
    client.replay_events(away.id, 0)
    endpoint = client.make_endpoint(NewEndpoint(url=called.url, description="Our shop"))
    client.replay_events(endpoint.id, max(0, client.endpoint(endpoint.id).cursor - 30))
    wait_until("all is sent", lambda: len(called.took) >= 30 or None)
    wait_until("nobody answers", lambda: client.endpoint(away.id).failing_since)
