"""One node that lies, stammers or is silent."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain import answers
from ledger.chain.rpc import GAS_LIMIT, LateAnswer, Node, Refusal, Unreached
from ledger.errors import NodeError, TransactionError
from tests.unit.chain.liars import Liar, lying

WORD = "0x" + "ab" * 32


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    with lying() as liars:
        yield liars[0]


@pytest.fixture
def node(liar: Liar) -> Iterator[Node]:
    with Node(liar.url, timeout_seconds=0.5) as found:
        yield found


def test_a_good_answer(liar: Liar, node: Node) -> None:
    liar.answers("0x7a69")
    assert node.chain_id() == 31337


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"jsonrpc":"2.0","id":-1,"result":"0x1"}',
        b'{"id":null,"result":"0x1"}',
        b'{"id":-1,"error":{}}',
        b'"0x1"',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_rpc(liar: Liar, node: Node, body: bytes) -> None:
    liar.reply = lambda call: (200, body)
    with pytest.raises(NodeError):
        node.chain_id()


@pytest.mark.parametrize("result", [None, 1, "1", "0x", "0x01", "0xg", "0x" + "1" * 65, [], {}, True])
def test_a_chain_id_that_is_none(liar: Liar, node: Node, result: object) -> None:
    liar.answers(result)
    with pytest.raises(NodeError, match="nonsense"):
        node.chain_id()


def test_http_errors_and_silence_never_show_the_access_key(liar: Liar, node: Node) -> None:
    silent = Node("http://127.0.0.1:1/v3/access-key", timeout_seconds=0.5)
    for broken, reply in ((node, (503, b"access-key")), (node, (404, b"no")), (silent, (200, b""))):
        liar.reply = lambda call, reply=reply: reply
        with pytest.raises(NodeError) as caught:
            broken.chain_id()
        assert "access-key" not in str(caught.value) + repr(broken) + repr(caught.value.__cause__)
    silent.close()
    liar.answers(error={"code": -32600, "message": "No project 'access-key' at 127.0.0.1."})
    with pytest.raises(Refusal) as refused:
        node.chain_id()
    assert "No project '...' at 127.0.0.1" in str(refused.value)
    assert "access-key" not in str(refused.value) + refused.value.words


def test_nobody_there_and_no_answer_in_time_are_told_apart(liar: Liar, node: Node) -> None:
    """What was never reached has seen nothing; what is late may have done what it was told."""
    with Node("http://127.0.0.1:1", timeout_seconds=0.5) as nobody, pytest.raises(Unreached):
        nobody.chain_id()
    liar.answers("0x1")
    good = liar.reply
    for late in (lambda call: time.sleep(0.8) or good(call), lambda call: (502, b"<html>")):
        liar.reply = late
        with pytest.raises(LateAnswer):
            node.chain_id()


def test_an_answer_that_drips_is_late(liar: Liar, node: Node) -> None:
    """Each byte comes in time, the whole does not."""
    liar.answers("0x" + "11" * 40)
    liar.drips = 0.02
    begun = time.monotonic()
    with pytest.raises(LateAnswer, match="in time"):
        node.code("0x" + "11" * 20)
    liar.drips = 0.0
    assert time.monotonic() - begun < 5


def test_too_many_requests_are_no_word_on_what_was_asked(liar: Liar, node: Node) -> None:
    told = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": 429, "message": "slow down"}}).encode()
    before = node.log_span
    for reply in ((429, b"<html>"), (429, told)):
        liar.reply = lambda call, reply=reply: reply
        with pytest.raises(NodeError, match="HTTP 429") as caught:
            node.logs("0x" + "11" * 20, [], 0, 999)
        assert not isinstance(caught.value, LateAnswer | Refusal)
    liar.answers(error={"code": 429, "message": "slow down"})
    begun = len(liar.calls)
    with pytest.raises(Refusal, match="slow down"):
        node.logs("0x" + "11" * 20, [], 0, 999)
    assert (len(liar.calls) - begun, node.log_span) == (1, before)


def test_an_answer_that_is_too_large(liar: Liar, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.chain.rpc.MAX_ANSWER_BYTES", 1000)
    liar.answers("0x" + "11" * 2000)
    with pytest.raises(NodeError, match="larger than is allowed"):
        node.code("0x" + "11" * 20)


def test_refusals_and_reverts_are_told_apart(liar: Liar, node: Node) -> None:
    liar.answers(error={"code": -32601, "message": "method not found"})
    with pytest.raises(Refusal, match="method not found"):
        node.chain_id()
    liar.answers(error={"code": 3, "message": "execution reverted", "data": "0x8129bbcd" + "00" * 32})
    with pytest.raises(TransactionError) as caught:
        node.call("0x" + "11" * 20, b"")
    assert caught.value.reason == "unknown error 0x8129bbcd"
    liar.answers(error={"code": 3, "message": "execution reverted: out of cheese", "data": {}})
    with pytest.raises(TransactionError, match="out of cheese"):
        node.call("0x" + "11" * 20, b"")
    for words in ("gas required exceeds allowance (16777216)", "Out of gas: gas required exceeds allowance: 30000000"):
        liar.answers(error={"code": -32000, "message": words})
        with pytest.raises(TransactionError) as caught:
            node.estimate_gas("0x" + "11" * 20, None, b"")
        assert caught.value.reason == GAS_LIMIT
        with pytest.raises(Refusal):
            node.call("0x" + "11" * 20, b"")
    liar.answers(error={"code": -32000, "message": "gas required exceeds allowance (0)"})
    with pytest.raises(Refusal):  # an account without coins
        node.estimate_gas("0x" + "11" * 20, None, b"")
    liar.reply = lambda call: (200, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"slow down"}}')
    with pytest.raises(Refusal, match="slow down"):
        node.chain_id()
    liar.answers(error={"code": -32000, "message": "nonce too low"})
    with pytest.raises(TransactionError, match="nonce too low"):
        node.send_raw(b"\1")
    liar.answers(error="nonsense")
    with pytest.raises(NodeError):
        node.chain_id()


def _log(block: int, **other: object) -> dict[str, object]:
    found: dict[str, object] = {
        "address": "0x" + "11" * 20,
        "topics": [WORD],
        "data": "0x",
        "blockNumber": hex(block),
        "blockHash": WORD,
        "transactionHash": WORD,
        "logIndex": "0x0",
        "removed": False,
    }
    return found | other


def test_ranges_that_a_node_refuses_are_halved(liar: Liar, node: Node) -> None:
    topics = [WORD, "0x" + "01" * 32, "0x" + "02" * 32]

    def reply(call: dict[str, Any]) -> tuple[int, bytes]:
        told: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
        if call["method"] == "eth_chainId":
            return 200, json.dumps(told | {"result": "0x1"}).encode()
        begin, end = (int(call["params"][0][name], 16) for name in ("fromBlock", "toBlock"))
        if end - begin > 300:
            return 400, json.dumps(told | {"error": {"code": -32005, "message": "too many blocks"}}).encode()
        return 200, json.dumps(told | {"result": [_log(block, topics=topics) for block in (end, begin)]}).encode()

    liar.reply = reply
    blocks = [entry.block for entry in node.logs("0x" + "11" * 20, [None, b"\1" * 32, [b"\2" * 32]], 0, 999)]
    assert blocks == [0, 249, 250, 499, 500, 749, 750, 999]
    assert liar.calls[-1]["params"][0]["topics"] == [None, "0x" + "01" * 32, ["0x" + "02" * 32]]
    assert node.logs("0x" + "11" * 20, [], 5, 4) == []
    begun = len(liar.calls)
    assert len(node.logs("0x" + "11" * 20, [], 0, 999)) == 8
    assert len(liar.calls) - begun == 5  # it begins with what worked, tries more once, and goes back


def test_a_node_that_refuses_even_one_block(liar: Liar, node: Node) -> None:
    before = node.log_span
    liar.answers(error={"code": -32601, "message": "method not found"})
    with pytest.raises(Refusal):
        node.logs("0x" + "11" * 20, [], 0, 999)
    assert node.log_span == before
    assert len(liar.calls) < 200


def test_a_node_that_is_late_with_logs_is_not_waited_for_for_long(liar: Liar, node: Node) -> None:
    begun = len(liar.calls)
    liar.reply = lambda call: (504, b"")
    with pytest.raises(LateAnswer):
        node.logs("0x" + "11" * 20, [], 0, 999)
    assert len(liar.calls) - begun == 2
    liar.answers([])
    assert node.logs("0x" + "11" * 20, [], 0, 999) == []


def test_logs_come_once_and_of_one_chain(liar: Liar, node: Node) -> None:
    other = "0x" + "cd" * 32
    liar.answers([_log(5), _log(6, blockHash=other), _log(5)])
    assert [entry.block for entry in node.logs("0x" + "11" * 20, [], 0, 9)] == [5, 6]
    for second in (_log(5, blockHash=other), _log(5, blockHash=other, logIndex="0x1"), _log(5, data="0x11")):
        liar.answers([_log(5), second])
        with pytest.raises(NodeError, match="two chains"):
            node.logs("0x" + "11" * 20, [], 0, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "0x" + "22" * 20},
        {"blockNumber": "0x99"},
        {"removed": True},
        {"topics": None},
        {"topics": [WORD] * 5},
        {"topics": ["0x12"]},
        {"data": "0x1"},
        {"transactionHash": None},
    ],
)
def test_logs_that_were_not_asked_for_or_are_none(liar: Liar, node: Node, wrong: dict[str, object]) -> None:
    liar.answers([_log(5, **wrong)])
    with pytest.raises(NodeError):
        node.logs("0x" + "11" * 20, [], 0, 9)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ([bytes.fromhex(WORD[2:])], True),
        ([None], True),
        ([[b"\1" * 32, bytes.fromhex(WORD[2:])]], True),
        ([b"\1" * 32], False),
        ([[b"\1" * 32]], False),
        ([None, None], False),
    ],
)
def test_logs_of_other_topics_were_not_asked_for(
    liar: Liar, node: Node, asked: list[bytes | list[bytes] | None], fits: bool
) -> None:
    liar.answers([_log(5)])
    with contextlib.nullcontext() if fits else pytest.raises(NodeError, match="not asked for"):
        assert len(node.logs("0x" + "11" * 20, asked, 0, 9)) == 1


def test_a_receipt_of_another_transaction_or_none(liar: Liar, node: Node) -> None:
    liar.answers(None)
    assert node.receipt(WORD) is None
    good: dict[str, object] = {
        "transactionHash": WORD,
        "blockNumber": "0x5",
        "blockHash": WORD,
        "status": "0x1",
        "from": "0x" + "AB" * 20,
        "to": None,
        "contractAddress": "0x" + "11" * 20,
        "gasUsed": "0x5208",
        "logs": [],
        "effectiveGasPrice": "0x3b9aca00",
    }
    liar.answers(good)
    receipt = node.receipt(WORD)
    assert receipt is not None
    assert (receipt.sender, receipt.gas_used, receipt.succeeded) == ("0x" + "ab" * 20, 21_000, True)
    assert receipt.gas_price == 10**9
    liar.answers({key: value for key, value in good.items() if key != "effectiveGasPrice"})
    old = node.receipt(WORD)
    assert old is not None
    assert old.gas_price is None
    with pytest.raises(NodeError, match="another transaction"):
        node.receipt("0x" + "cd" * 32)
    for name in good:
        liar.answers({key: value for key, value in good.items() if key != name} | ({name: 7}))
        with pytest.raises(NodeError):
            node.receipt(WORD)


def test_a_block_that_the_node_does_not_have(liar: Liar, node: Node) -> None:
    liar.answers(None)
    with pytest.raises(NodeError, match="has no block finalized"):
        node.block("finalized")


@pytest.mark.parametrize("url", ["", "localhost:8545", "ftp://host", "http://"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(NodeError, match="begins with http"):
        Node(url)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=70) | st.sampled_from([WORD, "0x1", "0x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@given(value=json_values)
def test_any_json_is_an_answer_or_a_node_error(value: object) -> None:
    checks = (
        answers.block,
        lambda each: answers.receipt(each, WORD),
        lambda each: answers.log_entries(each, "x"),
        lambda each: answers.fee_history(each, 3),
    )
    for check in checks:
        with contextlib.suppress(NodeError):
            check(value)
