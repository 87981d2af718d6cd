"""Settling and paying, and what happens to somebody who is too early."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from ledger.book.reward_tree import RewardTree
from ledger.chain import anchors, contracts
from ledger.chain.contracts import Proposal
from ledger.demo.people import Person
from ledger.demo.platform import Platform, wait_until
from ledger.demo.stage import Stage
from ledger.errors import CrowdLedgerError, TransactionError


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement that waits its delay, and the contract's reasons against those who did not wait."""

    number: int
    early_activation: str
    early_claim: str


def settle(stage: Stage, platform: Platform) -> Settled:
    """Ask for a settlement, wait until it is proposed on the chain, and try to be early."""
    request = platform.client.settle()

    def proposed() -> int | None:
        state = platform.client.settlement_request(request.id)
        if state.state == "failed":
            raise CrowdLedgerError(f"The settlement failed: {state.detail}")
        pending = contracts.read_pending(stage.node, stage.deployment.pool)
        return pending.number or None

    number = wait_until("the settlement is proposed", proposed)
    return Settled(number, _activate_early(stage), _claim_early(stage, number))


def wait_until_active(platform: Platform, number: int) -> None:
    """Wait until the settlement's delay has passed, somebody activated it and the log says so."""
    wait_until("the settlement is active", lambda: platform.client.settlement(number).state == "activated" or None)


def claim(platform: Platform, people: Sequence[Person]) -> None:
    """Let the service pay everybody who has something to claim, and wait until it did."""
    owed = [person.address for person in people if platform.claimable(person.address)]
    if not owed:
        return
    requests = platform.client.claim(owed)

    def done() -> bool | None:
        states = [platform.client.claim_request(each.id) for each in requests]
        failed = [each.detail for each in states if each.state == "failed"]
        if failed:
            raise CrowdLedgerError(f"A claim failed: {failed[0]}")
        return all(each.state == "paid" for each in states) or None

    wait_until("the claims are paid", done, pause_seconds=0.5)


def _activate_early(stage: Stage) -> str:
    """Try to activate the pending settlement; the contract's reason for refusing, empty if it did not."""
    events = anchors.settlement_events(
        stage.node, stage.deployment.pool, stage.deployment.block, stage.node.block("latest").number
    )
    members = events[-1].members
    proposal = Proposal(
        number=events[-1].number,
        parent=members["parent"],
        root=_hex(members["root"]),
        size=members["logSize"],
        campaigns=tuple(_hex(each) for each in members["campaigns"]),
        totals=tuple(members["totals"]),
        finals=tuple(members["finals"]),
    )
    return _refusal(stage, contracts.activate_call(proposal))


def _claim_early(stage: Stage, number: int) -> str:
    """Try to claim from a settlement that is not active yet; the contract's reason, empty if it paid."""
    with closing(sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT account, cumulative FROM settlement_accounts WHERE number = ?", (number,)).fetchall()
    tree = RewardTree((account, int(cumulative)) for account, cumulative in rows)
    claimed = [
        each for each in tree.accounts if each[1] > contracts.read_claimed(stage.node, stage.deployment.pool, each[0])
    ]
    account, cumulative = claimed[0]
    return _refusal(stage, contracts.claim_call(account, cumulative, tree.proof(account)))


def _refusal(stage: Stage, data: bytes) -> str:
    try:
        stage.send("platform", stage.deployment.pool, data)
    except TransactionError as error:
        return error.reason
    return ""


def _hex(value: bytes | str) -> str:
    return value if isinstance(value, str) else "0x" + value.hex()
