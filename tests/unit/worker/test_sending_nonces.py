"""Nonces that are refused, taken, skipped or shared, and signers that are silent."""

from __future__ import annotations

import pytest

from ledger.chain.transactions import Fees
from ledger.errors import NodeError, TransactionError
from tests.unit.worker.sending_stage import GWEI, OPERATOR, REPORTER, Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


# ---- what no node takes ----


def test_what_all_nodes_refuse_is_given_up_and_its_place_filled(stage: Stage) -> None:
    stage.chain.refuses = lambda tx: "intrinsic gas too low" if tx.data else ""
    with pytest.raises(TransactionError) as error:
        stage.send()
    assert error.value.reason == "intrinsic gas too low"
    assert stage.send("activate:1", b"\2") is None, "its place must be filled before"
    stage.look(1)
    fill = stage.chain.sent[-1]
    assert (fill.to, fill.data, fill.gas, fill.nonce) == (OPERATOR, "", 21_000, 0)
    assert [each.intent for each in stage.rows.at(OPERATOR, 0)] == ["anchor:1", "fill"]
    stage.chain.mine()
    stage.chain.finalize()
    stage.look(1)
    assert stage.states() == ["replaced", "final"]
    (cost,) = stage.rows.costs[fill.hash]
    assert (cost.campaign, cost.intent) == ("", "fill")
    stage.chain.refuses, stage.chain.at_once = (lambda tx: ""), True
    assert stage.send() is not None


def test_while_an_older_attempt_may_still_be_mined_its_place_is_not_filled(stage: Stage) -> None:
    stage.send()
    first = stage.chain.sent[0]
    stage.chain.refuses = lambda tx: "insufficient funds" if tx.max_fee > first.max_fee else ""
    stage.look(60)
    stage.chain.pool.clear()
    stage.look(60)
    assert [each.intent for each in stage.rows.at(OPERATOR, 0)] == ["anchor:1", "anchor:1"]
    assert stage.chain.pool[OPERATOR, 0] == first, "the older one is sent again where the newer is refused"
    assert stage.sender.report()[2] == ["anchor:1"]


def test_a_fill_without_coins_is_tried_until_there_are_some(stage: Stage) -> None:
    stage.chain.refuses = lambda tx: "insufficient funds"
    with pytest.raises(TransactionError):
        stage.send()
    for _ in range(5):
        stage.look(60)
    assert len(stage.rows.attempts) == 2
    assert stage.sender.report()[2] == ["anchor:1"]
    assert sum(bool(tx.data) for tx in stage.chain.sent) == 2, "what was given up is sent no more"
    stage.chain.refuses = lambda tx: ""
    stage.look(1)
    stage.chain.mine()
    stage.look(1)
    assert stage.states() == ["sent", "mined"]


def test_a_fill_at_the_cap_costs_what_it_replaces(stage: Stage) -> None:
    stage.chain.market = Fees(60 * GWEI, GWEI)
    stage.chain.refuses = lambda tx: "no" if tx.data else ""
    with pytest.raises(TransactionError):
        stage.send()
    stage.look(1)
    first, fill = sorted(stage.rows.at(OPERATOR, 0), key=lambda each: each.intent)
    assert (first.max_fee, fill.max_fee, fill.intent) == (100 * GWEI, 100 * GWEI, "fill")
    stage.look(60)
    stage.chain.pool.clear()
    stage.chain.refuses = lambda tx: "no"
    stage.look(60)
    assert (len(stage.rows.attempts), stage.chain.sent[-1].data) == (2, "")
    assert stage.sender.report() == (1, 1, ["anchor:1"])


def test_what_is_refused_because_its_nonce_is_taken_is_not_filled(stage: Stage) -> None:
    stage.chain.takes = lambda tx: False
    stage.send()
    stage.chain.stranger(OPERATOR)
    stage.chain.refuses = lambda tx: "no"
    stage.look(1)
    assert len(stage.rows.attempts) == 1


def test_a_fill_that_is_refused_for_another_reason_is_made_anew(stage: Stage) -> None:
    stage.chain.refuses = lambda tx: "not this one" if tx.data or tx.max_fee < 3.5 * GWEI else ""
    with pytest.raises(TransactionError):
        stage.send()
    stage.look(1)
    stage.look(60)
    stage.chain.mine()
    stage.look(1)
    assert [each.intent for each in stage.rows.at(OPERATOR, 0)] == ["anchor:1", "fill", "fill"]
    assert stage.states() == ["sent", "sent", "mined"]


# ---- nonces ----


def test_another_logs_transaction_of_the_same_account_is_waited_for(stage: Stage) -> None:
    other = stage.make(log="survey")
    stage.send()
    assert _send(stage, other) is None
    assert len(stage.rows.attempts) == 1
    stage.chain.mine()
    stage.chain.at_once = True
    assert _send(stage, other) is not None


def test_two_logs_at_the_same_moment_do_not_share_a_nonce(stage: Stage) -> None:
    """The second one reads before the first one saves."""
    other, chain = stage.make(log="survey"), stage.chain
    fees = chain.fees

    async def meanwhile() -> Fees:
        chain.fees = fees  # type: ignore[method-assign]
        _send(stage, other)
        return await fees()

    chain.fees = meanwhile  # type: ignore[method-assign]
    assert stage.send() is None
    assert {log for log, _ in stage.rows.nonces.values()} == {"survey"}
    assert len({tx.hash for tx in chain.sent}) == 1


def test_a_restored_database_that_forgot_transactions_goes_on_behind_them(stage: Stage) -> None:
    stage.chain.at_once = True
    for number in range(3):
        stage.send(f"anchor:{number}", bytes([number]))
    stage.restore()
    assert stage.send("anchor:9", b"\x09") is not None
    assert stage.chain.sent[-1].nonce == 3


def test_a_forgotten_transaction_that_takes_the_nonce_stops_the_account_until_it_is_permanent(stage: Stage) -> None:
    stage.send()
    stage.restore()
    assert stage.send("anchor:2", b"\2") is None
    stage.chain.mine()
    stage.look(1)
    stage.chain.at_once = True
    assert stage.send("anchor:3", b"\3") is None
    stage.chain.finalize()
    stage.look(1)
    assert stage.send("anchor:3", b"\3") is not None
    assert stage.states(0) == ["sent"]
    assert stage.chain.sent[-1].nonce == 1


def test_a_node_that_counts_what_is_not_mined_is_not_believed(stage: Stage) -> None:
    stage.send()
    stage.chain.false_count = 1
    stage.look(1)
    assert stage.send("activate:1", b"\2") is None
    assert len(stage.rows.attempts) == 1


def test_a_node_that_knows_an_old_count_is_waited_for(stage: Stage) -> None:
    stage.chain.at_once = True
    stage.send()
    stage.chain.false_count = 0
    stage.chain.market = Fees(9 * GWEI, GWEI)
    assert stage.send("activate:1", b"\2") is None
    assert stage.send() is None, "the same intent is no second attempt at its nonce"
    assert len(stage.rows.attempts) == 1


def test_a_gap_below_a_false_nonce_is_filled(stage: Stage) -> None:
    stage.chain.false_count = 3
    assert stage.send() is None
    stage.chain.false_count = None
    stage.look(10)
    assert len(stage.rows.attempts) == 1, "who tells a false count now is not believed at once"
    for _ in range(4):
        stage.look(60)
        stage.chain.mine()
    stage.look(1)
    assert [tx.data for _, txs in stage.chain.blocks for tx in txs] == ["", "", "", "01"]
    assert [stage.states(nonce) for nonce in range(3)] == [["mined"]] * 3
    assert stage.states(3) == ["mined"], "it cost nothing to wait: only the next nonce is worth more"


def test_a_count_that_cannot_be_is_not_believed(stage: Stage) -> None:
    stage.chain.false_count = 101
    with pytest.raises(NodeError):
        stage.send()
    assert stage.rows.nonces == {}


def test_an_account_that_sent_much_before_may_be_used(stage: Stage) -> None:
    for _ in range(101):
        stage.chain.stranger(OPERATOR)
    stage.chain.finalize()
    stage.chain.at_once = True
    assert stage.send() is not None
    assert stage.chain.sent[-1].nonce == 101


def test_one_signer_for_two_roles_sends_one_after_the_other(stage: Stage) -> None:
    stage.chain.at_once = True
    assert stage.send("anchor:1") is not None
    assert stage.send("propose:1", b"\2") is not None
    assert [tx.nonce for tx in stage.chain.sent] == [0, 1]


# ---- signers ----


def test_a_signer_that_is_silent_or_gone_leaves_the_rest_as_it_is(stage: Stage) -> None:
    stage.send()
    stage.send("propose:1", b"\3", stage.reporter)
    stage.operator.silent = True
    stage.look(60)
    assert stage.states(0) == ["sent"]
    assert stage.states(0, REPORTER) == ["sent", "sent"], "the others go on"
    assert stage.sender.report()[2] == ["anchor:1"]
    stage.operator = stage.reporter
    stage.look(1, stage.make())
    assert stage.states(0) == ["sent"]
    assert stage.chain.sent[-2].sender == OPERATOR, "it is sent again all the same"


def test_a_silent_signer_is_said_before_a_nonce_is_used(stage: Stage) -> None:
    stage.operator.silent = True
    with pytest.raises(NodeError):
        stage.send()
    assert stage.rows.nonces == {}


# ---- chains without EIP-1559 ----


def test_a_chain_without_priority_fees(stage: Stage) -> None:
    stage.chain.market = Fees(8 * GWEI, None)
    stage.send()
    stage.look(60)
    first, second = stage.rows.at(OPERATOR, 0)
    assert (first.max_fee, first.priority_fee) == (9 * GWEI, None)
    assert (second.max_fee, second.priority_fee) == (10_125_000_000, None)


def _send(stage: Stage, sender: object) -> object:
    stage.sender, before = sender, stage.sender  # type: ignore[assignment]
    try:
        return stage.send("anchor:7", b"\7")
    finally:
        stage.sender = before
