"""A client of the API, typed by the same models. Problems come back as the errors of ``ledger.errors``.

It waits and tries again where the service says so (503 with Retry-After), for ``patience_seconds`` in all; a request
with an ``external_id`` can be sent again by hand at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from ledger import wire
from ledger.client import files
from ledger.client.campaigns import CampaignCalls
from ledger.client.connection import Result, error_in
from ledger.client.entries import EntryCalls
from ledger.client.people import PeopleCalls
from ledger.client.results import ResultCalls
from ledger.client.reviews import ReviewCalls
from ledger.statements.canonical import JsonValue
from ledger.statements.platforms import Scope
from ledger.wire.files import FileContent

__all__ = ["Client", "Result"]
_ENCODER: Final = msgspec.json.Encoder()


class Client(CampaignCalls, EntryCalls, PeopleCalls, ReviewCalls, ResultCalls):
    """One service, with one platform's key (or the operator's, or none for what is public)."""

    # Platforms and keys

    def register_platform(self, name: str, external_id: str | None = None) -> wire.KeyWritten:
        """Register a platform, with the operator's key; the reply has its first key, unless it was registered."""
        return self._post("/v1/platforms", wire.NewPlatform(name=name, external_id=external_id), wire.KeyWritten)

    def keys(self) -> list[wire.Key]:
        """The platform's keys."""
        return list(self._list("/v1/keys", wire.Key))

    def add_key(self, scopes: Sequence[Scope]) -> wire.KeyWritten:
        """Add a key to the platform."""
        return self._post("/v1/keys", wire.NewKey(scopes=list(scopes)), wire.KeyWritten)

    def revoke_key(self, key_id: str) -> wire.Written:
        """Revoke a key of the platform."""
        return self._read(self._send("DELETE", f"/v1/keys/{quote(key_id, safe='')}"), wire.Written)

    # Contributions and decisions

    def submit(self, new: wire.NewContribution) -> wire.Written:
        """Write a contribution."""
        return self._read(self._send("POST", "/v1/contributions", _ENCODER.encode(new)), wire.Written)

    def submit_many(self, new: Iterable[wire.NewContribution]) -> list[Result]:
        """Write any number of contributions, each by itself, in batches; the results are in their order."""
        return self._batches("/v1/contributions/batch", map(_ENCODER.encode, new))

    def contribution(self, contribution: str) -> wire.Contribution:
        """A contribution of the platform."""
        return self._get(f"/v1/contributions/{contribution}", wire.Contribution)

    def contributions(self, campaign: str | None = None, *, content: bool = False) -> Iterator[wire.ContributionLine]:
        """The platform's contributions in the order of the log, with their contents if asked."""
        asked = "true" if content else None
        return self._list("/v1/contributions", wire.ContributionLine, campaign=campaign, content=asked)

    def opening(self, contribution: str) -> bytes:
        """The opening of a contribution of the platform: the private file beside the receipt."""
        return self._send("GET", f"/v1/contributions/{contribution}/opening").content

    def decide(self, new: wire.NewDecision) -> wire.Written:
        """Write a decision."""
        return self._read(self._send("POST", "/v1/decisions", _ENCODER.encode(new)), wire.Written)

    def decide_many(self, new: Iterable[wire.NewDecision]) -> list[Result]:
        """Write any number of decisions, each by itself, in batches; the results are in their order."""
        return self._batches("/v1/decisions/batch", map(_ENCODER.encode, new))

    # Files

    def upload(self, path: Path, media_type: str) -> dict[str, JsonValue]:
        """Store a file of any size; gives the content that names it in a task or a contribution. Can be repeated."""
        source = files.Source.of(path)
        headers = {"Content-Type": media_type, "Content-Length": str(source.size)}
        reply = self._send("PUT", f"/v1/files/{source.sha256}", source, headers=headers)
        return self._read(reply, FileContent).model_dump()

    def download(self, sha256: str, path: Path) -> None:
        """Save a file of the platform, once its digest is checked. Raises ProofError if it is another one."""
        try:
            with self._http.stream("GET", f"/v1/files/{quote(sha256, safe='')}") as reply:
                if not reply.is_success:
                    reply.read()
                    raise error_in(reply)
                files.save(reply, sha256, path)
        except httpx.HTTPError as error:
            raise self._unanswered(error) from error

    # Wallets, rewards, settlements, claims

    def wallet_message(self, contributor: str, address: str) -> wire.WalletMessage:
        """The text that a contributor's wallet signs to be paid."""
        return self._post(
            "/v1/wallets/message",
            wire.WalletMessageRequest(contributor=contributor, address=address),
            wire.WalletMessage,
        )

    def link_wallet(self, contributor: str, message: str, signature: str) -> wire.Written:
        """Link the wallet that signed the message."""
        new = wire.NewWallet(contributor=contributor, message=message, signature=signature)
        return self._post("/v1/wallets", new, wire.Written)

    def rewards(self, address: str) -> wire.Rewards:
        """What an address has earned, with the proofs to claim it."""
        return self._get(f"/v1/rewards/{quote(address, safe='')}", wire.Rewards)

    def settle(self) -> wire.SettlementRequest:
        """Ask for a settlement."""
        return self._post("/v1/settlements", None, wire.SettlementRequest)

    def settlement_request(self, request: str) -> wire.SettlementRequest:
        """How far a request for a settlement has come."""
        return self._get(f"/v1/settlements/requests/{request}", wire.SettlementRequest)

    def settlements(self) -> Iterator[wire.Settlement]:
        """The settlements of the service's pool by number."""
        return self._list("/v1/settlements", wire.Settlement)

    def settlement(self, number: int) -> wire.Settlement:
        """A settlement of the service's pool."""
        return self._get(f"/v1/settlements/{number}", wire.Settlement)

    def claim(self, addresses: Sequence[str]) -> list[wire.ClaimRequest]:
        """Ask the service to pay out what these addresses can claim; any number of them, in batches."""
        requests: list[wire.ClaimRequest] = []
        for begin in range(0, len(addresses), wire.MAX_CLAIM_ADDRESSES):
            new = wire.NewClaims(addresses=list(addresses[begin : begin + wire.MAX_CLAIM_ADDRESSES]))
            requests += self._post("/v1/claims", new, wire.ClaimRequests).items
        return requests

    def claim_request(self, request: str) -> wire.ClaimRequest:
        """How far a request for a claim has come."""
        return self._get(f"/v1/claims/{request}", wire.ClaimRequest)
