"""Amazon's services, asked by Amazon's own client: it finds the credentials, signs, and tries again with growing waits.

Credentials come from AWS's own chain alone (environment, profiles, single sign-on, the role of the machine): they are
in no option, file or message of ours. Other endpoints than Amazon's own are named as AWS does it, by
``AWS_ENDPOINT_URL_MTURK`` and ``AWS_ENDPOINT_URL_SQS``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, BinaryIO, Final, NoReturn, Self

from ledger.connectors.connector import Options
from ledger.errors import ConfigError, CrowdLedgerError, FormatError, UnavailableError
from ledger.statements.values import format_time

SANDBOX: Final = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
"""docs.aws.amazon.com/AWSMechTurk/latest/AWSMechanicalTurkGettingStartedGuide: HITs there cost and earn nothing."""
_REGION: Final = "us-east-1"
"""The only one that MTurk has."""
_QUEUES: Final = frozenset({"ReceiveMessage", "DeleteMessage"})
_QUEUE_URL: Final = re.compile(r"https?://[^\s/?#@]+/[0-9]+/[A-Za-z0-9_.-]+")
_QUEUE_REGION: Final = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")
_TRIES: Final = 8
_MAX_WORDS: Final = 500
_CONNECT_SECONDS: Final = 10
_REPLY_SECONDS: Final = 60
_NOT_ALLOWED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "QueueDoesNotExist",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""What no other request with the same credentials will change."""
_LATER: Final = frozenset(
    {"RequestLimitExceeded", "RequestThrottled", "ServiceFault", "SlowDown", "Throttling", "ThrottlingException"}
    | {"ThrottledException", "TooManyRequestsException", "InternalFailure", "ServiceUnavailable"}
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class AwsPlatform:
    """MTurk, and SQS for the two operations of a queue. Raises ConfigError where Amazon's client is not installed."""

    def __init__(self, options: Options) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise ConfigError(
                "Amazon's client for Python is not installed.", remedy="Run: pip install 'crowdledger[mturk]'."
            ) from None
        queue = options.get("queue")
        if queue is not None and _QUEUE_URL.fullmatch(queue) is None:
            raise ConfigError(
                f"'{queue}' is no URL of a queue.",
                remedy="It reads https://sqs.us-east-1.amazonaws.com/123456789012/name.",
            )
        if (sandbox := options.get("sandbox", "no")) not in ("yes", "no"):
            raise ConfigError(f"sandbox: '{sandbox}' is neither yes nor no.", remedy="Say yes for the sandbox.")
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_REPLY_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
        )
        try:
            session = boto3.Session()
            self._mturk = session.client(
                "mturk", region_name=_REGION, config=config, endpoint_url=SANDBOX if sandbox == "yes" else None
            )
            region = None if queue is None else _QUEUE_REGION.match(queue)
            named = region[1] if region is not None else session.region_name or _REGION
            self._sqs = session.client("sqs", region_name=named, config=config)
        except Exception as error:
            _fail(error, "AWS")

    def __repr__(self) -> str:
        return "AwsPlatform()"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mturk.close()
        self._sqs.close()

    def __call__(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The reply of an operation such as GetHIT, its times as RFC 3339.

        Raises ConfigError for credentials that do not do, UnavailableError where it did not answer in all tries, and
        FormatError where this one thing is not to be had.
        """
        from botocore import xform_name

        client = self._sqs if path in _QUEUES else self._mturk
        try:
            reply = getattr(client, xform_name(path))(**(query or {}))
        except Exception as error:
            _fail(error, path)
        return {name: _plain(value) for name, value in reply.items() if name != "ResponseMetadata"}

    def file(self, path: str, query: Mapping[str, Any] | None = None) -> BinaryIO:
        """Amazon has no files here."""
        raise FormatError(f"'{path}' is no file of Amazon's.")

    def sign_in(self, path: str, account: str) -> None:
        """Nobody signs in: requests are signed."""
        raise FormatError(f"'{path}' is no form of Amazon's.")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time((value - _EPOCH) // timedelta(milliseconds=1))
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


def _fail(error: Exception, operation: str) -> NoReturn:
    """The error of ours that says the same. Amazon's client names what it lacks, and shows no secret."""
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        raise _answered(error, operation) from error
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError):
        raise UnavailableError(f"{operation}: {error}") from error
    if isinstance(error, aws.ParamValidationError):
        raise FormatError(f"{operation}: {error}", remedy="Look at the id.") from error
    if isinstance(error, aws.BotoCoreError):
        remedy = "Set up credentials as for the aws command: 'aws sts get-caller-identity' must answer."
        raise ConfigError(f"{operation}: {error}", remedy=remedy) from error
    raise error


def _answered(error: Any, operation: str) -> CrowdLedgerError:
    said = error.response.get("Error", {})
    code = str(said.get("Code", "")).rpartition("#")[2]
    # Below its first line a message on signatures repeats the request, session token included.
    message, *_ = str(said.get("Message") or code).strip().splitlines() or [code]
    words = f"{operation}: {message[:_MAX_WORDS]}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _NOT_ALLOWED:
        return ConfigError(words, remedy="docs/connectors/mturk.md says what the credentials must be allowed to do.")
    if code in _LATER or status >= 500 or status == 429:
        return UnavailableError(words)
    return FormatError(words, remedy="Look at it on MTurk: it may be gone, or be another requester's.")
