"""Calls of the people who do the work, and of platforms for them: signing in, appeals, sealed entries, their data.

A session's token is given to the client as its key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ledger import wire
from ledger.client.connection import Connection
from ledger.statements.commitments import Opening
from ledger.wire.appeals import AppealLine, GivenOpening, NewAppeal, NewResolution, Resolved
from ledger.wire.people import (
    Earnings,
    Erase,
    Erased,
    Me,
    MyContribution,
    NewFeedback,
    NewObjection,
    NewSession,
    NewSignInLink,
    SessionEnded,
    SessionOpened,
    SignInLink,
    SignInMessageRequest,
)
from ledger.wire.reputation import PublicReputation
from ledger.wire.sealed import NewDirectContribution, Reveal, Withdraw

_ENCODER: Final = msgspec.json.Encoder()


class PeopleCalls(Connection):
    """Sessions, one's own work and pay, appeals, sealed and direct entries."""

    def sign_in_link(self, contributor: str) -> SignInLink:
        """A token with which a contributor of the platform signs in once."""
        return self._post("/v1/sign-in-links", NewSignInLink(contributor=contributor), SignInLink)

    def sign_in_message(self, address: str) -> wire.WalletMessage:
        """The text with which a wallet signs in."""
        return self._post("/v1/sessions/message", SignInMessageRequest(address=address), wire.WalletMessage)

    def open_session(self, new: NewSession) -> SessionOpened:
        """A session, by a link's token or by a signed message; its token is the key of another client."""
        return self._post("/v1/sessions", new, SessionOpened)

    def end_session(self) -> SessionEnded:
        """Sign out."""
        return self._read(self._send("DELETE", "/v1/sessions/current"), SessionEnded)

    def me(self) -> Me:
        """Who is signed in."""
        return self._get("/v1/contributors/me", Me)

    def my_contributions(self) -> Iterator[MyContribution]:
        """One's own contributions in the order of the log."""
        return self._list("/v1/contributors/me/contributions", MyContribution)

    def my_earnings(self) -> Earnings:
        """What one has earned, by campaign."""
        return self._get("/v1/contributors/me/earnings", Earnings)

    def export(self, contributor: str | None = None) -> dict[str, Any]:
        """Everything that is kept of oneself, or with a platform's key of its contributor."""
        who = "me" if contributor is None else quote(contributor, safe="")
        document: dict[str, Any] = self._send("GET", f"/v1/contributors/{who}/export").json()
        return document

    def erase(self, contributor: str | None = None, new: Erase | None = None) -> Erased:
        """Erase oneself, or with a platform's key its contributor."""
        if contributor is None:
            return self._post("/v1/contributors/me/erase", None, Erased)
        return self._post(f"/v1/contributors/{quote(contributor, safe='')}/erase", new or Erase(), Erased)

    def certificate(self, campaign: str) -> bytes:
        """The certificate of one's decided work in a campaign."""
        return self._send("GET", "/v1/contributors/me/certificate", query={"campaign": campaign}).content

    def reputation(self, contributor: str) -> PublicReputation:
        """What the log says of the work of a public id."""
        return self._get(f"/v1/people/{quote(contributor, safe='')}/reputation", PublicReputation)

    def appeal(self, new: NewAppeal) -> wire.Written:
        """Appeal against the decision that stands on a contribution."""
        return self._post("/v1/appeals", new, wire.Written)

    def appeals(self, state: str | None = None) -> Iterator[AppealLine]:
        """A platform's open appeals, the most urgent first; a contributor's own."""
        return self._list("/v1/appeals", AppealLine, state=state)

    def resolve(self, appeal: str, new: NewResolution) -> Resolved:
        """Resolve an appeal."""
        return self._post(f"/v1/appeals/{appeal}/resolve", new, Resolved)

    def withdraw(self, contribution: str, signed: Withdraw | None = None) -> wire.Written:
        """Take a contribution back; one that a wallet signed with a signature of that wallet."""
        return self._post(f"/v1/contributions/{contribution}/withdraw", signed, wire.Written)

    def reveal(self, contribution: str, opening: Opening) -> wire.Written:
        """Open a sealed entry."""
        given = GivenOpening(salt=opening.salt.hex(), preimage=opening.preimage.decode())
        return self._post(f"/v1/contributions/{contribution}/reveal", Reveal(opening=given), wire.Written)

    def submit_directly(self, new: NewDirectContribution) -> wire.Written:
        """Write work that one's wallet signed, without a platform's key."""
        return self._read(self._send("POST", "/v1/direct/contributions", _ENCODER.encode(new)), wire.Written)

    def feedback(self, new: NewFeedback) -> wire.Written:
        """Rate a task, a decision or a campaign."""
        return self._post("/v1/feedback", new, wire.Written)

    def object_to_link(self, new: NewObjection) -> wire.Written:
        """Delay a link that would replace the wallet in force."""
        return self._post("/v1/wallets/objections", new, wire.Written)
