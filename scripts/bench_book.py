"""How long the book takes to fold a log, as a ratio to hashing the same bytes; and what a settlement costs.

python scripts/bench_book.py                     a million statements
python scripts/bench_book.py --statements 100000 --json

Yardstick: one ``hashlib.sha256`` a statement, in the same run, interleaved with the folds. ``fold`` takes statements
that are parsed already, ``fold_bytes`` parses and checks them too. Settlements are made as the log grows, each after
the same number of new awards: what they cost must not grow with the history behind them.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ledger.book.fold import Book
from ledger.book.rewards import Settlement, compute
from ledger.statements import kinds, onchain
from ledger.statements.campaigns import CampaignFunded, CampaignOpened, Onchain, PieceRate
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, Method
from ledger.statements.kinds import AnyStatement
from ledger.statements.log import LogOpened
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.settlements import SettlementActivated
from ledger.statements.values import format_time, uuid4, uuid7

_START_MS = 1_790_000_000_000
_DIGEST = "1" * 64
_HASH = "0x" + _DIGEST
_POOL = "0x" + "cd" * 20
_OPENER = "0x" + "ab" * 20
_ORIGIN = "crowd.example/main"
_PEOPLE = 5_000
_GROUP = 20
"""Contributions, then their decisions, written at one moment."""
_MAJORITY = Method(type="consensus", name="majority", version="1", inputs=_DIGEST)


def _id(number: int) -> str:
    return uuid7(_START_MS, number.to_bytes(10, "big"))


def _head(at_ms: int) -> Iterator[AnyStatement]:
    at = format_time(at_ms)
    platform, campaign = _id(1), _id(2)
    yield LogOpened(v=1, at=at, origin=_ORIGIN, key="key", wallet_delay=10)
    yield PlatformRegistered(v=1, at=at, id=platform, name="Platform", keys=[])
    opened = CampaignOpened(
        v=1,
        at=at,
        id=campaign,
        platform=platform,
        type="processing",
        brief=_DIGEST,
        terms=_DIGEST,
        policy=PieceRate(amount="10"),
        budget=str(10**30),
        appeal_window=60,
        decision_deadline=86_400,
        decision_default="accepted",
        appeal_deadline=86_400,
        appeal_default="stands",
        closing_date=format_time(at_ms + 10**12),
    )
    log = onchain.log_id(_OPENER, _ORIGIN)
    place = Onchain(
        chain_id=1,
        pool=_POOL,
        log_id=log,
        opener=_OPENER,
        id=onchain.campaign_id(_OPENER, log, onchain.charter(opened)),
    )
    fields = {name: getattr(opened, name) for name in opened.__struct_fields__} | {"onchain": place}
    yield CampaignOpened(**fields)
    yield CampaignFunded(
        v=1, at=at, campaign=campaign, block=1, block_hash=_HASH, funded=str(10**30), returned="0", goal_reached=True,
        closed=False,
    )  # fmt: skip


def make_log(count: int) -> list[AnyStatement]:
    """A log of about ``count`` statements: groups of contributions and their decisions, a second apart."""
    statements = list(_head(_START_MS))
    number = 10
    at_ms = _START_MS
    while len(statements) < count:
        at_ms += 1_000
        at = format_time(at_ms)
        made = [_id(number + each) for each in range(_GROUP)]
        statements += [
            ContributionSubmitted(
                v=1,
                at=at,
                id=each,
                campaign=_id(2),
                contributor=uuid4(((number + place) % _PEOPLE + 1).to_bytes(16, "big")),
                commitment=_DIGEST,
                terms=_DIGEST,
            )
            for place, each in enumerate(made)
        ]
        number += 2 * _GROUP
        statements += [
            DecisionMade(
                v=1,
                at=at,
                id=_id(number + place),
                contribution=each,
                verdict="accepted" if place % 5 else "rejected",
                score="1" if place % 5 else "0",
                feedback=_DIGEST,
                method=_MAJORITY,
            )
            for place, each in enumerate(made)
        ]
        number += 2 * _GROUP
    return statements


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    made = work()
    seconds = time.perf_counter() - started
    del made  # to forget a book of a million statements is no part of folding it
    return seconds


def _hash_all(data: Sequence[bytes]) -> None:
    sha256 = hashlib.sha256
    for each in data:
        sha256(each).digest()


def _fold_all(statements: Sequence[AnyStatement]) -> Book:
    book = Book()
    fold = book.fold
    for index, statement in enumerate(statements):
        fold(statement, index)
    assert not book.findings, book.findings[:3]
    return book


def _fold_all_bytes(data: Sequence[bytes]) -> Book:
    book = Book()
    fold = book.fold_bytes
    for index, each in enumerate(data):
        fold(each, index)
    assert not book.findings, book.findings[:3]
    return book


def _settlements(statements: Sequence[AnyStatement], count: int) -> list[tuple[int, int, float]]:
    """Settle ``count`` times at equal distances, each activated: (entries folded, new awards, seconds)."""
    book = Book()
    costs: list[tuple[int, int, float]] = []
    step = len(statements) // count
    for number, statement in enumerate(statements, 1):
        book.fold(statement, book.size)
        if number % step == 0:
            pool = book.pools[1, _POOL]
            awards = len(book.campaigns[_id(2)].awards)
            started = time.perf_counter()
            settlement = compute(book, pool, book.size)
            seconds = time.perf_counter() - started
            assert settlement is not None
            costs.append((number, awards - sum(new for _, new, _ in costs), seconds))
            _activate(book, settlement)
    return costs


def _activate(book: Book, settlement: Settlement) -> None:
    at = format_time(book.clock_ms)
    book.fold(settlement.statement(at), book.size)
    ended = SettlementActivated(
        v=1,
        at=at,
        chain_id=1,
        pool=_POOL,
        number=settlement.number,
        proposal=settlement.proposal,
        block=9,
        block_hash=_HASH,
        transaction=_HASH,
        log_index=0,
    )
    book.fold(ended, book.size)
    assert book.pools[1, _POOL].active is settlement


def main(arguments: Sequence[str]) -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="the medians of so many interleaved rounds count")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of the table")
    options = parser.parse_args(arguments)
    statements = make_log(options.statements)
    data = [kinds.encode(statement) for statement in statements]
    seconds: dict[str, list[float]] = {"hash": [], "fold": [], "fold_bytes": []}
    for _ in range(options.rounds):
        seconds["hash"].append(_timed(lambda: _hash_all(data)))
        seconds["fold"].append(_timed(lambda: _fold_all(statements)))
        seconds["fold_bytes"].append(_timed(lambda: _fold_all_bytes(data)))
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    costs = _settlements(statements, 10)
    result = {
        "statements": len(statements),
        "bytes": sum(map(len, data)),
        "hash_us": medians["hash"] / len(data) * 1e6,
        "fold_ratio": medians["fold"] / medians["hash"],
        "fold_bytes_ratio": medians["fold_bytes"] / medians["hash"],
        "settlements": [{"entries": size, "new_awards": new, "ms": cost * 1e3} for size, new, cost in costs],
    }
    print(json.dumps(result) if options.json else _table(result))
    return 0


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['statements']:,} statements, {result['bytes']:,} bytes; SHA-256: {result['hash_us']:.2f} us each",
        f"fold, parsed     {result['fold_ratio']:6.2f} times the hashing",
        f"fold, from bytes {result['fold_bytes_ratio']:6.2f} times the hashing",
        *(
            f"settlement at {each['entries']:>9,} entries, {each['new_awards']:>8,} new awards: {each['ms']:8.1f} ms"
            for each in result["settlements"]
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
