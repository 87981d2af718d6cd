"""Checks of the log against its ContributionLog contract: the key, every anchor in order, and time."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from ledger.audit.changes import words_of_log
from ledger.audit.growing import roots_at
from ledger.audit.line import AnchoredLog, read_line
from ledger.audit.opening import Opened
from ledger.audit.replay import Replay
from ledger.audit.report import Check, Report
from ledger.chain import contracts, immutables
from ledger.chain.anchors import AnchorEvent, OpenedLog, log_opened
from ledger.chain.contracts import AnchoredHead, PoolTerms
from ledger.chain.rpc import Node, Refusal
from ledger.errors import ConfigError, TransactionError, WrongChainError, WrongContractError
from ledger.statements.signatures import Domain
from ledger.statements.values import Address, ChainHash, Count, format_time

CLOCK_TOLERANCE_MS = 10 * 60 * 1000
"""By how much an entry's time may lie after the block that anchored it: the service's clock is not the chain's."""
BACKDATING_TOLERANCE_MS = 24 * 3600 * 1000
"""By how much it may lie before the anchor that went before it: a transaction can be stuck for hours."""
COPY_TOLERANCE_MS = 60 * 1000
"""By how much the clocks of service and chain may differ where a copy's end is compared with a block's time."""


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What the service says of its place on the chain. Nobody has to believe it; the chain is asked."""

    chain_id: Count | None = None
    contract: Address | None = None
    log_id: ChainHash | None = None
    block: Annotated[int, msgspec.Meta(ge=0)] | None = None

    @classmethod
    def read(cls, summary: dict[str, object]) -> Hints:
        """The hints in a summary, at its top or in its member ``chain``; nothing where they are malformed."""
        inner = summary.get("chain")
        members = inner if isinstance(inner, dict) else summary
        try:
            return msgspec.convert(members, cls)
        except msgspec.ValidationError:
            return cls()


@dataclass(slots=True)
class OnChain:
    """Where the log stands on a chain, as checked, up to one block that was the latest before the log was read."""

    node: Node
    chain_id: int
    contract: str
    log_id: str
    opened: OpenedLog
    latest: int
    finalized: int
    copy_end_ms: int | None
    """Time of the last entry where the log was read from a copy, which may end earlier than the log does."""
    times: dict[int, int] = field(default_factory=dict)
    """Block times in seconds that were read already."""
    anchored: list[AnchorEvent] = field(default_factory=list)
    """The anchors, in order, once all of them are found to be heads of the log's entries."""

    @property
    def domain(self) -> Domain:
        """Where wallets' signatures count."""
        return Domain(self.chain_id, self.contract, self.log_id)

    def pool_terms(self, pool: str) -> PoolTerms:
        """What a pool of this log was made with.

        Raises WrongContractError where it is not ours to the last byte, or pays from another log.
        """
        terms = contracts.read_pool_terms(self.node, pool)
        if (terms.contribution_log, terms.log_id) != (self.contract, self.log_id):
            words = f"The pool {pool} pays from another log: {terms.log_id} in {terms.contribution_log}."
            raise WrongContractError(words)
        # What it says of itself is one thing, what it works with another: it holds each value in several places.
        immutables.check_pool(self.node, self.chain_id, pool, terms)
        return terms

    def time_of(self, block: int) -> int:
        """A block's time in seconds since 1970."""
        if block not in self.times:
            self.times[block] = self.node.block(block).timestamp
        return self.times[block]

    def is_beyond_copy(self, block: int) -> bool:
        """Whether what happened in a block may rest on entries that were written after our copy was made."""
        return self.copy_end_ms is not None and self.time_of(block) * 1000 > self.copy_end_ms - COPY_TOLERANCE_MS

    def is_newer(self, block: int) -> bool:
        """Whether a block was made since the audit began."""
        return self.latest < block <= self.node.block("latest").number


def find_on_chain(
    report: Report,
    opened: Opened,
    replay: Replay,
    node: Node,
    hints: Hints,
    *,
    latest: int,
    is_copy: bool,
    trusted_contract: str | None,
) -> OnChain | None:
    """Find the log's contract and opening on the node's chain; None, with a failed check, where they are not right.

    ``latest`` must have been the latest block before the checkpoint was fetched: what happened up to it rests on
    entries that the log shows.
    Raises WrongChainError for a node of another chain than the log says, ConfigError where nothing says which contract
    it is, NodeError where the node does not answer.
    """
    chain_id = node.chain_id()
    check = report.check("contract", "The contract on the chain is CrowdLedger's, and it announced this log's key")
    contract = trusted_contract or hints.contract or _contract_of_pools(replay, node, chain_id)
    report.chain_id, report.contract = chain_id, contract
    if hints.chain_id is not None and hints.chain_id != chain_id:
        raise WrongChainError(
            f"The log says that it is anchored on chain {hints.chain_id}; the node at {node.shown} serves {chain_id}.",
            remedy=f"Give the RPC URL of chain {hints.chain_id}.",
        )
    if contract is None:
        raise ConfigError(
            "Neither the service nor a campaign says which contract holds the log.",
            remedy="Give its address with --contract, or audit without --rpc.",
        )
    try:
        contracts.check_contract(node, contract, contracts.LOG_CONTRACT)
        log_id = hints.log_id or _log_id_of_campaigns(replay, chain_id)
        if log_id is None:
            raise WrongContractError(f"The service does not say under which id its log stands in {contract}.")
        found = log_opened(node, contract, log_id, min(hints.block or 0, latest))
    except WrongContractError as error:
        check.error(error.detail)
        return None
    check.evidence = f"{contract} on chain {chain_id}, log {log_id}, opened by {found.opener}"
    if found.origin != opened.opening.origin or not opened.keys.has(found.vkey):
        check.error(f"The contract announced '{found.origin}' with the key '{found.vkey}'; the log has another.")
    if not trusted_contract:
        check.add("note", "The contract's address is the service's own word; give --contract to be sure of it.")
    finalized = node.block("finalized").number
    copy_end_ms = replay.at_ms[-1] if is_copy else None
    return OnChain(node, chain_id, contract, log_id, found, latest, finalized, copy_end_ms)


def check_anchors(report: Report, chain: OnChain, replay: Replay) -> None:
    """Every anchored head, in order, is the head of these entries at that size; the first that is not gives the range.

    A log that continues this one under another id must hold the same entries. Sets ``anchored_size`` and, on a failure,
    ``tampered_range``.
    """
    check = report.check("anchors", "Every anchored head is the head of these entries")
    place = chain.opened.place.block
    line = read_line(chain.node, chain.contract, chain.log_id, _pools_of(chain, replay), place, chain.latest)
    for log in line:
        for change in log.changes:
            check.add("note", words_of_log(log.log_id, change))
    _check_heads(check, chain, line)
    _check_names(check, chain, line, {vkey for _, vkey in replay.book.facts.log_keys})
    ours = _without_strangers(check, line, replay)
    events = sorted(
        (event for log in ours for event in log.events), key=lambda event: (event.place.block, event.place.log_index)
    )
    report.anchored_size = max((event.size for event in events), default=0)
    check.evidence = f"anchors: {len(events)}, the last at size {report.anchored_size}"
    if len(line) > 1:
        check.evidence += f", under {len(line)} ids that continue one another"
    covered = [event for event in events if event.size <= replay.size]
    wrong = _first_wrong(covered, replay)
    if wrong is not None:
        report.tampered_range = (_last_right(covered, wrong, chain), wrong.size)
        words = f"an entry from {report.tampered_range[0]} to {wrong.size - 1} was altered."
        check.error(
            f"The head of {wrong.size} entries is not the one that was anchored in block {wrong.place.block}: {words}",
            range_=report.tampered_range,
        )
        return
    chain.anchored = covered
    if len(covered) < len(events):
        _note_missing(report, check, chain, replay, next(event for event in events if event.size > replay.size))
    times = report.check("anchor-times", "The entries' times fit those of the blocks that anchored them")
    _check_times(times, chain, replay, covered)
    _check_newest(times, chain, replay, max((event.size for event in covered), default=0))


def _check_heads(check: Check, chain: OnChain, line: Sequence[AnchoredLog]) -> None:
    """Each log's head is what its anchors lead to, by the node's state: none of them is left out."""
    for log in line:
        last = (log.events[-1].size, log.events[-1].root) if log.events else (0, bytes(32))
        try:
            head = contracts.read_head(chain.node, chain.contract, log.log_id, chain.latest)
        except Refusal:
            check.add("note", f"The node keeps no state of block {chain.latest} any more; ask an archive node.")
            head = AnchoredHead(*last, 0)
        if last != (head.size, head.root) or not _linked(log.events):
            words = "do not fit together; ask another node."
            check.error(f"The contract's head of the log {log.log_id} and its events {words}")


def _check_names(check: Check, chain: OnChain, line: Sequence[AnchoredLog], vkeys: Collection[str]) -> None:
    """What continues a log announces its name and a key of it, or receipts that are anchored there do not verify."""
    for log in line[1:]:
        try:
            opened = log_opened(chain.node, chain.contract, log.log_id, chain.opened.place.block)
        except WrongContractError as error:
            check.add("warning", error.detail)
            continue
        if opened.origin != chain.opened.origin or opened.vkey not in vkeys:
            words = f"announces '{opened.origin}' with the key '{opened.vkey}': receipts anchored there do not verify"
            check.add("warning", f"The log {log.log_id}, which continues this one, {words}.")


def _without_strangers(check: Check, line: Sequence[AnchoredLog], replay: Replay) -> list[AnchoredLog]:
    """The logs but those that were only named to continue this one, and hold something else, which is an error."""
    ours = [log for log in line if log.followed or _first_wrong(log.events, replay) is None]
    for log in line:
        if log not in ours:
            check.error(
                f"The log {log.log_id}, which should continue this one, holds another history: what it anchors does "
                "not count. If the operator's key was stolen, the pool's admin can propose another log."
            )
    return ours


def _last_right(events: list[AnchorEvent], wrong: AnchorEvent, chain: OnChain) -> int:
    """The size up to which the anchors before the first wrong one vouch for the entries."""
    if wrong.log_id == chain.log_id:
        return wrong.old_size
    before = events[: events.index(wrong)]
    return max((event.size for event in before if event.size < wrong.size), default=0)


def _pools_of(chain: OnChain, replay: Replay) -> list[str]:
    """The pools of the log's campaigns on this chain that are CrowdLedger's and were made for this log."""
    found = []
    for chain_id, pool in sorted(replay.book.pools):
        if chain_id != chain.chain_id:
            continue
        with suppress(WrongContractError):  # said where the pools are checked
            chain.pool_terms(pool)
            found.append(pool)
    return found


def _first_wrong(events: Sequence[AnchorEvent], replay: Replay) -> AnchorEvent | None:
    """The first anchor whose root is not that of the entries."""
    roots = roots_at(replay.leaf_hashes, replay.tile_roots, [event.size for event in events])
    return next((event for event in events if roots.get(event.size, event.root) != event.root), None)


def _note_missing(report: Report, check: Check, chain: OnChain, replay: Replay, beyond: AnchorEvent) -> None:
    """More is anchored than the log shows: a service hides it, a copy may be old."""
    if chain.copy_end_ms is not None:
        words = f"This copy ends at {replay.size} entries, {report.anchored_size} are anchored; bring it up to date."
        check.add("warning", words)
        return
    report.tampered_range = (beyond.old_size, beyond.size)
    check.error(
        f"{beyond.size} entries are anchored (block {beyond.place.block}), the log shows only {replay.size}.",
        range_=report.tampered_range,
    )


def _check_times(check: Check, chain: OnChain, replay: Replay, events: list[AnchorEvent]) -> None:
    """An entry was there when its block was made, and not long before the block of the anchor that went before it."""
    check.evidence = f"anchoring blocks: {len(events)}"
    before_ms: int | None = None
    long_before_ms: int | None = None
    held = 0
    for event in events:
        if event.size <= held:
            continue  # a log that continues another catches up with what that one holds
        begin, held = max(event.old_size, held), event.size
        block_ms = chain.time_of(event.place.block) * 1000
        times = replay.at_ms[begin : event.size]
        # Times never go back (checked elsewhere), so the last is the latest; bisect names the first that is too late.
        late = bisect_right(times, block_ms + CLOCK_TOLERANCE_MS)
        if late < len(times):
            check.error(
                f"Its time, {format_time(times[late])}, is after the block that anchored it ({event.place.block}).",
                entry=begin + late,
            )
        # A head is computed when the anchor before it is mined: what it does not hold yet was written after the one
        # before that. A transaction can be stuck, so that the nearer bound is a hint only.
        if long_before_ms is not None and times and times[0] < long_before_ms - BACKDATING_TOLERANCE_MS:
            check.error(
                f"Its time, {format_time(times[0])}, was set back: two anchors that do not hold it are more than a "
                "day later.",
                entry=begin,
            )
        elif before_ms is not None and times and times[0] < before_ms - BACKDATING_TOLERANCE_MS:
            check.add(
                "warning",
                f"Its time, {format_time(times[0])}, is more than a day before the anchor that went before it.",
                entry=begin,
            )
        before_ms, long_before_ms = block_ms, before_ms


def _check_newest(check: Check, chain: OnChain, replay: Replay, anchored: int) -> None:
    """What is not anchored yet is not from the future either, by the chain's clock or ours, whichever is ahead."""
    now_ms = max(chain.node.block("latest").timestamp * 1000, time.time_ns() // 1_000_000)
    late = bisect_right(replay.at_ms, now_ms + CLOCK_TOLERANCE_MS, lo=anchored)
    if late < replay.size:
        check.error(f"Its time, {format_time(replay.at_ms[late])}, is in the future.", entry=late)


def _linked(events: list[AnchorEvent]) -> bool:
    """Whether the first anchor starts from nothing and each other one where the one before ended."""
    sizes = [0, *(event.size for event in events)]
    return all(event.old_size == size for event, size in zip(events, sizes, strict=False))


def _contract_of_pools(replay: Replay, node: Node, chain_id: int) -> str | None:
    """The contract that the pool of a campaign on this chain was made for."""
    for _, campaign in replay.campaigns:
        if campaign.onchain is not None and campaign.onchain.chain_id == chain_id:
            try:
                return contracts.read_pool_terms(node, campaign.onchain.pool).contribution_log
            except (WrongContractError, TransactionError):
                continue
    return None


def _log_id_of_campaigns(replay: Replay, chain_id: int) -> str | None:
    places = (campaign.onchain for _, campaign in replay.campaigns)
    return next((place.log_id for place in places if place is not None and place.chain_id == chain_id), None)
