"""Where the load goes: services, a platform's key, its campaign and its webhook. Made once through the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.client import Client
from ledger.wire.hooks import NewHook
from scripts.bench.service import open_account

CONNECTOR = "label-studio"


@dataclass(frozen=True, slots=True)
class Place:
    """What the load's client is told; the services on ``ports`` are one log's."""

    ports: tuple[int, ...]
    key: str
    campaign: str
    hook_path: str
    hook_secret: str


def make_place(ports: Sequence[int], admin_key: str) -> Place:
    """Register a platform with a campaign, and a webhook for it."""
    url = f"http://127.0.0.1:{ports[0]}"
    account = open_account(url, admin_key)
    with Client(url, account.key) as client:
        hook = client.make_hook(NewHook(connector=CONNECTOR, campaign=account.campaign))
    path = f"/v1/hooks/{CONNECTOR}/{hook.id}"
    return Place(tuple(ports), account.key, account.campaign, path, hook.secret)
