"""Settlements that do not follow from the log: what is wrong in them, by the entry or the proposal that claims it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from ledger.audit.awards import MAX_NAMED, Claims, WrongAward
from ledger.audit.published import Shown
from ledger.book.fold import Book
from ledger.book.rewards import PoolBook
from ledger.statements.settlements import RewardsSettled


@dataclass(slots=True)
class Examined:
    """What was found: wrong awards, the first ones by name, and what else there is to say."""

    awards: list[WrongAward] = field(default_factory=list)
    words: str = ""


def examine_statement(book: Book, statement: RewardsSettled, shown: Shown) -> Examined:
    """A ``rewards.settled`` that is not the book's computation; ``book`` has just folded it."""
    pool = book.pools[statement.chain_id, statement.pool]
    totals = {line.campaign: int(line.total) for line in statement.campaigns}
    return _examine(book, pool, statement.number, statement.size, statement.root, totals, shown)


def examine_proposal(book: Book, pool: PoolBook, members: Mapping[str, object], shown: Shown) -> Examined:
    """A proposal on the chain that the log does not know; ``members`` are those of ``SettlementProposed``."""
    number, size, root = members["number"], members["logSize"], members["root"]
    campaigns, totals, finals = members["campaigns"], members["totals"], members["finals"]
    assert isinstance(number, int)
    assert isinstance(size, int)
    assert isinstance(root, bytes)
    assert isinstance(campaigns, list | tuple)
    assert isinstance(totals, list | tuple)
    assert isinstance(finals, list | tuple)
    names = {onchain_id: campaign for campaign, onchain_id in pool.campaigns.items()}
    ids = ["0x" + each.hex() for each in campaigns]
    claimed = {names.get(each, each): total for each, total in zip(ids, totals, strict=True)}
    found = _examine(book, pool, number, min(size, book.size), "0x" + root.hex(), claimed, shown)
    due = Claims(book, pool, min(size, book.size)).due
    by_the_log = {} if due is None else {line.campaign: line.final for line in due.campaigns}
    ended = [name for name, final in zip(claimed, finals, strict=True) if final and not by_the_log.get(name, False)]
    if ended:
        found.words += (
            f" It marks campaign {ended[0]} final, which by the log it is not: its pay would be fixed for good, and "
            "its backers could take back what is still to be earned."
        )
    return found


def _examine(
    book: Book, pool: PoolBook, number: int, size: int, root: str, totals: Mapping[str, int], shown: Shown
) -> Examined:
    claims = Claims(book, pool, size)
    found = Examined()
    found.awards += islice(claims.totals(totals), MAX_NAMED)
    accounts = shown(pool.chain_id, pool.pool, number, root)
    if accounts is not None:
        found.awards += islice(claims.accounts(accounts), MAX_NAMED)
    elif claims.due is None or root != claims.due.root:
        found.words = (
            "Nothing shows the accounts of its tree, whose root cannot come from the log. "
            f"{claims.listed(sorted(totals))}"
        )
    return found
