"""Checks of the campaigns' money: what the log says of their funds and terms against what their pools hold."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.audit.chain_checks import OnChain
from ledger.audit.replay import Replay
from ledger.audit.report import Check, Report
from ledger.chain import contracts
from ledger.chain.contracts import CampaignRecord
from ledger.chain.rpc import Refusal
from ledger.statements.campaigns import CampaignFunded, CampaignOpened, Onchain
from ledger.statements.onchain import chain_seconds
from ledger.statements.values import format_time


def check_campaigns(report: Report, chain: OnChain, replay: Replay, pools: set[str]) -> None:
    """Compare every recorded fund, and what campaigns are on the chain now, with the log. ``pools`` are ours."""
    _check_funds(report.check("funds", "The recorded funds are what the chain held"), chain, replay)
    check = report.check("campaigns", "The campaigns are on the chain as the log opened them")
    # What is final when the audit begins, the log states soon after; a copy may have been made before.
    final = min(chain.finalized, chain.latest)
    try:
        compared = _compare(check, chain, replay, pools, final)
    except Refusal:
        check.skip(f"The node keeps no state of block {final} any more; ask an archive node.")
        return
    check.evidence = f"campaigns compared: {compared}"


def _compare(check: Check, chain: OnChain, replay: Replay, pools: set[str], final: int) -> int:
    standing = {pool for pool in pools if chain.node.code(pool, final)}
    beyond = chain.is_beyond_copy(final)
    compared = 0
    for entry, opened, place in _campaigns(chain, replay):
        if place.pool not in standing:
            continue
        record = contracts.read_campaign(chain.node, place.pool, place.id, final)
        if record.is_open:
            compared += 1
            _check_terms(check, entry, opened, record)
            if not beyond:
                _check_stated(check, entry, replay.book.campaigns[opened.id].funds, record, final)
    return compared


def _campaigns(chain: OnChain, replay: Replay) -> Iterator[tuple[int, CampaignOpened, Onchain]]:
    """Yield the campaigns on this chain with the entries that opened them; those without effect are left out."""
    for entry, opened in replay.campaigns:
        known = replay.book.facts.campaigns.get(opened.id)
        if known is not None and known.index == entry and opened.onchain and opened.onchain.chain_id == chain.chain_id:
            yield entry, opened, opened.onchain


def _check_terms(check: Check, entry: int, opened: CampaignOpened, record: CampaignRecord) -> None:
    """The opener could give the pool another goal or other dates than the charter, of which it sees the hash only."""
    goal = int(opened.goal or 0)
    closing = chain_seconds(opened.closing_date)
    funding = chain_seconds(opened.funding_deadline or opened.closing_date) if goal else closing
    for what, ours, theirs in (
        ("goal", str(goal), str(record.goal)),
        ("funding deadline", _date(funding), _date(record.funding_deadline)),
        ("closing date", _date(closing), _date(record.closing_date)),
    ):
        if ours != theirs:
            check.add(
                "warning",
                f"The {what} is {ours} in the log and {theirs} on the chain, where it decides when backers may take "
                "money back: its opener did not keep to what the log promises.",
                entry=entry,
            )


def _check_stated(
    check: Check, entry: int, funds: list[tuple[int, CampaignFunded]], record: CampaignRecord, final: int
) -> None:
    """The last record in the log is what the pool holds; while it is not, less is paid than is there, or more."""
    if not funds and record.funded == 0:
        return
    if funds and funds[-1][1].block > final:
        return
    held = (record.funded, record.returned, record.goal_reached, record.closed)
    # None of the four ever falls, so that more cannot have been true at an earlier block either.
    if funds and any(ours > theirs for ours, theirs in zip(_stated(funds[-1][1]), held, strict=True)):
        check.error(
            f"The log states more than the pool holds at the later block {final}: {record.funded} funded, "
            f"{record.returned} returned.",
            entry=funds[-1][0],
        )
    elif not funds or _stated(funds[-1][1]) != held:
        check.add(
            "warning",
            f"At block {final}, which is final, the pool holds {record.funded} funded and {record.returned} returned "
            "for this campaign; the log does not state it yet.",
            entry=entry,
        )


def _check_funds(check: Check, chain: OnChain, replay: Replay) -> None:
    """Every ``campaign.funded`` is what the contract held at its block; a node without old states cannot say."""
    unknown = 0
    for entry, statement in replay.funds:
        campaign = replay.book.facts.campaigns.get(statement.campaign)
        place = campaign.opened.onchain if campaign else None
        if place is None or place.chain_id != chain.chain_id:
            continue
        try:
            held = _held_funds(chain, place, statement.block)
        except Refusal:
            unknown += 1
            continue
        if held is None:
            newest = chain.node.block("latest").number
            check.error(
                f"There was no block {statement.block} (the node's newest is {newest}), or no pool in it yet.",
                entry=entry,
            )
        elif held != (statement.block_hash, *_stated(statement)):
            block_hash, funded, returned, goal_reached, closed = held
            check.error(
                f"At block {statement.block} ({block_hash}) the pool held {funded} funded, {returned} returned, "
                f"goal {'' if goal_reached else 'not '}reached, {'' if closed else 'not '}closed; "
                "the log says otherwise.",
                entry=entry,
            )
    check.evidence = f"{len(replay.funds) - unknown} of {len(replay.funds)} records compared"
    if unknown:
        check.add("note", f"The node keeps no state of the blocks of {unknown} records; ask an archive node.")


def _held_funds(chain: OnChain, place: Onchain, block: int) -> tuple[str, int, int, bool, bool] | None:
    """The block's hash and what the pool held of a campaign there; None where there was no such block or pool yet."""
    exists = block <= chain.latest or chain.is_newer(block)
    if not exists or not chain.node.code(place.pool, block):
        return None
    record = contracts.read_campaign(chain.node, place.pool, place.id, block)
    return chain.node.block(block).hash, record.funded, record.returned, record.goal_reached, record.closed


def _stated(statement: CampaignFunded) -> tuple[int, int, bool, bool]:
    return int(statement.funded), int(statement.returned), statement.goal_reached, statement.closed


def _date(seconds: int) -> str:
    return format_time(seconds * 1000)
