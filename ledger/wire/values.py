"""Bounds of the API and the values that its plain models are made of; each refuses what statements cannot carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.sign_in import checksum_address
from ledger.statements.values import MAX_AMOUNT, MAX_SECONDS, format_time

MAX_BODY_BYTES: Final = 1024 * 1024
"""Bytes of one request that is not a batch."""
MAX_BATCH_BYTES: Final = 32 * 1024 * 1024
MAX_BATCH_ITEMS: Final = 1000
MAX_CONTENT_BYTES: Final = 256 * 1024
"""Canonical bytes of one content, feedback, brief or terms; larger work is sent as a file's digest."""
MAX_PAGE_ITEMS: Final = 200
MAX_CLAIM_ADDRESSES: Final = 200

# C0 and C1 controls have no place in names (and PostgreSQL cannot store NUL).
_NAME = r"^[^\x00-\x1f\x7f-\x9f]*$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


class Model(BaseModel):
    """Base of the plain models: unknown members and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _amount(text: str) -> str:
    if int(text) > MAX_AMOUNT:
        raise ValueError("an amount is below 2**120")
    return text


def _address(text: str) -> str:
    lower = text.lower()
    if text not in (lower, checksum_address(lower)):
        raise ValueError("the capitals of the address are not those of EIP-55; one character may be mistyped")
    return lower


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("a time is written as 2026-11-22T03:14:00.123Z") from error
    if moment.tzinfo is None or not 1970 <= moment.year < 9999:
        raise ValueError("a time needs its zone, as in 2026-11-22T03:14:00.123Z")
    return format_time((moment - _EPOCH) // timedelta(milliseconds=1))


def _document(value: Any) -> Any:
    try:
        size = len(canonical.encode(value))
    except FormatError as error:
        raise ValueError(str(error)) from error
    if size > MAX_CONTENT_BYTES:
        raise ValueError(f"it has {size} bytes; {MAX_CONTENT_BYTES} are allowed. Send the file's digest instead")
    return value


def says_nothing(value: Any) -> bool:
    """Whether a document is null, or an empty text, list or object."""
    return value is None or (not value.strip() if isinstance(value, str) else value in ([], {}))


def _said(value: Any) -> Any:
    if says_nothing(value):
        raise ValueError("it says nothing; write the text, or any JSON")
    return value


Id = Annotated[str, StringConstraints(pattern=_ID_PATTERN)]
"""A lower-case UUID version 7."""
OwnId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NAME)]
"""A platform's own id of a thing or a person; it never enters a statement."""
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NAME, strip_whitespace=True)]
Amount = Annotated[str, StringConstraints(pattern="^(?:0|[1-9][0-9]{0,36})$"), AfterValidator(_amount)]
"""Token base units as a decimal string, below 2**120."""
Seconds = Annotated[int, Field(ge=0, le=MAX_SECONDS)]
Address = Annotated[str, StringConstraints(pattern="^0x[0-9a-fA-F]{40}$"), AfterValidator(_address)]
"""A chain's account, in lower case or with EIP-55 capitals; kept in lower case."""
Moment = Annotated[str, StringConstraints(max_length=40), AfterValidator(_moment)]
"""A time with its zone (RFC 3339); kept in UTC with milliseconds."""
Score = Annotated[str, StringConstraints(pattern=r"^(?:0|1|0\.[0-9]{0,5}[1-9])$")]
"""A number in [0, 1] with at most six decimals, the last not zero."""
Word = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A name that programs give: lower-case ASCII."""
Limit = Annotated[int, Field(ge=1, le=2**53 - 1)]
Document: TypeAlias = Annotated[Any, AfterValidator(_document)]
"""Any JSON of at most 256 KiB in canonical form."""
Words: TypeAlias = Annotated[Document, AfterValidator(_said)]
"""The same, of people who are owed an answer: nothing that is empty."""
