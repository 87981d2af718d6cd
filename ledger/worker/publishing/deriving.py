"""Which events follow from an entry, from an anchor and from a payment, and for which platform. Pure.

An event holds ids of its platform's own things, and what the log and the chain say of them in public; never contents.
What is read of the book never changes after the entry was folded, so that it does not matter when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ledger.book.contributions import Contribution
from ledger.book.fold import Book
from ledger.book.rewards import PoolBook, Settlement
from ledger.book.shares import shares
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.settlements import SettlementActivated
from ledger.statements.values import time_ms
from ledger.wire.events import EventType
from ledger.worker.ports.events import Anchored, Payment, Told
from ledger.worker.publishing import finals

_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode
Gain = tuple[str, str, int]
"""Contributor, account, and the base units that can newly be claimed."""


def gains(book: Book, pool: PoolBook, settlement: Settlement) -> list[Gain]:
    """What people with a wallet can claim once a settlement is in force, and could not before, in a fixed order."""
    sums: dict[tuple[str, str], int] = {}
    for share in shares(book, pool, settlement):
        if share.account:
            key = share.contributor, share.account
            sums[key] = sums.get(key, 0) + share.units
    return [(*key, units) for key, units in sums.items() if units]


class EntryEvents:
    """The events of one entry, some of which are made at a time: one moment can make a million outcomes final."""

    def __init__(self, *parts: tuple[Sequence[Any], Callable[[Any], Told]]) -> None:
        """Parts, in order: of what events are made, and how each of them is."""
        self._parts = [part for part in parts if part[0]]
        self._length = sum(len(some) for some, _ in self._parts)

    def __len__(self) -> int:
        return self._length

    def take(self, begin: int, limit: int) -> list[Told]:
        """At most ``limit`` of them from the one at ``begin`` on."""
        taken: list[Told] = []
        for some, tell in self._parts:
            if begin < len(some):
                taken += map(tell, some[begin : begin + limit - len(taken)])
            begin = max(0, begin - len(some))
        return taken


def from_entry(
    statement: AnyStatement,
    index: int,
    book: Book,
    made_final: Sequence[finals.Final],
    gained: Sequence[Gain] = (),
    *,
    effective: bool = True,
) -> EntryEvents:
    """The events of an entry: what its time made final, what it says itself, what that made final.

    ``gained`` are the gains of the settlement that it puts in force. A statement that broke a rule is not
    ``effective``: it says nothing, but its time counts.
    """
    at_ms = time_ms(statement.at)
    before: Sequence[finals.Final] = made_final
    after: Sequence[finals.Final] = ()
    if effective and made_final and isinstance(statement, AppealResolved):
        own = book.facts.appeals[statement.appeal]
        before = [each for each in made_final if each.contribution.id != own]
        after = [each for each in made_final if each.contribution.id == own]

    def final(each: finals.Final) -> Told:
        return _final(each, index, at_ms, book)

    def claimable(gain: Gain) -> Told:
        assert isinstance(statement, SettlementActivated)
        return _claimable(gain, statement, at_ms, book)

    said = list(_said(statement, index, at_ms, book)) if effective else []
    return EntryEvents((before, final), (said, _same), (gained, claimable), (after, final))


def _same(told: Told) -> Told:
    return told


def from_anchor(anchor: Anchored, entries: Mapping[str, Sequence[int]], at_ms: int) -> list[Told]:
    """The events of an anchor: one for each platform that has ``entries`` in it which no anchor held before."""
    return [
        _told(
            "entry.anchored",
            platform,
            at_ms,
            size=anchor.size,
            entries=len(some),
            first=some[0],
            last=some[-1],
            chain_id=anchor.chain_id,
            contract=anchor.contract,
            log_id=anchor.log_id,
            transaction=anchor.transaction,
            block=anchor.block,
        )
        for platform, some in sorted(entries.items())
        if some
    ]


def from_payment(payment: Payment, parts: Mapping[str, int], book: Book, at_ms: int) -> list[Told]:
    """The events of a payment: one for each contributor, with the part of it that they earned.

    An account may belong to people of several platforms; none is told of what another one pays.
    """
    platforms = book.facts.contributors
    return [
        _told(
            "claim.paid",
            platforms[contributor],
            at_ms,
            contributor=contributor,
            account=payment.account,
            amount=str(units),
            chain_id=payment.chain_id,
            pool=payment.pool,
            transaction=payment.transaction,
            block=payment.block,
        )
        for contributor, units in sorted(parts.items())
        if units and contributor in platforms
    ]


# ---- entries ----


def _said(statement: AnyStatement, index: int, at_ms: int, book: Book) -> Iterator[Told]:
    match statement:
        case ContributionSubmitted():
            yield _about(
                "contribution.recorded", book.facts.contributions[statement.id], book, at_ms,
                entry=index, task=statement.task, replaces=statement.replaces,
            )  # fmt: skip
        case DecisionMade():
            yield _about(
                "decision.made", book.facts.contributions[statement.contribution], book, at_ms,
                entry=index, decision=statement.id, verdict=statement.verdict, score=statement.score,
                supersedes=statement.supersedes, appeal=statement.appeal,
            )  # fmt: skip
        case AppealFiled():
            yield _about(
                "appeal.filed", book.facts.contributions[statement.contribution], book, at_ms,
                entry=index, appeal=statement.id, decision=statement.decision,
            )  # fmt: skip
        case AppealResolved():
            yield _about(
                "appeal.resolved", book.facts.contributions[book.facts.appeals[statement.appeal]], book, at_ms,
                entry=index, appeal=statement.appeal, decision=statement.decision,
            )  # fmt: skip
        case SettlementActivated():
            yield from _settled(statement, index, at_ms, book)


def _final(final: finals.Final, index: int, at_ms: int, book: Book) -> Told:
    found = "accepted" if final.accepted else "rejected"
    return _about(
        "decision.final", final.contribution, book, at_ms, entry=index, decision=final.decision, outcome=found
    )


def _settled(statement: SettlementActivated, index: int, at_ms: int, book: Book) -> Iterator[Told]:
    settlement = book.pools[statement.chain_id, statement.pool].recorded[statement.proposal]
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in settlement.campaigns:
        platform = book.facts.campaigns[line.campaign].opened.platform
        own = {"campaign": line.campaign, "total": str(line.total), "final": line.final}
        lines.setdefault(platform, []).append(own)
    for platform, campaigns in sorted(lines.items()):
        yield _told(
            "rewards.settled",
            platform,
            at_ms,
            entry=index,
            chain_id=settlement.chain_id,
            pool=settlement.pool,
            number=settlement.number,
            size=settlement.size,
            campaigns=campaigns,
            transaction=statement.transaction,
            block=statement.block,
        )


def _claimable(gain: Gain, statement: SettlementActivated, at_ms: int, book: Book) -> Told:
    contributor, account, units = gain
    return _told(
        "rewards.claimable",
        book.facts.contributors[contributor],
        at_ms,
        contributor=contributor,
        account=account,
        amount=str(units),
        chain_id=statement.chain_id,
        pool=statement.pool,
        number=statement.number,
    )


def _about(type_: EventType, contribution: Contribution, book: Book, at_ms: int, **data: Any) -> Told:
    """An event about a contribution."""
    platform = book.facts.campaigns[contribution.campaign].opened.platform
    return _told(
        type_,
        platform,
        at_ms,
        contribution=contribution.id,
        campaign=contribution.campaign,
        contributor=contribution.contributor,
        **data,
    )


def _told(type_: EventType, platform: str, at_ms: int, **data: Any) -> Told:
    return Told(type_, platform, at_ms, _ENCODE(data).decode())
