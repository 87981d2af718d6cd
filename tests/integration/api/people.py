"""Contributors of the running application: signed in by a link or by a wallet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from tests.integration.api.running import Api, Platform


@dataclass
class Contributor:
    """Somebody with a session."""

    api: Api
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.api.http.get(path, headers=self.headers, params=query or None)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.api.http.post(path, headers=self.headers, json=body)

    async def contributions(self) -> list[dict[str, Any]]:
        reply = await self.get("/v1/contributors/me/contributions")
        assert reply.status_code == 200, reply.text
        return list(reply.json()["items"])


async def signed_in(platform: Platform, contributor: str = "ann") -> Contributor:
    """A contributor of the platform who followed a sign-in link."""
    link = await platform.post("/v1/sign-in-links", {"contributor": contributor})
    assert link.status_code == 201, link.text
    reply = await platform.api.http.post("/v1/sessions", json={"token": link.json()["token"]})
    assert reply.status_code == 201, reply.text
    return Contributor(platform.api, reply.json()["token"])


def personal_sign(account: LocalAccount, text: str) -> str:
    """What a wallet answers to ``personal_sign``."""
    return "0x" + bytes(account.sign_message(encode_defunct(text=text)).signature).hex()


async def signed_in_by(api: Api, account: LocalAccount) -> Contributor:
    """Whoever a wallet is."""
    asked = await api.http.post("/v1/sessions/message", json={"address": account.address})
    message = asked.json()["message"]
    body = {"message": message, "signature": personal_sign(account, message)}
    reply = await api.http.post("/v1/sessions", json=body)
    assert reply.status_code == 201, reply.text
    return Contributor(api, reply.json()["token"])


async def linked(platform: Platform, contributor: str = "ann", **more: Any) -> tuple[LocalAccount, dict[str, Any]]:
    """A new wallet linked to a contributor of the platform, and the reply."""
    account: LocalAccount = Account.create()
    asked = await platform.post("/v1/wallets/message", {"contributor": contributor, "address": account.address})
    message = asked.json()["message"]
    body = {"contributor": contributor, "message": message, "signature": personal_sign(account, message)}
    reply = await platform.post("/v1/wallets", body | more)
    assert reply.status_code == 201, reply.text
    again = await platform.post("/v1/wallets", body | more)
    assert (again.status_code, again.json()["receipt"]) == (200, reply.json()["receipt"])
    return account, dict(reply.json())


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Every clock of this process that tells the date goes on by so much."""
    before = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: before() + int(seconds * 1e9))
