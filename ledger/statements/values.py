"""The values that statements are made of, as FORMATS fixes them: ids, times, digests, amounts, scores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta

from ledger.errors import FormatError

MAX_AMOUNT: Final = 2**120 - 1
SCORE_DIGITS: Final = 6
SCORE_ONE: Final = 10**SCORE_DIGITS
MAX_COUNT: Final = 2**53 - 1
MAX_SECONDS: Final = 100 * 366 * 86_400

_HEX = "[0-9a-f]"
Id = Annotated[str, Meta(pattern=rf"^{_HEX}{{8}}-{_HEX}{{4}}-7{_HEX}{{3}}-[89ab]{_HEX}{{3}}-{_HEX}{{12}}\Z")]
"""A lower-case UUID version 7."""
ContributorId = Annotated[str, Meta(pattern=rf"^{_HEX}{{8}}-{_HEX}{{4}}-4{_HEX}{{3}}-[89ab]{_HEX}{{3}}-{_HEX}{{12}}\Z")]
"""A lower-case UUID version 4: random, so that it says nothing of its owner."""
Digest = Annotated[str, Meta(pattern=rf"^{_HEX}{{64}}\Z")]
"""SHA-256 as 64 lower-case hex digits."""
Address = Annotated[str, Meta(pattern=rf"^0x{_HEX}{{40}}\Z")]
"""A chain's account: 0x and 40 lower-case hex digits (no EIP-55 capitals)."""
ChainHash = Annotated[str, Meta(pattern=rf"^0x{_HEX}{{64}}\Z")]
"""A chain's 32-byte value: 0x and 64 lower-case hex digits."""
Timestamp = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z", max_length=24)
]
"""UTC with milliseconds: 2026-11-22T03:14:00.123Z."""
Amount = Annotated[str, Meta(pattern=r"^(?:0|[1-9][0-9]{0,36})\Z")]
"""Token base units, decimal, no leading zero, below 2**120."""
Score = Annotated[str, Meta(pattern=r"^(?:0|1|0\.[0-9]{0,5}[1-9])\Z")]
"""A number in [0, 1] with at most six decimals, the last not zero."""
Word = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
"""A name that programs give: ASCII, so that it can be a key of canonical JSON."""
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Seconds = Annotated[int, Meta(ge=0, le=MAX_SECONDS)]

_VARIANT = "89ab"
"""The digit that holds a UUID's variant and two more bits (RFC 9562 section 4.1)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=4096)
def time_ms(at: str) -> int:
    """Milliseconds since 1970 of a timestamp of a statement. Raises FormatError for a day or hour that is none."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise FormatError(f"{at!r} is not a time: {error}.", remedy="Write it as 2026-11-22T03:14:00.123Z.") from error
    if len(at) != 24 or moment.tzinfo is not UTC or at[4:20:3] + at[23] != "--T::.Z":  # ISO 8601 has other spellings
        raise FormatError(f"{at!r} is not in UTC with milliseconds.", remedy="Write it as 2026-11-22T03:14:00.123Z.")
    return (moment - _EPOCH) // _MILLISECOND


def format_time(milliseconds: int) -> str:
    """The timestamp of ``milliseconds`` since 1970, as statements carry it."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def amount(text: str) -> int:
    """Base units of an ``Amount``. Raises FormatError from 2**120."""
    units = int(text)
    if units > MAX_AMOUNT:
        raise FormatError(f"The amount {text} is 2**120 or more.", remedy="Amounts are base units below 2**120.")
    return units


@lru_cache(maxsize=4096)
def score_millionths(text: str) -> int:
    """A ``Score`` as an integer in [0, 1_000_000]."""
    if text in ("0", "1"):
        return int(text) * SCORE_ONE
    return int(text[2:].ljust(SCORE_DIGITS, "0"))


def format_score(millionths: int) -> str:
    """The ``Score`` of an integer in [0, 1_000_000]. Raises FormatError outside it."""
    if not 0 <= millionths <= SCORE_ONE:
        raise FormatError(f"A score of {millionths} millionths is outside [0, 1].")
    if millionths in (0, SCORE_ONE):
        return str(millionths // SCORE_ONE)
    return f"0.{millionths:06d}".rstrip("0")


def uuid7(milliseconds: int, random: bytes) -> str:
    """A UUID version 7 (RFC 9562 section 5.7) of a time and ten random bytes."""
    time, bits = f"{milliseconds & (2**48 - 1):012x}", random[:10].hex()
    return f"{time[:8]}-{time[8:]}-7{bits[1:4]}-{_VARIANT[random[2] >> 4 & 3]}{bits[5:8]}-{bits[8:]}"


def uuid4(random: bytes) -> str:
    """A UUID version 4 (RFC 9562 section 5.4) of sixteen random bytes."""
    bits = random[:16].hex()
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{_VARIANT[random[8] >> 4 & 3]}{bits[17:20]}-{bits[20:]}"
