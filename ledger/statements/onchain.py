"""Ids and hashes that the contracts compute too (FORMATS, Log and Settlement)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sha3 import keccak_256

from ledger.statements import canonical
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.canonical import JsonValue
from ledger.statements.values import time_ms

ZERO_HASH = "0x" + 64 * "0"
_WORD = 32


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (not NIST SHA3-256)."""
    return bytes(keccak_256(data).digest())


def uint256(value: int) -> bytes:
    """One ABI word, big-endian."""
    return value.to_bytes(_WORD, "big")


def address_word(address: str) -> bytes:
    """An address (0x and 40 hex digits) as one ABI word, padded left."""
    return bytes(12) + bytes.fromhex(address[2:])


def log_id(opener: str, origin: str) -> str:
    """``keccak256(abi.encode(address opener, string origin))``: a log's id on its contract."""
    text = origin.encode()
    padded = text + bytes(-len(text) % _WORD)
    head = address_word(opener) + uint256(2 * _WORD) + uint256(len(text))
    return "0x" + keccak256(head + padded).hex()


def charter(opened: CampaignOpened) -> str:
    """SHA-256 of what the backers rely on: campaign, policy, terms, goal and dates, as the statement has them."""
    policy: JsonValue = msgspec.to_builtins(opened.policy)
    members: dict[str, JsonValue] = {
        "campaign": opened.id,
        "policy": policy,
        "terms": opened.terms,
        "goal": opened.goal,
        "funding_deadline": opened.funding_deadline,
        "closing_date": opened.closing_date,
    }
    return "0x" + canonical.digest({name: value for name, value in members.items() if value is not None})


def campaign_id(opener: str, log: str, charter_hash: str) -> str:
    """``keccak256(abi.encode(address opener, bytes32 logId, bytes32 charter))``: a campaign's id in its pool."""
    data = address_word(opener) + bytes.fromhex(log[2:]) + bytes.fromhex(charter_hash[2:])
    return "0x" + keccak256(data).hex()


def chain_seconds(at: str) -> int:
    """A statement's time as the contracts keep it: whole seconds since 1970, rounded down."""
    return time_ms(at) // 1000


def proposal_hash(
    number: int,
    parent: int,
    root: str,
    log_size: int,
    campaigns: Sequence[str],
    totals: Sequence[int],
    finals: Sequence[bool],
) -> str:
    """``keccak256(abi.encode(number, parent, root, logSize, campaigns, totals, finals))``, campaigns ascending."""
    count = len(campaigns)
    array = (1 + count) * _WORD
    head = [uint256(number), uint256(parent), bytes.fromhex(root[2:]), uint256(log_size)]
    head += [uint256(7 * _WORD), uint256(7 * _WORD + array), uint256(7 * _WORD + 2 * array)]
    body = [uint256(count), *(bytes.fromhex(each[2:]) for each in campaigns)]
    body += [uint256(count), *(uint256(each) for each in totals)]
    body += [uint256(count), *(uint256(each) for each in finals)]
    return "0x" + keccak256(b"".join(head + body)).hex()
