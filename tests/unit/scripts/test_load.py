"""How the load is measured and judged: open-loop times, what counts as missed, what a lost entry looks like."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.growth import CompactRange
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
from scripts.bench.capacity import BOOK_BYTES
from scripts.load import client
from scripts.load.client import EVENT, Client, Measured, Phase
from scripts.load.crowd import BATCH_ITEMS, KINDS, Acknowledged, Crowd
from scripts.load.figures import ALL, Line, Outcome, lines_of, percentile
from scripts.load.lines import LineError, Lines
from scripts.load.listening import Listener
from scripts.load.place import Place
from scripts.load.proved import differing
from scripts.load.watch import Held, Watch

Answer = Callable[[str, bytes], Awaitable[bytes]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """A server that answers each request, given by its first line and body, with raw bytes; its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                length = [int(each.split(": ")[1]) for each in head if each.lower().startswith("content-length")]
                body = await reader.readexactly(length[0]) if length else b""
                writer.write(await answer(head[0], body))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def written(index: int, id: str = "") -> dict[str, Any]:
    return {"id": id or f"id-{index}", "index": index, "receipt": {"of": index}}


class Log:
    """Answers as the service does, as far as the load looks; ``delay`` seconds each."""

    def __init__(self) -> None:
        self.size = 0
        self.delay = 0.0
        self.first: list[bytes] = []
        """What is answered before anything else."""

    async def __call__(self, line: str, body: bytes) -> bytes:
        if self.delay:
            await asyncio.sleep(self.delay)
        if "/v1/events" in line and "limit" not in line:
            return b"HTTP/1.1 200 OK\r\n\r\nid: 0\n\nid: 1\ndata: %s\n\n" % json.dumps({"data": {"entry": 0}}).encode()
        if self.first:
            return self.first.pop(0)
        many = len(json.loads(body)["items"]) if "/batch" in line else 1
        reply = [written(self.size + each) for each in range(many)]
        if line.startswith("POST /v1/hooks"):
            return OK % (2, b"{}")
        if line.startswith("POST"):
            self.size += many
        data = json.dumps({"results": reply} if many > 1 else reply[0]).encode()
        return OK % (len(data), data)


def place(port: int) -> Place:
    return Place((port,), "key", "campaign", "/v1/hooks/label-studio/1", "secret")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the first and last events."""
    monkeypatch.setattr(client, "_FIRST_SECONDS", 0.05)


async def test_times_count_from_when_a_request_was_due(tmp_path: Path) -> None:
    """A server that takes a second for everything cannot hide it behind requests that were not sent meanwhile."""
    log = Log()
    log.delay = 0.3
    async with answering(log) as port:
        found = await Client(place(port), 1, tmp_path, 1)(Phase("open", seconds=1.0, rate=60))
    assert found.errors == Counter()
    assert found.requests == sum(len(took) for kind, took in found.took.items() if kind != EVENT) > 30
    assert min(map(min, (took for kind, took in found.took.items() if kind != EVENT))) >= 0.29
    assert found.most_at_once > 5


async def test_a_refusal_is_an_error_or_sent_again(tmp_path: Path) -> None:
    busy = b"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy"
    log = Log()
    async with answering(log) as port:
        log.first = [busy]
        found = await Client(place(port), 1, tmp_path, 1)(Phase("open", seconds=0.2, rate=50))
        assert sum(found.errors.values()) == 1
        assert found.again == Counter()
        log.first = [busy]
        found = await Client(place(port), 1, tmp_path, 1)(Phase("open", seconds=0.2, rate=50, patience=5))
        assert found.errors == Counter()
        assert found.again == Counter({"503": 1})
        log.first = [busy.replace(b"503", b"500")]
        found = await Client(place(port), 1, tmp_path, 1)(Phase("open", seconds=0.2, rate=50, patience=5))
        assert sum(found.errors.values()) == 1


async def test_an_index_that_is_given_twice_is_an_error(tmp_path: Path) -> None:
    log = Log()
    async with answering(log) as port:
        twice = json.dumps(written(0, "another")).encode()
        asks = Client(place(port), 1, tmp_path, 1)
        assert (await asks(Phase("idle", samples=1))).errors == Counter()
        log.first = [OK % (len(twice), twice)]
        found = await asks(Phase("idle", samples=1))
        assert any("index 0 was given to" in words for words in found.errors)
    kept = [json.loads(line)["index"] for line in (tmp_path / "acknowledged.jsonl").read_text().splitlines()]
    assert len(kept) > 2 * BATCH_ITEMS


async def test_another_service_takes_what_one_refuses() -> None:
    async def two(line: str, body: bytes) -> bytes:
        return OK % (2, b"{}")

    async with answering(two) as dead:
        pass
    async with answering(two) as port:
        lines = Lines([dead, port])
        assert [(await lines.ask(b"GET / HTTP/1.1\r\n\r\n"))[0] for _ in range(4)] == [200] * 4
        lines.close()
    with pytest.raises(LineError):
        await Lines([dead]).ask(b"GET / HTTP/1.1\r\n\r\n")


def test_a_stream_that_goes_back_is_noticed() -> None:
    heard: list[dict[str, Any]] = []
    listener = Listener(place(1), 0, heard.append)
    for line in (b"id: 4\n", b'data: {"a":1}\n', b"id: 5\n", b'data: {"a":2}\n', b"id: 5\n"):
        listener._line(line)
    assert (heard, listener.wrong) == ([{"a": 1}, {"a": 2}], [])
    listener._line(b'data: {"a":2}\n')
    listener._line(b"id: 3\n")
    assert len(listener.wrong) == 2


def test_every_kind_of_request_is_made_and_what_is_not_there_yet_is_written_first() -> None:
    told: list[Acknowledged] = []
    crowd = Crowd(place(1), random.Random(3), told.append)
    assert {crowd.ask(kind)[0] for kind in ("decision", "appeal", "receipt", "page", "tile")} == {"contribution"}
    for number in range(300):
        crowd.contribution().told(json.dumps(written(number)).encode())
        decision = crowd.decision()
        assert decision is not None
        decision.told(json.dumps(written(1000 + number)).encode())
    assert [crowd.ask(kind)[0] for kind in KINDS if kind != "decision"] == [
        each for each in KINDS if each != "decision"
    ]
    assert len(told) == 600
    assert sum(kind.share for kind in KINDS.values()) == 100


def test_percentiles() -> None:
    assert percentile([5.0], 0.99) == 5.0
    values = [float(each) for each in range(1, 201)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (100.0, 198.0, 200.0)


def test_a_line_is_met_within_four_times_the_idle_one() -> None:
    assert Line.of("a", [0.001] * 100, [0.0039] * 100).met is True
    assert Line.of("a", [0.001] * 100, [0.0041] * 100).met is False
    assert Line.of("a", [0.001] * 10, [0.0041] * 100).met is None
    assert Line.of("a", [0.001] * 100, [0.0041] * 100, within=0.005).met is True


def test_a_quick_kind_may_wait_behind_a_slow_one_and_the_mix_may_not() -> None:
    idle, load = Measured(seconds=1.0), Measured(seconds=1.0)
    for number in range(100):
        idle.add("quick", 0.001)
        load.add("quick", 0.009 if number % 20 == 0 else 0.001)
        idle.add("slow", 0.01)
    for _ in range(10):
        load.add("slow", 0.015)
    every = {line.kind: line for line in lines_of(idle, load)}
    assert [line.kind for line in lines_of(idle, load)] == [ALL, "quick", "slow"]
    assert (every[ALL].requests, every[ALL].idle_p50, every[ALL].idle_p99, every[ALL].met) == (110, 1.0, 10.0, True)
    assert (round(every["quick"].times), every["quick"].met) == (9, True)
    for _ in range(10):
        load.add("slow", 0.045)
    assert [line.met for line in lines_of(idle, load)] == [False, True, None]


def outcome(**changes: Any) -> Outcome:
    idle, load = Measured(seconds=1.0), Measured(seconds=1.0)
    for _ in range(100):
        idle.add("a", 0.001)
        load.add("a", 0.002)
    values: dict[str, Any] = {
        "faults": None, "services": 1, "share": 0.5, "most": 100.0, "idle": idle, "load": load,
        "held": {"service": Held(100 * 2**20, 100 * 2**20, 101 * 2**20)}, "wrong": {"audit": []}, "acknowledged": 1,
    }  # fmt: skip
    return Outcome(**(values | changes))


def test_a_workers_book_is_told_by_what_the_log_has_grown() -> None:
    watch = Watch([])
    for name in ("service 1", "worker"):
        watch._seen[f"{name} 0"] = [size * 2**20 for size in range(100, 160)]
    held = watch.held(60_000)
    assert set(held) == {"service 1", "worker"}
    assert held["service 1"].book == 0
    assert held["worker"].book == 40_000 * BOOK_BYTES
    assert held["worker"].end - held["worker"].start == 40 * 2**20


def test_what_is_missed() -> None:
    assert outcome().missed == []
    slow = Measured(seconds=1.0)
    for _ in range(100):
        slow.add("a", 0.01)
    growing = {"service": Held(100 * 2**20, 110 * 2**20, 130 * 2**20)}
    assert "4 times" not in outcome(load=slow).words()
    assert len(outcome(load=slow).missed) == 2  # the kind, and all of the mix
    assert len(outcome(held=growing).missed) == 1
    assert len(outcome(held={"worker": Held(100 * 2**20, 110 * 2**20, 130 * 2**20, book=16 * 2**20)}).missed) == 1
    assert outcome(load=slow, held=growing, faults={"kill worker": 1}).missed == []
    assert len(outcome(wrong={"audit": ["one", "two"]}).missed) == 2
    failed = Measured(seconds=1.0, errors=Counter({"a: 500": 3}))
    assert "3 times: a: 500" in outcome(load=failed).missed
    assert [each["met"] for each in outcome().members()["kinds"]] == [True, True]


def issued(signer: LogSigner, leaves: list[bytes], index: int, statement: bytes) -> Receipt:
    tree, _ = CompactRange().append_many(leaves)
    note = sign(Checkpoint("load.example/log", len(leaves), tree.root()), signer)
    hashes = merkle.inclusion_proof(index, len(leaves), leaves)
    return Receipt.issue(signer.verifier_key, statement, index, hashes, note)


def test_what_was_acknowledged_and_is_not_there() -> None:
    signer = LogSigner.generate("load.example/log")
    statements = [b"%d" % number for number in range(9)]
    leaves = merkle.hash_entries(statements)
    good = [(at, issued(signer, leaves[: at + 2], at, statements[at])) for at in range(7)]
    assert list(differing(good, leaves, signer.verifier_key)) == []
    assert list(differing(good * 2, leaves, signer.verifier_key)) == []  # answered again after a retry
    lost = list(differing(good, leaves[:6], signer.verifier_key))
    assert any("entry 6 was acknowledged and is not in the log" in each for each in lost)
    other = [*leaves[:3], merkle.leaf_hash(b"another"), *leaves[4:]]
    found = list(differing(good, other, signer.verifier_key))
    assert any("entry 3" in each for each in found)
    assert any("another history" in each for each in found)
    moved = [(5, good[4][1])]
    assert list(differing(moved, leaves, signer.verifier_key)) == ["the receipt of entry 5 is of entry 4"]
    stranger = LogSigner.generate("load.example/log").verifier_key
    assert all("does not verify" in each for each in differing(good, leaves, stranger))
