"""Members of platforms of the running application: signed in by a link or by a wallet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from eth_account.signers.local import LocalAccount

from tests.integration.api.people import personal_sign
from tests.integration.api.running import Api, Platform


@dataclass
class MemberOf:
    """Somebody of a platform, with a session."""

    api: Api
    id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.api.http.request(method, path, headers=self.headers | headers, json=body)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.api.http.get(path, headers=self.headers, params=query or None)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.ask("POST", path, body)


async def made(platform: Platform, role: str, name: str = "Ada", **more: Any) -> str:
    """The id of a new member."""
    reply = await platform.post("/v1/members", {"name": name, "role": role} | more)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["member"])


async def linked_in(platform: Platform, member: str) -> MemberOf:
    """A member who followed a sign-in link."""
    link = await platform.post(f"/v1/members/{member}/sign-in-links")
    assert link.status_code == 201, link.text
    reply = await platform.api.http.post("/v1/sessions", json={"token": link.json()["token"]})
    assert reply.status_code == 201, reply.text
    return MemberOf(platform.api, member, reply.json()["token"])


async def member_of(platform: Platform, role: str, name: str = "Ada") -> MemberOf:
    """A new member, signed in."""
    return await linked_in(platform, await made(platform, role, name))


async def signed_message(api: Api, account: LocalAccount) -> dict[str, str]:
    """What a wallet sends that signs in as a member."""
    asked = await api.http.post("/v1/sessions/message", json={"address": account.address, "member": True})
    message = asked.json()["message"]
    return {"message": message, "signature": personal_sign(account, message)}
