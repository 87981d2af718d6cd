"""Calls about the people of a platform. A member's session is the key of another client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of
from ledger.client.later import Later
from ledger.wire.members import Member, MemberChange, NewMember

if TYPE_CHECKING:
    from ledger.wire import people as wire_people
else:
    wire_people = Later("ledger.wire.people")


class MemberCalls(Core):
    """Members: add them, change what they may, let them in, remove them."""

    @call
    async def add_member(self, new: NewMember) -> Member:
        """Add a person to the platform."""
        return await self._post("/v1/members", new, Member)

    @listing
    def members(self) -> AsyncIterator[Member]:
        """The platform's members, the oldest first."""
        return self._pages("/v1/members", Member)

    @call
    async def member(self, member: str) -> Member:
        """One member."""
        return await self._get(path_of("/v1/members/{}", member), Member)

    @call
    async def change_member(self, member: str, change: MemberChange) -> Member:
        """Change a member; another role or wallet ends their sessions."""
        return await self._patch(path_of("/v1/members/{}", member), change, Member)

    @call
    async def remove_member(self, member: str) -> None:
        """Remove a member; their sessions end at once."""
        await self._reply("DELETE", path_of("/v1/members/{}", member))

    @call
    async def member_sign_in_link(self, member: str) -> wire_people.SignInLink:
        """A token with which a member signs in once."""
        return await self._post(path_of("/v1/members/{}/sign-in-links", member), None, wire_people.SignInLink)
