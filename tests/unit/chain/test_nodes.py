"""Several nodes, some of which misbehave."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.nodes import Answer, Nodes, Reply, combine
from ledger.errors import NodeError, WrongChainError
from tests.unit.chain.liars import HASH, Liar, lying

NOW = 1_000_000
KNOWN, POOR, NEVER = Exception("already known"), Exception("insufficient funds for gas"), Exception("invalid sender")


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def block(number: int, timestamp: int) -> dict[str, Any]:
    return {"number": hex(number), "hash": HASH, "timestamp": hex(timestamp), "baseFeePerGas": "0x7"}


def good(liar: Liar, *, chain: str = "0x1", number: int = 100, age: int = 0, **others: object) -> None:
    liar.by_method({"eth_chainId": chain, "eth_getBlockByNumber": block(number, NOW - age)} | others)


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Liar]]:
    with lying(3) as liars:
        yield liars


@pytest.fixture
def liars(servers: list[Liar]) -> list[Liar]:
    for liar in servers:
        liar.calls.clear()
        good(liar)
    return servers


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nodes(liars: list[Liar], clock: Clock) -> Iterator[Nodes]:
    made = Nodes([liar.url for liar in liars], 1, timeout=1.5, monotonic=clock, clock=lambda: NOW + clock())
    yield made
    made.close()


def read(nodes: Nodes) -> int:
    """Which node is read from after a step begins."""
    nodes.connect()
    return nodes.shown.index(nodes.reads_from)


def reads(nodes: Nodes, clock: Clock, wanted: int) -> None:
    """Steps until what goes on beside them has come to an end; what is read from does not change meanwhile."""
    for _ in range(5):
        clock.seconds += 1
        assert read(nodes) == wanted
        time.sleep(0.02)


def asides(nodes: Nodes) -> list[str]:
    return [each.aside for each in nodes.health()]


def test_the_first_one_is_read_from_and_stays(nodes: Nodes, liars: list[Liar], clock: Clock) -> None:
    with pytest.raises(NodeError, match="Connect first"):
        nodes.current.chain_id()
    reads(nodes, clock, 0)
    assert asides(nodes) == ["", "", ""]
    assert [each.block for each in nodes.health()] == [100, 100, 100]
    assert liars[1].asked("eth_chainId") == 1  # one that is not in use is looked at now and then only
    clock.seconds += 20
    reads(nodes, clock, 0)
    assert liars[1].asked("eth_chainId") == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"eth_chainId": "0x2"}, "serves chain 2, expected is chain 1"),
        ({"eth_chainId": (429, b"slow down")}, "HTTP 429"),
        ({"eth_chainId": (200, b"<html>")}, "not answer in JSON"),
        ({"eth_chainId": (500, b"")}, "HTTP 500"),
        ({"eth_chainId": "chain"}, "nonsense"),
        ({"eth_getBlockByNumber": None}, "has no block latest"),
        ({"eth_getBlockByNumber": block(90, NOW - 200)}, "s behind another"),
        ({"eth_getBlockByNumber": block(900, NOW + 4_000)}, "blocks of the future"),
        ({"eth_getBlockByNumber": lambda call: time.sleep(2)}, "ReadTimeout"),
    ],
)
def test_what_is_wrong_with_a_node_puts_it_aside_until_it_is_mended(
    nodes: Nodes, liars: list[Liar], clock: Clock, wrong: dict[str, object], words: str
) -> None:
    reads(nodes, clock, 0)
    liars[0].by_method({"eth_chainId": "0x1", "eth_getBlockByNumber": block(100, NOW)} | wrong)
    clock.seconds += 20
    assert read(nodes) == 1
    assert words in asides(nodes)[0]
    assert nodes.health()[0].failures == 1
    assert "access-key" not in str(nodes.health())
    good(liars[0])
    clock.seconds += 20
    reads(nodes, clock, 1)  # it is sound again, and the other one stays in use
    assert asides(nodes) == ["", "", ""]


def test_a_node_that_was_wrong_from_the_beginning(nodes: Nodes, liars: list[Liar], clock: Clock) -> None:
    good(liars[0], age=500)
    good(liars[1], chain="0x2")
    assert read(nodes) == 2
    assert ["behind" in asides(nodes)[0], "chain 2" in asides(nodes)[1], asides(nodes)[2]] == [True, True, ""]
    assert nodes.health()[0].lag_blocks == 0


def test_the_first_choice_waits_for_a_moment_to_know_all(nodes: Nodes, liars: list[Liar]) -> None:
    """The one that comes first lags, which only the answers of the others, which come later, can show."""
    good(liars[0], age=500)
    for liar in liars[1:]:
        good(liar, eth_chainId=lambda call: time.sleep(0.3) or "0x1")
    assert read(nodes) == 1


def test_a_silent_node_that_is_not_in_use_keeps_nobody_waiting(nodes: Nodes, liars: list[Liar], clock: Clock) -> None:
    reads(nodes, clock, 0)
    silent = threading.Event()
    liars[1].reply = lambda call: (500 + silent.wait(5), b"")
    clock.seconds += 20
    begun = time.monotonic()
    assert read(nodes) == 0
    assert time.monotonic() - begun < 1.5
    silent.set()


def test_pauses_grow_while_a_node_stays_unsound(nodes: Nodes, liars: list[Liar], clock: Clock) -> None:
    good(liars[1], chain="0x2")
    for _ in range(60):
        clock.seconds += 1
        read(nodes)
        time.sleep(0.005)
    assert 4 <= liars[1].asked("eth_chainId") <= 8  # after 1, 2, 4, 8, ... seconds


def test_nobody_is_sound(nodes: Nodes, liars: list[Liar], clock: Clock) -> None:
    reads(nodes, clock, 0)
    for liar in liars:
        liar.reply = lambda call: (503, b"")
    clock.seconds += 20
    with pytest.raises(NodeError, match="None of 3 nodes can be used"):
        nodes.connect()
    assert all("503" in aside for aside in asides(nodes))
    good(liars[2])
    assert read(nodes) == 2  # whoever comes back is found at once, before its pause is over
    reads(nodes, clock, 2)
    for liar in liars:
        good(liar, chain="0x2")
    with pytest.raises(WrongChainError):
        nodes.connect()
    with pytest.raises(NodeError, match="No RPC URL"):
        Nodes([], 1).connect()


def test_a_doubt_takes_effect_with_the_next_step(nodes: Nodes, liars: list[Liar], clock: Clock) -> None:
    reads(nodes, clock, 0)
    nodes.doubt(NodeError("It holds another block 7."))
    assert nodes.reads_from == nodes.shown[0]
    assert asides(nodes)[0] == "It holds another block 7."
    assert read(nodes) == 1
    nodes.doubt(NodeError("So does this."))
    nodes.connect()
    nodes.doubt(NodeError("And this."))
    assert read(nodes) in (0, 1, 2)  # all are doubted: one that answers is better than none


def test_what_is_put_aside_is_named_once(
    nodes: Nodes, liars: list[Liar], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reads(nodes, clock, 0)
    good(liars[0], chain="0x2")
    for _ in range(3):
        clock.seconds += 20
        reads(nodes, clock, 1)
    good(liars[0])
    clock.seconds += 60
    reads(nodes, clock, 1)
    told = [record.getMessage() for record in caplog.records if record.name == "ledger.chain.nodes"]
    assert [words.partition(": ")[2][:20] for words in told] == ["Put aside: The node ", "It is sound again."]
    assert all(nodes.shown[0] in words for words in told)


def test_two_accesses_to_one_provider_have_names_of_their_own(liars: list[Liar]) -> None:
    nodes = Nodes([liars[0].url, liars[0].url + "2", liars[1].url], 1)
    first, second = (f"http://127.0.0.1:{liar.server.server_port}" for liar in liars[:2])
    assert nodes.shown == [first, f"{first} (2)", second]
    nodes.close()


# ---- sending ----


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ([HASH, HASH, HASH], Answer("accepted")),
        ([KNOWN, NEVER, POOR], Answer("accepted")),
        ([NEVER, (502, b""), HASH], Answer("accepted")),
        ([POOR, POOR, POOR], Answer("refused", no_funds=True)),
        ([POOR, NEVER, POOR], Answer("refused")),
        ([NEVER, Exception("nonce too low"), NEVER], Answer("unknown")),
        ([NEVER, (429, b""), NEVER], Answer("unknown")),
        ([NEVER, "0x" + "cd" * 32, NEVER], Answer("unknown")),
        ([NEVER, None, NEVER], Answer("unknown")),
    ],
)
def test_a_transaction_goes_to_all(nodes: Nodes, liars: list[Liar], told: list[object], answer: Answer) -> None:
    for liar, each in zip(liars, told, strict=True):
        good(liar, eth_sendRawTransaction=each)
    found = nodes.broadcast(b"\1\2", HASH)
    assert (found.kind, found.no_funds) == (answer.kind, answer.no_funds)
    assert (found.reason == "") == (answer.kind == "accepted")
    assert [liar.calls[-1]["params"] for liar in liars] == [["0x0102"]] * 3


def test_a_node_that_cannot_be_reached_has_no_say(liars: list[Liar]) -> None:
    """It has not got the transaction, so that the others' word is the last; if there is none, nobody knows."""
    nobody = "http://127.0.0.1:1"
    good(liars[0], eth_sendRawTransaction=NEVER)
    with_one, with_none = Nodes([nobody, liars[0].url], 1), Nodes([nobody], 1)
    assert with_one.broadcast(b"\1", HASH).kind == "refused"
    assert with_none.broadcast(b"\1", HASH).kind == "unknown"
    assert Nodes([], 1).broadcast(b"\1", HASH).kind == "unknown"
    with_one.close()
    with_none.close()


def test_a_node_of_another_chain_is_sent_nothing(nodes: Nodes, liars: list[Liar], clock: Clock) -> None:
    good(liars[1], chain="0x2")
    reads(nodes, clock, 0)
    for liar in liars:
        good(liar, eth_sendRawTransaction=NEVER)
    assert nodes.broadcast(b"\1", HASH).kind == "refused"
    assert liars[1].asked("eth_sendRawTransaction") == 0


def test_a_silent_node_keeps_a_transaction_that_others_took_waiting_for_a_moment_only(liars: list[Liar]) -> None:
    silent = threading.Event()
    nodes = Nodes([liar.url for liar in liars], 1, timeout=8)
    for liar in liars[1:]:
        good(liar, eth_sendRawTransaction=HASH)
    good(liars[0], eth_sendRawTransaction=lambda call: silent.wait(8) and HASH)
    begun = time.monotonic()
    assert nodes.broadcast(b"\1", HASH) == Answer("accepted")
    assert time.monotonic() - begun < 4
    for liar in liars[1:]:
        good(liar, eth_sendRawTransaction=NEVER)
    assert nodes.broadcast(b"\2", HASH).kind == "unknown"
    assert liars[0].asked("eth_sendRawTransaction") == 1  # it has enough to do
    silent.set()
    nodes.close()


replies = st.builds(Reply, st.sampled_from(["accepted", "refused", "no-funds", "unknown", "unreached"]), st.just("why"))


@given(st.lists(replies, max_size=5), st.randoms(use_true_random=False))
def test_what_nodes_say_together(said: list[Reply], random: Any) -> None:
    found, kinds = combine(said), {reply.kind for reply in said}
    assert (found.kind == "accepted") == ("accepted" in kinds)
    assert (found.kind == "refused") == (bool(kinds & {"refused", "no-funds"}) and not kinds & {"accepted", "unknown"})
    assert found.no_funds == (kinds - {"unreached"} == {"no-funds"})
    random.shuffle(said)
    assert combine(said) == found or not said
