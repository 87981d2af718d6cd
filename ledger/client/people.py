"""Calls of the people who do the work, and of platforms for them: signing in, appeals, sealed entries, their data.

A session's token is given to the client as its key. ``person`` is a public id, which is needed only by somebody who is
several people (on several platforms).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

from ledger import wire
from ledger.client.batches import object_of
from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of
from ledger.client.later import Later
from ledger.statements.commitments import Opening

if TYPE_CHECKING:
    from ledger.wire import appeals as wire_appeals
    from ledger.wire import people as wire_people
    from ledger.wire import reputation as wire_reputation
    from ledger.wire import sealed as wire_sealed
else:
    wire_appeals = Later("ledger.wire.appeals")
    wire_people = Later("ledger.wire.people")
    wire_reputation = Later("ledger.wire.reputation")
    wire_sealed = Later("ledger.wire.sealed")


class PeopleCalls(Core):
    """Sessions, one's own work and pay, appeals, sealed and direct entries."""

    @call
    async def sign_in_link(self, contributor: str) -> wire_people.SignInLink:
        """A token with which a contributor of the platform signs in once."""
        return await self._post(
            "/v1/sign-in-links", wire_people.NewSignInLink(contributor=contributor), wire_people.SignInLink
        )

    @call
    async def sign_in_message(self, address: str, *, member: bool = False) -> wire.WalletMessage:
        """The text with which a wallet signs in, as a contributor or as a ``member`` of a platform."""
        new = wire_people.SignInMessageRequest(address=address, member=member)
        return await self._post("/v1/sessions/message", new, wire.WalletMessage, repeatable=True)

    @call
    async def open_session(self, new: wire_people.NewSession) -> wire_people.SessionOpened:
        """A session, by a link's token or by a signed message; its token is the key of another client."""
        return await self._post("/v1/sessions", new, wire_people.SessionOpened)

    @call
    async def end_session(self) -> wire_people.SessionEnded:
        """Sign out."""
        return await self._delete("/v1/sessions/current", wire_people.SessionEnded)

    @call
    async def me(self) -> wire_people.Me:
        """Who is signed in."""
        return await self._get("/v1/contributors/me", wire_people.Me)

    @listing
    def my_contributions(
        self, order: Literal["oldest", "newest"] | None = None
    ) -> AsyncIterator[wire_people.MyContribution]:
        """One's own contributions in the order of the log."""
        return self._pages("/v1/contributors/me/contributions", wire_people.MyContribution, order=order)

    @call
    async def my_earnings(self) -> wire_people.Earnings:
        """What one has earned, by campaign."""
        return await self._get("/v1/contributors/me/earnings", wire_people.Earnings)

    @call
    async def my_payments(self) -> wire_people.Payments:
        """What was paid to the wallets that one has linked."""
        return await self._get("/v1/contributors/me/payments", wire_people.Payments)

    @call
    async def export(self, contributor: str | None = None, *, person: str | None = None) -> dict[str, Any]:
        """Everything that is kept of oneself, or with a platform's key of its contributor."""
        if contributor is None:
            reply = await self._reply("GET", "/v1/contributors/me/export", query={"contributor": person})
        else:
            reply = await self._reply("GET", path_of("/v1/contributors/{}/export", contributor))
        return object_of(reply.content, "The service's export")

    @call
    async def erase(
        self, contributor: str | None = None, new: wire_people.Erase | None = None, *, person: str | None = None
    ) -> wire_people.Erased:
        """Erase oneself, or with a platform's key its contributor."""
        if contributor is None:
            query = {"contributor": person}
            reply = await self._reply("POST", "/v1/contributors/me/erase", query=query, repeatable=True)
            return await self._read(reply, wire_people.Erased)
        where = path_of("/v1/contributors/{}/erase", contributor)
        return await self._post(where, new or wire_people.Erase(), wire_people.Erased, repeatable=True)

    @call
    async def certificate(self, campaign: str, *, name: str | None = None, person: str | None = None) -> bytes:
        """The certificate of one's decided work in a campaign; ``name`` is what one wants to be called in it."""
        query = {"campaign": campaign, "name": name, "contributor": person}
        return (await self._reply("GET", "/v1/contributors/me/certificate", query=query)).content

    @call
    async def reputation(self, contributor: str) -> wire_reputation.PublicReputation:
        """What the log says of the work of a public id."""
        return await self._get(path_of("/v1/people/{}/reputation", contributor), wire_reputation.PublicReputation)

    @call
    async def appeal(self, new: wire_appeals.NewAppeal) -> wire.Written:
        """Appeal against the decision that stands on a contribution."""
        return await self._post("/v1/appeals", new, wire.Written)

    @listing
    def appeals(self, state: str | None = None) -> AsyncIterator[wire_appeals.AppealLine]:
        """A platform's open appeals, the most urgent first; a contributor's own."""
        return self._pages("/v1/appeals", wire_appeals.AppealLine, state=state)

    @call
    async def resolve(self, appeal: str, new: wire_appeals.NewResolution) -> wire_appeals.Resolved:
        """Resolve an appeal."""
        return await self._post(path_of("/v1/appeals/{}/resolve", appeal), new, wire_appeals.Resolved)

    @call
    async def withdraw(self, contribution: str, signed: wire_sealed.Withdraw | None = None) -> wire.Written:
        """Take a contribution back; one that a wallet signed with a signature of that wallet."""
        return await self._post(
            path_of("/v1/contributions/{}/withdraw", contribution), signed, wire.Written, repeatable=True
        )

    @call
    async def reveal(self, contribution: str, opening: Opening) -> wire.Written:
        """Open a sealed entry."""
        new = wire_sealed.Reveal(
            opening=wire_appeals.GivenOpening(salt=opening.salt.hex(), preimage=opening.preimage.decode())
        )
        return await self._post(
            path_of("/v1/contributions/{}/reveal", contribution), new, wire.Written, repeatable=True
        )

    @call
    async def submit_directly(self, new: wire_sealed.NewDirectContribution) -> wire.Written:
        """Write work that one's wallet signed, without a platform's key."""
        return await self._post("/v1/direct/contributions", new, wire.Written)

    @call
    async def feedback(self, new: wire_people.NewFeedback) -> wire.Written:
        """Rate a task, a decision or a campaign."""
        return await self._post("/v1/feedback", new, wire.Written)

    @call
    async def object_to_link(self, new: wire_people.NewObjection) -> wire.Written:
        """Delay a link that would replace the wallet in force."""
        return await self._post("/v1/wallets/objections", new, wire.Written, repeatable=True)
