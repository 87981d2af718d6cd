"""One sender on a chain in memory: what it saves, sends, replaces, fills and gives up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.chain.transactions import Fees
from ledger.errors import NodeError, TransactionError, UnavailableError
from tests.unit.worker.sending_rows import Dead
from tests.unit.worker.sending_stage import GWEI, OPERATOR, REPORTER, Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


# ---- sending ----


def test_it_is_saved_before_it_is_sent_and_its_receipt_is_the_answer(stage: Stage) -> None:
    saved: list[bool] = []
    stage.chain.on_broadcast = lambda tx: saved.append(tx.hash in stage.rows.attempts)
    stage.chain.at_once = True
    receipt = stage.send()
    assert receipt.transaction == stage.chain.sent[0].hash
    assert saved == [True]
    assert stage.states() == ["mined"]
    row = stage.rows.attempts[receipt.transaction]
    assert (row.block, row.block_hash, row.gas_used) == (receipt.block, receipt.block_hash, receipt.gas_used)
    assert stage.sender.report() == (0, 0, [])


def test_gas_and_fees_have_headroom(stage: Stage) -> None:
    stage.send()
    sent = stage.chain.sent[0]
    assert sent.gas == 50_000 + 12_500 + 10_000
    assert (sent.max_fee, sent.priority_fee) == (3 * GWEI, GWEI)


def test_while_it_is_not_mined_nothing_else_is_sent_by_the_account(stage: Stage) -> None:
    assert stage.send("anchor:1") is None
    assert stage.send("activate:1", b"\2") is None
    assert [tx.data for tx in stage.chain.sent] == ["01"]
    assert stage.send("propose:1", b"\3", stage.reporter) is None
    assert stage.chain.sent[-1].sender == REPORTER
    assert stage.sender.report()[0] == 2
    stage.chain.mine()
    stage.look(1)
    stage.chain.at_once = True
    assert stage.send("activate:1", b"\2") is not None
    assert stage.chain.sent[-1].nonce == 1


def test_the_same_intent_again_changes_nothing_while_it_waits(stage: Stage) -> None:
    stage.send()
    stage.chain.market = Fees(9 * GWEI, GWEI)
    assert stage.send() is None
    assert len(stage.rows.attempts) == len(stage.chain.sent) == 1


def test_it_waits_a_while_for_it_to_be_mined(stage: Stage) -> None:
    begin = stage.clock.ms
    assert stage.send() is None
    assert 5_000 <= stage.clock.ms - begin < 7_000
    stage.clock.while_asleep = stage.chain.mine
    assert stage.send("activate:1", b"\2") is None
    assert len(stage.rows.attempts) == 1, "the first was not mined yet when it was asked"
    stage.chain.mine()
    stage.look(1)
    assert stage.send("activate:1", b"\2") is not None


def test_what_would_fail_costs_no_nonce(stage: Stage) -> None:
    stage.chain.reverts["01"] = "NotOperator()"
    with pytest.raises(TransactionError) as error:
        stage.send()
    assert error.value.reason == "NotOperator()"
    assert stage.rows.nonces == {}


@pytest.mark.parametrize(
    ("reason", "prepare"),
    [
        ("fee-cap", {"market": Fees(101 * GWEI, GWEI)}),
        ("low-balance", {"coins": 72_500 * 3 * GWEI - 1}),
    ],
)
def test_what_can_not_be_mined_is_not_sent(stage: Stage, reason: str, prepare: dict[str, object]) -> None:
    for name, value in prepare.items():
        setattr(stage.chain, name, value)
    with pytest.raises(TransactionError) as error:
        stage.send()
    assert error.value.reason == reason
    assert stage.rows.nonces == {}


def test_above_the_soft_ceiling_nothing_is_sent(stage: Stage) -> None:
    assert stage.send(ceiling=2 * GWEI - 1) is None
    assert stage.rows.nonces == {}
    stage.chain.at_once = True
    assert stage.send(ceiling=2 * GWEI) is not None


def test_what_fails_once_it_is_mined_is_said_with_the_reason(stage: Stage) -> None:
    stage.chain.reverts["01"], stage.chain.at_once = "late: DelayNotOver()", True
    with pytest.raises(TransactionError) as error:
        stage.send()
    assert error.value.reason == "late: DelayNotOver()"
    assert stage.states() == ["failed"]
    stage.chain.finalize()
    stage.look()
    (row,) = stage.rows.attempts.values()
    assert (row.state, row.detail) == ("final", "late: DelayNotOver()")
    assert sum(cost.wei for cost in stage.rows.costs[row.hash]) == 62_500 * 2 * GWEI


# ---- looking after ----


def test_a_lost_reply_counts_as_sent(stage: Stage) -> None:
    stage.chain.silent, stage.chain.at_once = (lambda tx: True), True
    assert stage.send() is not None
    assert stage.states() == ["mined"]


@pytest.mark.parametrize("where", ["after save_attempt", "broadcast", "after broadcast", "receipt", "set_attempts"])
def test_another_process_goes_on_where_one_died(stage: Stage, where: str) -> None:
    stage.chain.at_once = where == "set_attempts"
    stage.chain.die_at = stage.rows.die_at = where
    with pytest.raises(Dead):
        stage.send()
    stage.chain.die_at = stage.rows.die_at = ""
    stage.rows.leader = "w2"
    second = stage.make("w2")
    stage.look(5, second)
    stage.chain.mine()
    stage.look(5, second)
    assert stage.states() == ["mined"]
    assert {tx.hash for tx in stage.chain.sent} == set(stage.rows.attempts)


def test_who_leads_no_more_saves_and_sends_nothing(stage: Stage) -> None:
    stage.rows.leader = "w2"
    with pytest.raises(UnavailableError):
        stage.send()
    assert stage.chain.sent == []
    assert stage.rows.attempts == {}


def test_what_the_nodes_forgot_is_sent_again(stage: Stage) -> None:
    stage.send()
    stage.chain.pool.clear()
    stage.look(1)
    assert len(stage.chain.pool) == 1
    assert len(stage.rows.attempts) == 1


def test_a_stuck_one_is_replaced_and_only_one_of_them_counts(stage: Stage) -> None:
    stage.send()
    stage.look(50)
    assert len(stage.rows.attempts) == 1
    stage.look(10)
    first, second = stage.rows.at(OPERATOR, 0)
    assert (second.intent, second.to, second.data, second.gas) == (first.intent, first.to, first.data, first.gas)
    assert (second.max_fee, second.priority_fee) == (3_375_000_000, 1_125_000_000)
    assert stage.sender.report() == (1, 1, [])
    stage.chain.pool[OPERATOR, 0] = stage.chain.sent[0]  # a node that never heard of the second
    stage.chain.mine()
    stage.look(1)
    assert stage.states() == ["mined", "sent"]
    stage.chain.finalize()
    stage.look(1)
    assert stage.states() == ["final", "replaced"]


def test_a_spike_is_followed_up_to_the_cap_and_then_it_is_stuck(stage: Stage) -> None:
    stage.send()
    stage.chain.market = Fees(60 * GWEI, GWEI)
    stage.look(60)
    assert [each.max_fee for each in stage.rows.at(OPERATOR, 0)] == [3 * GWEI, 100 * GWEI]
    stage.look(60)
    assert len(stage.rows.attempts) == 2
    assert stage.sender.report() == (1, 1, ["anchor:1"])
    stage.chain.mine()
    stage.look(1)
    assert stage.sender.report() == (0, 1, [])


def test_a_clock_that_steps_back_delays_a_replacement_by_no_more_than_its_time(stage: Stage) -> None:
    stage.send()
    stage.look(-86_400)
    stage.look(59)
    assert len(stage.rows.attempts) == 1
    stage.look(1)
    assert len(stage.rows.attempts) == 2


def test_after_a_clock_stepped_back_the_newest_is_still_the_newest(stage: Stage) -> None:
    stage.send()
    stage.look(60)
    stage.look(-86_400)
    stage.look(60)
    stage.look(1)
    assert stage.chain.sent[-1].max_fee == max(each.max_fee for each in stage.rows.attempts.values())
    assert len(stage.rows.attempts) == 3
    assert len({each.at_ms for each in stage.rows.attempts.values()}) == 3


def test_after_a_reorganisation_it_is_sent_again_and_not_replaced_at_once(stage: Stage) -> None:
    stage.chain.at_once = True
    stage.send()
    stage.chain.at_once = False
    stage.look(300)
    stage.chain.reorganise(1, keep=False)
    stage.look(10)
    assert stage.states() == ["sent"]
    (row,) = stage.rows.attempts.values()
    assert (row.block, row.block_hash, row.gas_used, row.gas_price) == (None, None, None, None)
    stage.chain.mine()
    stage.look(10)
    assert stage.states() == ["mined"]


def test_what_is_refused_after_a_reorganisation_is_in_no_block(stage: Stage) -> None:
    stage.chain.at_once = True
    stage.send()
    stage.chain.at_once = False
    stage.chain.reorganise(1, keep=False)
    stage.chain.refuses = lambda tx: "no" if tx.data else ""
    stage.look(1)
    first, fill = stage.rows.at(OPERATOR, 0)
    assert (first.state, first.detail, first.block) == ("sent", "no", None)
    assert fill.intent == "fill"


def test_another_block_with_it_is_noted(stage: Stage) -> None:
    stage.chain.at_once = True
    stage.send()
    stage.chain.reorganise(1, keep=True)
    stage.chain.mine()
    stage.look(1)
    (row,) = stage.rows.attempts.values()
    assert (row.state, row.block, row.block_hash) == ("mined", 2, stage.chain.blocks[2][0])


def test_it_is_not_final_in_a_block_that_is_not_the_chains_own(stage: Stage) -> None:
    stage.chain.at_once = True
    stage.send()
    stage.chain.mine()
    stage.chain.finalize()
    block, txs = stage.chain.blocks[1]
    stage.chain.blocks[1] = ("0xother", txs)
    receipt = stage.chain.receipt

    async def stale(transaction: str) -> object:
        found = await receipt(transaction)
        return found and replace(found, block_hash=block)

    stage.chain.receipt = stale  # type: ignore[method-assign, assignment]
    stage.look()
    assert stage.states() == ["mined"]


def test_a_strangers_transaction_at_its_nonce_is_believed_after_a_while(stage: Stage) -> None:
    stage.chain.takes = lambda tx: False
    stage.send()
    stage.chain.stranger(OPERATOR)
    stage.look(1)
    assert stage.states() == ["sent"], "its block may go"
    stage.chain.finalize()
    stage.look(1)
    stage.look(299)
    assert stage.states() == ["sent"], "a node may lack a receipt for a while"
    stage.look(1)
    assert stage.states() == ["lost"]
    stage.chain.takes, stage.chain.at_once = (lambda tx: True), True
    assert stage.send() is not None, "what was lost is made anew"


def test_a_doubt_that_passed_begins_anew(stage: Stage) -> None:
    stage.chain.takes = lambda tx: False
    stage.send()
    stage.chain.stranger(OPERATOR)
    stage.chain.finalize()
    stage.look(1)
    stage.chain.final = 0  # another node is asked, which knows less
    stage.look(200)
    stage.chain.finalize()
    stage.look(200)
    assert stage.states() == ["sent"]


def test_a_node_without_its_receipt_does_not_make_it_lost(stage: Stage) -> None:
    stage.chain.at_once = True
    receipt = stage.send()
    stage.chain.finalize()
    stage.chain.hides.add(receipt.transaction)
    stage.look(1)
    stage.look(200)
    stage.chain.hides.clear()
    stage.look(150)
    assert stage.states() == ["final"]
    assert stage.send("activate:1", b"\2") is not None, "nothing waited for it"


def test_a_node_that_is_down_changes_nothing(stage: Stage) -> None:
    stage.send()
    before = dict(stage.rows.attempts)
    stage.chain.down = True
    with pytest.raises(NodeError):
        stage.look(300)
    assert stage.rows.attempts == before
