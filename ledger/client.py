"""A client of the API, typed by the same models. Problems come back as the errors of ``ledger.errors``.

It waits and tries again where the service says so (503 with Retry-After), for ``patience_seconds`` in all; a request
with an ``external_id`` can be sent again by hand at any time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from pydantic import BaseModel, ValidationError

from ledger import wire
from ledger.errors import CrowdLedgerError, FormatError, UnavailableError
from ledger.statements.platforms import Scope
from ledger.wire.problems import error_of

DEFAULT_PATIENCE_SECONDS: Final = 30.0
DEFAULT_TIMEOUT_SECONDS: Final = 60.0
_BATCH_BYTES: Final = wire.MAX_BATCH_BYTES // 2
_LEAST_WAIT_SECONDS: Final = 0.1
_ENCODER: Final = msgspec.json.Encoder()

Reply = TypeVar("Reply", bound=BaseModel)
Line = TypeVar("Line", bound=BaseModel)
Result = wire.Written | CrowdLedgerError


class Client:
    """One service, with one platform's key (or the operator's, or none for what is public)."""

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        patience_seconds: float = DEFAULT_PATIENCE_SECONDS,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FormatError(f"'{base_url}' is not the URL of a service.", remedy="Write it as http://HOST:PORT.")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self.base_url = base_url.rstrip("/")
        self._patience_seconds = patience_seconds
        self._http = httpx.Client(
            base_url=self.base_url, headers=headers, timeout=timeout_seconds, transport=transport, trust_env=False
        )

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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

    # Campaigns and tasks

    def open_campaign(self, new: wire.NewCampaign) -> wire.CampaignWritten:
        """Open a campaign."""
        return self._post("/v1/campaigns", new, wire.CampaignWritten)

    def campaign(self, campaign: str) -> wire.Campaign:
        """A campaign of the platform."""
        return self._get(f"/v1/campaigns/{campaign}", wire.Campaign)

    def campaigns(self) -> Iterator[wire.CampaignLine]:
        """The platform's campaigns in the order of the log."""
        return self._list("/v1/campaigns", wire.CampaignLine)

    def close_campaign(self, campaign: str) -> wire.Written:
        """Take no more contributions to a campaign."""
        return self._post(f"/v1/campaigns/{campaign}/close", None, wire.Written)

    def add_task(self, campaign: str, new: wire.NewTask) -> wire.Written:
        """Add a task to a campaign."""
        return self._post(f"/v1/campaigns/{campaign}/tasks", new, wire.Written)

    def add_tasks(self, campaign: str, new: Iterable[wire.NewTask]) -> list[Result]:
        """Add any number of tasks, each by itself, in batches."""
        encoded = (each.model_dump_json(exclude_none=True).encode() for each in new)
        return self._batches(f"/v1/campaigns/{campaign}/tasks/batch", encoded)

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

    def contributions(self, campaign: str | None = None) -> Iterator[wire.ContributionLine]:
        """The platform's contributions in the order of the log."""
        return self._list("/v1/contributions", wire.ContributionLine, campaign=campaign)

    def opening(self, contribution: str) -> bytes:
        """The opening of a contribution of the platform: the private file beside the receipt."""
        return self._send("GET", f"/v1/contributions/{contribution}/opening").content

    def decide(self, new: wire.NewDecision) -> wire.Written:
        """Write a decision."""
        return self._read(self._send("POST", "/v1/decisions", _ENCODER.encode(new)), wire.Written)

    def decide_many(self, new: Iterable[wire.NewDecision]) -> list[Result]:
        """Write any number of decisions, each by itself, in batches; the results are in their order."""
        return self._batches("/v1/decisions/batch", map(_ENCODER.encode, new))

    # Receipts

    def receipt(self, contribution: str) -> bytes:
        """The receipt of a contribution, with its anchor once there is one."""
        return self._send("GET", f"/v1/contributions/{contribution}/receipt").content

    def decision_receipt(self, decision: str) -> bytes:
        """The receipt of a decision."""
        return self._send("GET", f"/v1/decisions/{decision}/receipt").content

    def entry_receipt(self, index: int) -> bytes:
        """The receipt of any entry."""
        return self._send("GET", f"/v1/entries/{index}/receipt").content

    def entry_proof(self, index: int) -> str:
        """The C2SP tlog-proof of an entry."""
        return self._send("GET", f"/v1/entries/{index}/proof").text

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

    # The log

    def audit_summary(self) -> wire.AuditSummary:
        """The log's name, key, size, anchor and place."""
        return self._get("/v1/audit/summary", wire.AuditSummary)

    def checkpoint(self, log: str = "main") -> str:
        """The log's newest signed checkpoint."""
        return self._send("GET", f"/logs/{log}/checkpoint").text

    def tile(self, path: str, log: str = "main") -> bytes:
        """A tile or an entry bundle by its tlog-tiles path, ``tile/0/000`` or ``tile/entries/x001/234.p/5``."""
        return self._send("GET", f"/logs/{log}/{path}").content

    def ready(self) -> bool:
        """Whether the service answers and takes writes now."""
        try:
            return self._http.get("/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def _get(self, path: str, model: type[Reply]) -> Reply:
        return self._read(self._send("GET", path), model)

    def _post(self, path: str, new: wire.Model | None, model: type[Reply]) -> Reply:
        body = None if new is None else new.model_dump_json(exclude_none=True).encode()
        return self._read(self._send("POST", path, body), model)

    def _list(self, path: str, model: type[Line], **query: str | None) -> Iterator[Line]:
        """All items of a list, page by page."""
        asked = {name: value for name, value in query.items() if value is not None}
        cursor: str | None = None
        while True:
            page = self._send("GET", path, query=asked | ({} if cursor is None else {"cursor": cursor}))
            found = self._read(page, wire.Page[model])  # type: ignore[valid-type]  # a model made at run time
            yield from found.items
            cursor = found.next
            if cursor is None:
                return

    def _batches(self, path: str, encoded: Iterable[bytes]) -> list[Result]:
        results: list[Result] = []
        for part in _parts(encoded):
            reply = self._send("POST", path, b'{"items":[' + b",".join(part) + b"]}")
            found = self._read(reply, wire.BatchReply).results
            if len(found) != len(part):
                raise FormatError(f"The service answered {len(found)} results to {len(part)} items.")
            results += [_result(each) for each in found]
        return results

    def _send(
        self, method: str, path: str, body: bytes | None = None, query: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request, again where the service asks to come later. Raises the error that a problem tells of."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                reply = self._http.request(method, path, content=body, headers=headers, params=query)
            except httpx.HTTPError as error:
                raise UnavailableError(
                    f"The service at {self.base_url} does not answer: {error}.",
                    remedy="Check the URL and that the service runs ('crowdledger serve').",
                ) from error
            if reply.is_success:
                return reply
            wait_seconds = _retry_after(reply)
            if reply.status_code != 503 or time.monotonic() + wait_seconds > deadline:
                raise _error(reply)
            time.sleep(wait_seconds)

    @staticmethod
    def _read(reply: httpx.Response, model: type[Reply]) -> Reply:
        try:
            return model.model_validate_json(reply.content)
        except ValidationError as error:
            raise FormatError(
                f"The service's reply to {reply.request.url.path} is not what this client knows: {error}.",
                remedy="Use client and service of the same version.",
            ) from error


def _parts(encoded: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Batches within the limits of number and bytes."""
    part: list[bytes] = []
    size = 0
    for item in encoded:
        if part and (len(part) == wire.MAX_BATCH_ITEMS or size + len(item) > _BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += len(item)
    if part:
        yield part


def _result(item: wire.BatchItem) -> Result:
    members: dict[str, Any] = dict(item.model_extra or {})
    return wire.Written.model_validate(members) if item.code in (200, 201) else error_of(members, item.code)


def _error(reply: httpx.Response) -> CrowdLedgerError:
    try:
        members = msgspec.json.decode(reply.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        members = {}
    return error_of(members if isinstance(members, dict) else {}, reply.status_code)


def _retry_after(reply: httpx.Response) -> float:
    """The seconds of Retry-After; without one, those of our own unavailability."""
    text = reply.headers.get("retry-after", "")
    seconds = float(text) if text.isascii() and text.isdigit() else float(UnavailableError.retry_after_seconds)
    return max(seconds, _LEAST_WAIT_SECONDS)
