"""Checks of the money: each pool's settlements, funds and payments on the chain against the replay of the log."""

from __future__ import annotations

from ledger.audit.campaign_checks import check_campaigns
from ledger.audit.chain_checks import OnChain
from ledger.audit.changes import words_of_pool
from ledger.audit.claim_checks import check_claims
from ledger.audit.replay import Replay
from ledger.audit.report import Check, Report
from ledger.audit.wrong_settlements import examine_proposal
from ledger.book.rewards import PoolBook
from ledger.chain import contracts
from ledger.chain.anchors import PoolEvents, SettlementEvent, pool_events
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import PoolTerms
from ledger.chain.rpc import Refusal
from ledger.errors import WrongContractError
from ledger.statements.onchain import ZERO_HASH, proposal_hash
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from ledger.statements.values import format_time

_MOST_REASON = 200


def check_pools(report: Report, chain: OnChain, replay: Replay) -> None:
    """All checks of all pools that the log's campaigns on this chain name."""
    pools = report.check("pools", "The pools are CrowdLedger's and pay from this log")
    proposals = report.check("proposals", "Every proposal on the chain is a settlement that follows from the log")
    endings = report.check("endings", "Activations and vetoes kept the delay, and the log states them as they were")
    claims = report.check("claims", "Nobody was paid more than the log awards")
    ours = [pool for (chain_id, _), pool in sorted(replay.book.pools.items()) if chain_id == chain.chain_id]
    elsewhere = len(replay.book.pools) - len(ours)
    pools.evidence = f"pools: {len(ours)}"
    delays: list[int] = []
    if elsewhere:
        pools.add("note", f"{elsewhere} pools on other chains were not looked at.")
    _check_campaign_logs(pools, chain, replay)
    counts = [0, 0, 0]
    good: set[str] = set()
    for pool in ours:
        terms = _pool_terms(pools, chain, pool.pool)
        if terms is None:
            continue
        good.add(pool.pool)
        delays.append(terms.settlement_delay)
        events = pool_events(chain.node, pool.pool, chain.opened.place.block, chain.latest)
        _check_making(pools, chain, terms, pool.pool, events)
        _check_whole(pools, chain, terms, pool.pool, events)
        _note_changes(pools, pool.pool, events)
        _check_proposals(proposals, chain, replay, pool, events)
        _check_endings(endings, chain, replay, pool, events, terms.settlement_delay)
        check_claims(claims, chain, replay, pool, events)
        counts = [
            counts[0] + sum(event.kind == "proposed" for event in events.settlements),
            counts[1] + sum(event.kind != "proposed" for event in events.settlements),
            counts[2] + len(events.claims),
        ]
    if delays:
        pools.evidence += f", which wait {min(delays)} s at least before a settlement pays"
    proposals.evidence = f"proposals: {counts[0]}"
    endings.evidence = f"activations and vetoes: {counts[1]}"
    claims.evidence = f"payments: {counts[2]}"
    check_campaigns(report, chain, replay, good)


def _check_campaign_logs(check: Check, chain: OnChain, replay: Replay) -> None:
    for entry, campaign in replay.campaigns:
        place = campaign.onchain
        if place is not None and place.chain_id == chain.chain_id and place.log_id != chain.log_id:
            check.error(f"The campaign is paid from another log's pool ({place.log_id}).", entry=entry)


def _pool_terms(check: Check, chain: OnChain, pool: str) -> PoolTerms | None:
    """What the pool was made with; None, with an error, where it is not a pool of this log."""
    try:
        return chain.pool_terms(pool)
    except WrongContractError as error:
        check.error(error.detail)
        return None


def _note_changes(check: Check, pool: str, events: PoolEvents) -> None:
    for change in events.changes:
        words = words_of_pool(pool, change)
        if words:
            check.add("note", words)


def _check_making(check: Check, chain: OnChain, terms: PoolTerms, pool: str, events: PoolEvents) -> None:
    """CrowdLedger's constructor made the pool, so that its storage held nothing else at first."""
    name = contracts.POOL_CONTRACT if terms.cap is None else contracts.TOKEN_CONTRACT
    first = next((each.place.transaction for each in events.changes if each.name == "RoleChanged"), None)
    try:
        receipt = chain.node.receipt(first) if first else None
        data = chain.node.creation(first) if first else None
    except Refusal:
        receipt = data = None
    if receipt is None or data is None:
        check.add("note", f"The node does not show how the pool {pool} was made; ask an archive node.")
    elif receipt.made != pool or not data.startswith(artifact(name).bytecode):
        words = "nothing shows that nobody had money, a role or a settlement in it from the start."
        check.add("warning", f"The pool {pool} was not made by a transaction with CrowdLedger's constructor: {words}")


def _check_whole(check: Check, chain: OnChain, terms: PoolTerms, pool: str, events: PoolEvents) -> None:
    """The events that the node gave lead to the state that it gives: none is left out, none is older than the log."""
    proposed = [event.number for event in events.settlements if event.kind == "proposed"]
    activated = [event for event in events.settlements if event.kind == "activated"]
    holders = {each.members["role"]: each.members["account"] for each in events.changes if each.name == "RoleChanged"}
    try:
        number, root, _ = contracts.read_last_activated(chain.node, pool, chain.latest)
        count = contracts.read_count(chain.node, pool, chain.latest)
        paid = contracts.read_books(chain.node, pool, chain.latest).paid
        current = contracts.read_current_log(chain.node, pool, chain.latest)
        standing = [contracts.read_role(chain.node, pool, role, chain.latest) for role in contracts.ROLES]
        supply = contracts.read_total_supply(chain.node, pool, chain.latest) if terms.cap is not None else None
    except Refusal:
        check.add("note", f"The node keeps no state of block {chain.latest} any more; ask an archive node.")
        return
    last = activated[-1] if activated else None
    claimed = sum(claim.amount for claim in events.claims)
    agreed = (
        proposed == list(range(1, count + 1))
        and number == (last.number if last else 0)
        and root == ("0x" + last.members["root"].hex() if last else ZERO_HASH)
        and paid == claimed
        and current == (events.followed[-1][1] if events.followed else chain.log_id)
        and standing == [holders.get(number) for number in range(len(contracts.ROLES))]
    )
    if not agreed:
        check.error(
            f"The state of pool {pool} and its events since the log was opened do not fit together: settlements, "
            "payments or changes are missing among them. Ask another node; if it says the same, the pool was not made "
            "by CrowdLedger's constructor or is older than the log."
        )
    if supply is not None and supply != claimed:
        check.error(f"Of the token {pool} there are {supply}; its claims made {claimed}. Ask another node.")


def _check_proposals(check: Check, chain: OnChain, replay: Replay, pool: PoolBook, events: PoolEvents) -> None:
    ends = {event.number: event for event in events.settlements if event.kind != "proposed"}
    for event in events.settlements:
        if event.kind != "proposed":
            continue
        what = f"Proposal {event.number} of pool {pool.pool} (block {event.place.block})"
        end = ends.get(event.number)
        if _hash_of(event) != event.proposal:
            check.error(f"{what} has not the hash of its own parameters.")
        elif (known := pool.recorded.get(event.proposal)) is not None and known.number == event.number:
            continue
        elif chain.is_beyond_copy(event.place.block):
            check.add("warning", f"{what} is later than this copy; bring it up to date.")
        elif end is None:
            words = f"{what} does not follow from the log. {_time_to_veto(chain, pool.pool)}"
            _name(check, words, replay, pool, event)
        elif end.kind == "vetoed":
            words = "Somebody has used the reporter's key for it."
            check.add(
                "warning", f"{what} did not follow from the log; it was vetoed in block {end.place.block}. {words}"
            )
        else:
            words = f"{what} does not follow from the log and was activated in block {end.place.block}."
            _name(check, words, replay, pool, event)


def _name(check: Check, words: str, replay: Replay, pool: PoolBook, event: SettlementEvent) -> None:
    """A proposal that does not follow, with the awards in it that are wrong as far as something shows them."""
    examined = examine_proposal(replay.book, pool, event.members, replay.shown)
    check.error(f"{words} {examined.words}".rstrip())
    for award in examined.awards:
        check.wrong(f"Proposal {event.number} is wrong.", award)


def _time_to_veto(chain: OnChain, pool: str) -> str:
    ready_at = contracts.read_pending(chain.node, pool).ready_at
    if not ready_at:
        return "It ended while the audit ran."
    return f"It waits: the guardian can veto it, surely until {format_time(ready_at * 1000)}."


def _hash_of(event: SettlementEvent) -> str:
    members = event.members
    return proposal_hash(
        members["number"],
        members["parent"],
        "0x" + members["root"].hex(),
        members["logSize"],
        ["0x" + campaign.hex() for campaign in members["campaigns"]],
        members["totals"],
        members["finals"],
    )


def _check_endings(
    check: Check, chain: OnChain, replay: Replay, pool: PoolBook, events: PoolEvents, delay_seconds: int
) -> None:
    """What the log states about the end of each number is what happened, and none was activated too early."""
    stated = {
        statement.number: (entry, statement)
        for entry, statement in replay.settlements
        if isinstance(statement, SettlementActivated | SettlementVetoed)
        and (statement.chain_id, statement.pool) == (pool.chain_id, pool.pool)
    }
    proposed = {event.number: event for event in events.settlements if event.kind == "proposed"}
    for event in events.settlements:
        if event.kind == "proposed":
            continue
        entry, statement = stated.pop(event.number, (None, None))
        if statement is None:
            final = event.place.block <= chain.finalized
            words = f"Settlement {event.number} of pool {pool.pool} was {event.kind} in block {event.place.block}"
            check.add("warning" if final else "note", f"{words}; the log does not state it yet.")
        elif _facts(statement) != (event.kind, event.proposal, *_place(event)):
            check.error(f"The chain says otherwise of settlement {event.number} of pool {pool.pool}.", entry=entry)
        elif event.kind == "vetoed":
            reason = repr(event.members["reason"][:_MOST_REASON])  # the guardian's text, which may hold anything
            check.add("note", f"The guardian of pool {pool.pool} stopped settlement {event.number}: {reason}.")
        if event.kind == "activated":
            _check_delay(check, chain, proposed.get(event.number), event, delay_seconds)
    for number, (entry, statement) in stated.items():
        if chain.is_newer(statement.block):
            check.add("note", f"Settlement {number} of pool {pool.pool} ended while the audit ran.", entry=entry)
        else:
            check.error(f"Settlement {number} of pool {pool.pool} did not end on the chain so.", entry=entry)


def _check_delay(
    check: Check, chain: OnChain, proposed: SettlementEvent | None, activated: SettlementEvent, delay_seconds: int
) -> None:
    if proposed is None:
        check.error(f"Settlement {activated.number} was activated without a proposal; ask another node.")
        return
    waited = chain.time_of(activated.place.block) - chain.time_of(proposed.place.block)
    if waited < delay_seconds:
        check.error(f"Settlement {activated.number} was activated after {waited} s; the delay is {delay_seconds} s.")


def _facts(statement: SettlementActivated | SettlementVetoed) -> tuple[object, ...]:
    kind = "activated" if isinstance(statement, SettlementActivated) else "vetoed"
    return (
        kind,
        statement.proposal,
        statement.block,
        statement.block_hash,
        statement.transaction,
        statement.log_index,
    )


def _place(event: SettlementEvent) -> tuple[object, ...]:
    place = event.place
    return place.block, place.block_hash, place.transaction, place.log_index
