"""What becomes of the attempts at one nonce, and what is to be done about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby

from ledger.chain.answers import TransactionReceipt
from ledger.chain.fees import Bid, FeePolicy
from ledger.worker.ports import Attempt

FILL = "fill"
"""The intent of a transfer of nothing to the account itself, which fills the place of what no node takes."""
DOUBT = 5
"""How many times ``replace_after`` the chain must say that a stranger took a nonce before that is believed. A node may
lack receipts for a while, and nothing waits for that: the account goes on with its next nonce meanwhile."""
NO_REASON = "no reason given"


class Move(Enum):
    """What to do about a place none of whose attempts is mined."""

    AGAIN = "again"
    RAISE = "raise"
    LOSE = "lose"


@dataclass(frozen=True, slots=True)
class Place:
    """All attempts at one nonce of an account, in the order in which they were made."""

    attempts: tuple[Attempt, ...]

    @classmethod
    def of(cls, attempts: Iterable[Attempt]) -> Place:
        """In order: each costs more than those before, and a fill at the cap comes last. Clocks may step back."""
        return cls(tuple(sorted(attempts, key=lambda each: (each.max_fee, each.intent == FILL))))

    @property
    def sender(self) -> str:
        """The account."""
        return self.attempts[0].sender

    @property
    def nonce(self) -> int:
        """Its place among the account's transactions."""
        return self.attempts[0].nonce

    @property
    def spot(self) -> tuple[str, int]:
        """Account and nonce."""
        return self.sender, self.nonce

    @property
    def intent(self) -> str:
        """What it was for in the beginning."""
        return self.attempts[0].intent

    @property
    def newest(self) -> Attempt:
        """The last one."""
        return self.attempts[-1]

    @property
    def mined(self) -> Attempt | None:
        """The one that is in a block as far as we know."""
        return next((each for each in self.attempts if each.state in ("mined", "failed")), None)

    @property
    def bid(self) -> Bid:
        """The highest fees so far."""
        tips = [each.priority_fee for each in self.attempts if each.priority_fee is not None]
        return Bid(max(each.max_fee for each in self.attempts), max(tips, default=None))

    @property
    def sendable(self) -> list[Attempt]:
        """Those that are sent again, newest first: once the place is to be filled, nothing but fills."""
        fills = [each for each in self.attempts if each.intent == FILL]
        return [*reversed(fills or self.attempts)]

    @property
    def is_filled(self) -> bool:
        """Whether its intent was given up."""
        return self.newest.intent == FILL

    @property
    def is_refused(self) -> bool:
        """Whether no node took any of those that are sent again."""
        return all(each.state == "sent" and each.detail for each in self.sendable)

    def with_(self, changed: Iterable[Attempt]) -> Place:
        """With attempts in the place of those of the same hash, or besides."""
        return Place.of(({each.hash: each for each in self.attempts} | {each.hash: each for each in changed}).values())


def places(attempts: Iterable[Attempt]) -> list[Place]:
    """The places of some attempts, by account and nonce."""
    ordered = sorted(attempts, key=_spot)
    return [Place.of(some) for _, some in groupby(ordered, key=_spot)]


def _spot(attempt: Attempt) -> tuple[str, int]:
    return attempt.sender, attempt.nonce


def as_mined(attempt: Attempt, receipt: TransactionReceipt, reason: str) -> Attempt:
    """With what its receipt says; ``reason`` is why it failed, if it did, and is never empty then."""
    return replace(
        attempt,
        state="mined" if receipt.succeeded else "failed",
        detail="" if receipt.succeeded else reason or NO_REASON,
        block=receipt.block,
        block_hash=receipt.block_hash,
        gas_used=receipt.gas_used,
        gas_price=attempt.max_fee if receipt.gas_price is None else receipt.gas_price,
    )


def as_sent(attempt: Attempt) -> Attempt:
    """As before it was mined: its block is gone."""
    if attempt.state not in ("mined", "failed"):
        return attempt
    return replace(attempt, state="sent", detail="", block=None, block_hash=None, gas_used=None, gas_price=None)


def as_answered(attempt: Attempt, refusal: str) -> Attempt:
    """With the nodes' words where all refuse it for good, without where they do not."""
    return replace(attempt, detail=refusal)


def observed(place: Place, mined: Attempt | None) -> list[Attempt]:
    """What changes where ``mined``, with its receipt's values, is in a block and nothing else is; None for nothing."""
    now = [mined if mined is not None and each.hash == mined.hash else as_sent(each) for each in place.attempts]
    return [each for each, before in zip(now, place.attempts, strict=True) if each != before]


def settled(place: Place, mined: Attempt) -> list[Attempt]:
    """What changes once ``mined`` is in a permanent block. A ``detail`` says that it failed, and why."""
    final = replace(mined, state="final")
    others = [replace(as_sent(each), state="replaced") for each in place.attempts if each.hash != mined.hash]
    return [final, *others]


def lost(place: Place, words: str = "another transaction took its nonce") -> list[Attempt]:
    """What changes where somebody else's transaction took the nonce for good."""
    return [replace(as_sent(each), state="lost", detail=words) for each in place.attempts]


def next_move(place: Place, count: int, waited_ms: int, doubted_ms: int | None, policy: FeePolicy) -> Move:
    """What to do about a place of which nothing is mined.

    ``count`` are the account's transactions so far; ``waited_ms`` since the newest attempt; ``doubted_ms`` since when
    the permanent blocks hold the nonce, and none of our attempts: None while they do not. Only the account's very next
    nonce is worth more money, and what all nodes refuse would be refused all the more if it cost more.
    """
    if doubted_ms is not None:
        return Move.LOSE if doubted_ms >= DOUBT * policy.replace_after * 1000 else Move.AGAIN
    if place.nonce == count and not place.newest.detail and is_late(waited_ms, policy):
        return Move.RAISE
    return Move.AGAIN


def is_late(waited_ms: int, policy: FeePolicy) -> bool:
    """Whether a transaction should have been mined by now."""
    return waited_ms >= policy.replace_after * 1000
