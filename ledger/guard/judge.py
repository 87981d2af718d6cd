"""Whether a proposed settlement follows from the log. Pure: the same evidence gives the same judgement for everybody.

What follows from the first ``size`` entries is one settlement or none, and which these entries are is fixed by the
anchored head. So a proposal is either that settlement or it is wrong, whatever the service says; only where the
entries behind the anchored head are not known nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, Literal

from ledger.audit.awards import WrongAward
from ledger.audit.published import Shown, nothing_shown
from ledger.audit.wrong_settlements import examine_proposal
from ledger.book.fold import Book
from ledger.book.rewards import PoolBook, Settlement, compute
from ledger.chain.anchors import SettlementEvent
from ledger.chain.contracts import AnchoredHead, Proposal
from ledger.statements import onchain
from ledger.statements.settlements import RewardsSettled

MAX_REASON_BYTES: Final = 200
"""Of the reason that a veto leaves on the chain."""
_MOST_REASONS: Final = 10
Verdict = Literal["sound", "wrong", "unjudged"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """``reasons`` in plain words, the gravest first; empty of what is sound. ``awards`` name who would get what."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    awards: tuple[WrongAward, ...] = ()

    @property
    def veto_reason(self) -> str:
        """As much of it as is put on the chain."""
        words = " ".join(self.reasons).encode("ascii", "replace")
        return (words if len(words) <= MAX_REASON_BYTES else words[: MAX_REASON_BYTES - 3] + b"...").decode()


@dataclass(frozen=True, slots=True)
class Published:
    """How far our mirror bears out the head that bounds settlements. ``root`` is None where it has fewer entries."""

    head: AnchoredHead
    size: int
    root: bytes | None

    @property
    def is_fork(self) -> bool:
        """Whether other entries are anchored than are shown to us."""
        return self.head.size > 0 and self.root is not None and self.root != self.head.root


def proposal_of(event: SettlementEvent) -> Proposal:
    """What a ``SettlementProposed`` event says."""
    members = event.members
    return Proposal(
        members["number"],
        members["parent"],
        "0x" + members["root"].hex(),
        members["logSize"],
        tuple("0x" + each.hex() for each in members["campaigns"]),
        tuple(members["totals"]),
        tuple(members["finals"]),
    )


def hash_of(proposal: Proposal) -> str:
    """The hash under which the contract keeps a proposal."""
    return onchain.proposal_hash(
        proposal.number,
        proposal.parent,
        proposal.root,
        proposal.size,
        proposal.campaigns,
        proposal.totals,
        proposal.finals,
    )


def doubts(proposal: Proposal, hash_: str, published: Published) -> Judgement | None:
    """What can be said, or not be said, without the book: None where the book can be asked.

    ``hash_`` is the one that the contract holds.
    """
    if hash_of(proposal) != hash_ or not _is_possible(proposal):
        return _unjudged("The node shows other parameters than those that were proposed; ask another node.")
    head = published.head
    if proposal.size > head.size:
        return _wrong(f"It rests on {proposal.size} entries, of which {head.size} are anchored.")
    if published.root is None:
        return _unjudged(f"Of the {head.size} entries that are anchored the log shows {published.size}.")
    if published.is_fork:
        return _unjudged(f"The log that is shown to us is not the one of which {head.size} entries are anchored.")
    return None


def judge(
    proposal: Proposal,
    place: tuple[int, str],
    book: Book,
    recorded: Sequence[RewardsSettled],
    shown: Shown = nothing_shown,
) -> Judgement:
    """A proposal to the pool at ``place`` (chain id, address) against the book of exactly ``proposal.size`` entries.

    ``recorded`` are the settlements that later entries record; ``shown`` gives the accounts that somebody publishes of
    it, to name whom it would pay. Raises ValueError for the book of another size.
    """
    if book.size != proposal.size:
        raise ValueError(f"The book has {book.size} entries, the proposal rests on {proposal.size}.")
    pool = book.pools.get(place)
    if pool is None:
        return _wrong("No campaign of the log is paid by this pool.")
    due = compute(book, pool, book.size)
    reasons = tuple(islice(_differences(proposal, pool, due), _MOST_REASONS))
    if reasons:
        found = examine_proposal(book, pool, _members(proposal), shown).awards if _is_possible(proposal) else []
        return Judgement("wrong", reasons, tuple(found))
    if not any(due is not None and statement == due.statement(statement.at) for statement in recorded):
        return _unjudged(
            "It follows from the log, which does not record it, so that nothing could be settled after it."
        )
    return Judgement("sound")


def _is_possible(proposal: Proposal) -> bool:
    """Whether the contract takes such lists: campaigns ascending, each with a total and whether it is final."""
    campaigns, count = proposal.campaigns, len(proposal.campaigns)
    ascending = all(one < other for one, other in pairwise(campaigns))
    return ascending and count == len(proposal.totals) == len(proposal.finals)


def _differences(proposal: Proposal, pool: PoolBook, due: Settlement | None) -> Iterator[str]:
    """In words, what is not as the log has it."""
    if proposal.number != pool.next_number:
        yield f"It is number {proposal.number}; by the log of that size the next is {pool.next_number}."
    if due is None:
        yield (
            "A settlement was activated that the log does not know; nothing can follow on it."
            if pool.halted
            else "By the log of that size there is nothing to settle."
        )
        return
    if proposal.parent != due.parent:
        yield f"Its parent is {proposal.parent}; the last that was activated is {due.parent}."
    yield from _wrong_lines(proposal, pool, due)
    if proposal.root != due.root:
        yield "Its root is not that of the accounts that the log awards: it pays others, or other amounts."
    if (proposal.campaigns, proposal.totals, proposal.finals) != (
        tuple(line.onchain_id for line in due.campaigns),
        tuple(line.total for line in due.campaigns),
        tuple(line.final for line in due.campaigns),
    ):
        yield "Its campaigns are not listed as they follow from the log."
    elif hash_of(proposal) != due.proposal:
        yield "It is not the settlement that follows from the log."


def _wrong_lines(proposal: Proposal, pool: PoolBook, due: Settlement) -> Iterator[str]:
    names = {onchain_id: campaign for campaign, onchain_id in pool.campaigns.items()}
    lines = {line.onchain_id: line for line in due.campaigns}
    for onchain_id, total, final in zip(proposal.campaigns, proposal.totals, proposal.finals, strict=False):
        line = lines.pop(onchain_id, None)
        if onchain_id not in names:
            yield f"It lists campaign {onchain_id}, which is not of this log."
        elif line is None:
            yield f"It lists campaign {names[onchain_id]}, whose pay does not change."
        elif total != line.total:
            yield f"It awards campaign {names[onchain_id]} {total}; the log awards {line.total}."
        elif final != line.final:
            yield f"It marks campaign {names[onchain_id]} {_final(final)}; by the log it is {_final(line.final)}."
    for line in lines.values():
        yield f"It leaves out campaign {line.campaign}, whose pay changes."


def _final(final: bool) -> str:
    return "final" if final else "not final"


def _members(proposal: Proposal) -> dict[str, object]:
    """As the event has them."""
    return {
        "number": proposal.number,
        "logSize": proposal.size,
        "root": bytes.fromhex(proposal.root[2:]),
        "campaigns": [bytes.fromhex(each[2:]) for each in proposal.campaigns],
        "totals": proposal.totals,
        "finals": proposal.finals,
    }


def _wrong(words: str) -> Judgement:
    return Judgement("wrong", (words,))


def _unjudged(words: str) -> Judgement:
    return Judgement("unjudged", (words,))
