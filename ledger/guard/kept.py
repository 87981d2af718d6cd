"""The guardian's transactions on disk: what is under way at one nonce, written before its first byte leaves.

A nonce is enough for all: a veto names its settlement, and the contract refuses what comes second.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ledger.chain.deployments import read_small_file, write_file
from ledger.errors import ConfigError, UnavailableError
from ledger.statements.campaigns import ChainId
from ledger.statements.values import Address, ChainHash, Count

MAX_ATTEMPTS = 100
"""Raised by an eighth each, no fee that is possible takes so many."""
_REMEDY = "Restore it, or remove it if no transaction of the guardian's is under way."
Wei = Annotated[int, msgspec.Meta(ge=0)]


class Attempt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signed veto: ``number`` is the settlement's, fees are wei a gas."""

    number: Count
    raw: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]+$", max_length=4096)]
    hash: ChainHash
    gas: Count
    max_fee: Wei
    priority_fee: Wei | None
    at_ms: Count


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All attempts at one nonce of an account, in order."""

    v: Literal[1] = 1
    chain_id: ChainId
    pool: Address
    account: Address
    nonce: Annotated[int, msgspec.Meta(ge=0)]
    attempts: Annotated[list[Attempt], msgspec.Meta(min_length=1, max_length=MAX_ATTEMPTS)]


def load(path: Path) -> Kept | None:
    """What is under way; None for nothing. Raises ConfigError where the file is not one of ours."""
    if not path.exists():
        return None
    data = read_small_file(path, "file of the veto under way", _REMEDY)
    try:
        return msgspec.json.decode(data, type=Kept)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"The file of the veto under way, {path}, is wrong: {error}.", remedy=_REMEDY) from None


def save(path: Path, kept: Kept) -> None:
    """Write it, at once or not at all. Raises UnavailableError where that cannot be done."""
    try:
        write_file(path, msgspec.json.encode(kept).decode() + "\n", 0o600)
    except OSError as error:
        raise UnavailableError(f"{path} cannot be written: {error.strerror}.", remedy="Look at the disk.") from None


def drop(path: Path) -> None:
    """Nothing is under way any more. A file that cannot be removed is found to be over when it is read again."""
    with contextlib.suppress(OSError):
        path.unlink()
