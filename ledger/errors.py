"""Every error that CrowdLedger raises on purpose, in one tree.

    CrowdLedgerError
    ├── FormatError            bytes are not what a format says (note, tile, receipt, statement, table of answers)
    ├── ProofError             a Merkle proof, a root or an anchor does not verify
    ├── SignatureError         a signature does not verify
    │   └── StaleDeliveryError         a webhook's delivery is genuine, but of another time than now
    ├── RequestError           what a caller of the API did; each kind is a problem type (RFC 9457)
    │   ├── MalformedError         400  not JSON, not the envelope
    │   ├── UnauthorizedError      401  no key or a wrong one
    │   ├── ForbiddenError         403  the key lacks the scope
    │   ├── NotFoundError          404  missing, or another platform's
    │   ├── MethodError            405  the path is right, the method is not
    │   ├── IdReusedError          409  the same external id with other content
    │   ├── RepeatError            409  an Idempotency-Key whose first request is under way, or ended nobody knows how
    │   ├── RuleError              409  what the log already says forbids it; ``rule`` names the rule of the book
    │   ├── TooLargeError          413  more bytes or items than one request may carry
    │   ├── RangeError             416  a range of a file that has no bytes there
    │   └── FieldError             422  a field is wrong; ``field`` names it
    ├── UnavailableError       503  try later
    │   ├── QueueFullError             the writer has enough to do
    │   ├── TooManyError           429  somebody tries too often
    │   │   └── RateLimitedError       429  a key or a network sends more requests than it may
    │   ├── DatabaseError              the database does not answer
    │   ├── LogDivergedError           our log is not what is anchored, or what its key signed: writes stop
    │   └── ClockError                 this machine's clock is far behind the log's
    ├── OutgoingRefusedError       a request of ours must not go where it is told to, now or later
    ├── ChainError                 the chain or a contract
    │   ├── NodeError                  an RPC node does not answer, or answers nonsense
    │   ├── WrongChainError            the node serves another chain than the configuration says
    │   ├── WrongContractError         what stands at the address is not our contract
    │   └── TransactionError           a transaction was refused or reverted; ``reason`` is the contract's error
    └── ConfigError                a setting, a file or a step of the set-up is missing or wrong

Every error says what is wrong (``detail``) and what to do (``remedy``); ``slug`` is the stable name of its kind and
the last part of its problem type ``/problems/{slug}``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, get_args

Limit = Literal["key", "address", "attempts", "audits", "deliveries", "streams", "tests"]
"""What there was too much of, as the metrics count it (docs/operations.md)."""
LIMITS: Final[tuple[Limit, ...]] = get_args(Limit)


class CrowdLedgerError(Exception):
    """Root of the tree. ``str(error)`` is the detail followed by the remedy, fit to print to a user."""

    slug: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    default_remedy: ClassVar[str] = "Report this with the message above."

    def __init__(self, detail: str, *, remedy: str | None = None, **members: str | int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy or self.default_remedy
        self.members = members

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as it stands: made anew, it would need what its kind must be told."""
        return type(self).__new__, (type(self), self.detail), self.__dict__


class FormatError(CrowdLedgerError):
    """Bytes are not what their format says."""

    slug = "malformed"
    status = 400
    title = "These bytes are not in the expected format"
    default_remedy = "Take the file anew from its source and do not edit it."


class ProofError(CrowdLedgerError):
    """A Merkle proof, a root or an anchor does not verify."""

    slug = "proof-failed"
    status = 422
    title = "The proof does not verify"
    default_remedy = "Do not trust this data; keep it as evidence and fetch it anew."


class SignatureError(CrowdLedgerError):
    """A signature does not verify under the key it names."""

    slug = "signature-invalid"
    status = 422
    title = "The signature does not verify"
    default_remedy = "Sign the message again, unchanged, with the key that is named."


class StaleDeliveryError(SignatureError):
    """A webhook's delivery is genuine, but was signed outside the replay window."""

    slug = "delivery-stale"
    status = 401
    title = "This delivery is too old or from the future"
    default_remedy = "Set the clocks of both servers (NTP); the platform sends it again with a new time."


class RequestError(CrowdLedgerError):
    """What a caller of the API did wrong."""

    slug = "request"
    status = 400
    title = "The request cannot be served"
    default_remedy = "Correct the request and send it again."


class MalformedError(RequestError):
    """The body is not JSON or not the envelope that the route takes."""

    slug = "malformed"
    title = "The request is malformed"
    default_remedy = "Send JSON in the shape that /docs shows for this path."


class UnauthorizedError(RequestError):
    """No API key, or one that the service does not know."""

    slug = "unauthorized"
    status = 401
    title = "The API key is missing or wrong"
    default_remedy = "Send the header 'Authorization: Bearer cl_...' with a key of your platform that is not revoked."


class ForbiddenError(RequestError):
    """The key lacks the scope that the path needs."""

    slug = "forbidden"
    status = 403
    title = "This key may not do that"
    default_remedy = "Use a key that has the scope; an admin key of your platform can make one."


class NotFoundError(RequestError):
    """Nothing of this id, or it belongs to another platform."""

    slug = "not-found"
    status = 404
    title = "There is no such thing"
    default_remedy = "Check the id; things of another platform cannot be seen with your key."


class MethodError(RequestError):
    """The path exists, but not with this method."""

    slug = "method-not-allowed"
    status = 405
    title = "This path does not take that method"
    default_remedy = "Use a method that the header Allow names."


class IdReusedError(RequestError):
    """The external id was used before with other content.

    It names a thing already: ``id``, its ``kind`` and the ``index`` of its entry. ``existing``, in a reply of the API,
    says the same with page and receipt: the members ``id``, ``index``, ``url``, ``receipt``.
    """

    slug = "id-reused"
    status = 409
    title = "This external_id was used with other content"
    default_remedy = "Send the first content again to get its receipt, or choose a new external_id."

    def __init__(
        self,
        detail: str,
        *,
        id: str = "",
        kind: str = "",
        index: int | None = None,
        existing: dict[str, Any] | None = None,
        remedy: str | None = None,
        **members: str | int,
    ) -> None:
        super().__init__(detail, remedy=remedy, **members)
        self.id = id
        self.kind = kind
        self.index = index
        self.existing = existing


class RepeatError(RequestError):
    """A request with an Idempotency-Key whose first one is not answered, or was lost before its reply was kept."""

    slug = "repeat"
    status = 409
    title = "The first request with this Idempotency-Key has no reply"
    default_remedy = "Wait a moment, then send the same request with the same key again."


class RuleError(RequestError):
    """What the log already says forbids it; ``rule`` names the rule of the book."""

    slug = "rule-broken"
    status = 409
    title = "A rule of the log forbids this"
    default_remedy = "Read the current state of what you refer to and decide anew."

    def __init__(self, detail: str, *, rule: str, remedy: str | None = None, **members: str | int) -> None:
        super().__init__(detail, remedy=remedy, rule=rule, **members)
        self.rule = rule


class TooLargeError(RequestError):
    """More bytes or items than one request may carry."""

    slug = "too-large"
    status = 413
    title = "The request is too large"
    default_remedy = "Send less at a time."


class RangeError(RequestError):
    """The range that is asked of a file lies behind its end."""

    slug = "range"
    status = 416
    title = "The file has no bytes in this range"
    default_remedy = "Ask for bytes before the file's end; HEAD gives its size."


class FieldError(RequestError):
    """A field of the request is wrong; ``field`` is its path."""

    slug = "field-invalid"
    status = 422
    title = "A field is wrong"

    def __init__(self, detail: str, *, field: str, remedy: str | None = None, **members: str | int) -> None:
        super().__init__(detail, remedy=remedy, field=field, **members)
        self.field = field


class UnavailableError(CrowdLedgerError):
    """It cannot be done now; the same request may succeed later. ``retry_after_seconds`` goes into Retry-After."""

    slug = "unavailable"
    status = 503
    title = "Try again later"
    default_remedy = "Send the same request again after the time in Retry-After; it is idempotent."
    retry_after_seconds: int = 2


class QueueFullError(UnavailableError):
    """The writer's queue is full."""

    slug = "queue-full"
    retry_after_seconds = 1


class TooManyError(UnavailableError):
    """Somebody tries what may be tried only so often, such as signing in; ``limit`` is for the operator's metrics."""

    slug = "too-many-attempts"
    status = 429
    title = "That was tried too often"
    default_remedy = "Wait for the time in Retry-After, then try again."
    retry_after_seconds = 60

    def __init__(
        self, detail: str, *, limit: Limit = "attempts", remedy: str | None = None, **members: str | int
    ) -> None:
        super().__init__(detail, remedy=remedy, **members)
        self.limit = limit


class RateLimitedError(TooManyError):
    """A key, or a network without one, sends more requests than it may."""

    slug = "rate-limited"
    title = "Too many requests"
    default_remedy = "Wait for the time in Retry-After; put many items into one request where a path takes batches."

    def __init__(
        self,
        detail: str,
        *,
        retry_after_seconds: int = 1,
        limit: Limit = "address",
        remedy: str | None = None,
        **members: str | int,
    ) -> None:
        super().__init__(detail, limit=limit, remedy=remedy, **members)
        self.retry_after_seconds = retry_after_seconds


class DatabaseError(UnavailableError):
    """The database does not answer or refuses."""

    slug = "database-unavailable"


class LogDivergedError(UnavailableError):
    """Our log is behind, or differs from, what is anchored, or is not what its key signed: writes stop until the right
    database is restored."""

    slug = "log-diverged"
    title = "The log is not the one that is anchored; writes are stopped"
    default_remedy = "Operator: restore the database that holds the anchored entries, then restart."
    retry_after_seconds = 60


class ClockError(UnavailableError):
    """This machine's clock is far behind the time of the last entry."""

    slug = "clock-behind"
    default_remedy = "Operator: set the server's clock (NTP), then try again."


class OutgoingRefusedError(CrowdLedgerError):
    """A request of ours must not go where it is told to: a wrong URL, a private address, a redirect."""

    slug = "outgoing-refused"
    status = 422
    title = "The service sends nothing there"
    default_remedy = "Give the https address of a server on the public internet."


class ChainError(CrowdLedgerError):
    """The chain or a contract on it."""

    slug = "chain"
    status = 503
    title = "The chain cannot be used"
    default_remedy = "Check the RPC URL and the deployment file."


class NodeError(ChainError):
    """An RPC node does not answer, or answers nonsense."""

    slug = "node-unavailable"
    title = "The RPC node does not answer"
    default_remedy = "Check that the node runs and that its URL is right, then try again."


class WrongChainError(ChainError):
    """The node serves another chain than the configuration says."""

    slug = "wrong-chain"
    title = "The node serves another chain"
    default_remedy = "Give the RPC URL of the chain that the deployment file names."


class WrongContractError(ChainError):
    """What stands at the address is not our contract."""

    slug = "wrong-contract"
    title = "What stands at this address is not our contract"
    default_remedy = "Check the address in the deployment file; run 'crowdledger deploy' if nothing was deployed yet."


class TransactionError(ChainError):
    """A transaction was refused by the node or reverted; ``reason`` is the contract's error where it gave one."""

    slug = "transaction-failed"
    title = "The transaction failed"
    default_remedy = "Read the reason; nothing was changed on the chain."

    def __init__(self, detail: str, *, reason: str = "", remedy: str | None = None, **members: str | int) -> None:
        super().__init__(detail, remedy=remedy, **members)
        self.reason = reason


class ConfigError(CrowdLedgerError):
    """A setting, a file or a step of the set-up is missing or wrong."""

    slug = "config"
    title = "The configuration is incomplete"
    default_remedy = "Set it in crowdledger.toml or as CROWDLEDGER_... in the environment."
