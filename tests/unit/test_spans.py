"""Spans beside their service: what strangers send, what the settings may say, and a collector that does not answer."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import logging.config
import sys
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext

from ledger import spans
from ledger.diagnostics import settings
from ledger.errors import ConfigError
from ledger.spans import Collector, sending
from tests.services import collector as service
from tests.unit.worker.sending_stage import Stage

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
Headers = list[tuple[bytes, bytes]]


@pytest.fixture
def collector() -> Iterator[service.Collector]:
    with service.collecting() as found:
        yield found


@pytest.fixture
async def on(collector: service.Collector) -> AsyncIterator[service.Collector]:
    async with sending(Collector.of(collector.url, 1.0), "worker"):
        yield collector


def above(headers: Headers) -> tuple[str, str]:
    """The trace and the span that these headers name, or those that were made up."""
    with spans.served(headers, "GET"):
        return spans.ids() or ("", "")


GOOD = st.tuples(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
NAMES = st.sampled_from([b"traceparent", b"tracestate", b"baggage"])
PIECES = st.sampled_from(
    [b"00", b"-", TRACE.encode(), PARENT.encode(), b"01", b"ff", b"a=b", b",", b"\xff", b"=", b" "]
)
GARBAGE = st.lists(st.tuples(NAMES, st.one_of(st.binary(max_size=600), st.lists(PIECES).map(b"".join))), max_size=6)


async def test_headers_of_strangers(on: service.Collector, caplog: pytest.LogCaptureFixture) -> None:
    @given(GOOD)
    def taken(parts: tuple[int, int, int]) -> None:
        trace, parent, flags = parts
        header = f"00-{trace:032x}-{parent:016x}-{flags:02x}".encode()
        assert above([(b"traceparent", header)])[0] == f"{trace:032x}"
        assert above([(b"traceparent", header), (b"traceparent", header)])[0] != f"{trace:032x}", "two are none"

    @given(GARBAGE)
    def survived(headers: Headers) -> None:
        trace, span = above(headers)
        assert len(trace) == 32
        assert len(span) == 16
        for value in spans.onward().values():
            assert value.isascii()

    taken()
    survived()
    for bad in ("", "00", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{PARENT}-01"):
        assert above([(b"traceparent", bad.encode())])[0] != TRACE
    assert caplog.records == [], "nobody writes into our log by a header"


async def test_what_fails_is_told_by_its_kind_alone(on: service.Collector) -> None:
    def fails() -> None:
        with spans.span("outer", count=3, none=None):
            spans.note(more="x" * 1000)
            with spans.span("inner"):
                raise ValueError("hidden words")

    with pytest.raises(ValueError, match="hidden"):
        fails()
    with pytest.raises(asyncio.CancelledError), spans.span("stopped"):
        raise asyncio.CancelledError
    assert spans.ids() is None, "nothing stays open"
    await arrived(on, 3)
    outer, inner, stopped = on.one("outer"), on.one("inner"), on.one("stopped")
    assert (inner.parent, inner.trace) == (outer.id, outer.trace)
    assert outer.facts == {"crowdledger.count": 3, "crowdledger.more": "x" * 200, "error.type": "ValueError"}
    assert (outer.failed, inner.failed, stopped.failed) == (True, True, False)
    assert b"hidden" not in b"".join(on.bodies)


async def arrived(collector: service.Collector, count: int) -> None:
    assert spans._on is not None
    await asyncio.to_thread(spans._on.provider.force_flush)
    assert len(collector.spans) == count


async def test_lines_name_the_span_that_they_belong_to(on: service.Collector) -> None:
    written = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    wanted = settings("serve", "json")
    wanted["handlers"]["stderr"]["stream"] = written
    logging.config.dictConfig(wanted)
    try:
        with spans.span("work"):
            logging.getLogger("crowdledger.test").info("inside")
            ids = spans.ids()
        logging.getLogger("crowdledger.test").info("outside")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    inside, outside = map(json.loads, written.getvalue().splitlines())
    assert (inside["trace_id"], inside["span_id"]) == ids
    assert "trace_id" not in outside


async def test_a_transaction_and_how_it_went(on: service.Collector) -> None:
    stage = Stage()
    with spans.span("worker.anchor"):
        stage.send("anchor:7", b"")
    await arrived(on, 2)
    sent, part = on.one("transaction"), on.one("worker.anchor")
    assert sent.parent == part.id
    assert sent.facts["crowdledger.intent"] == "anchor:7"
    assert sent.facts["crowdledger.nonce"] == 0
    assert sent.facts["crowdledger.transaction"].startswith("0x")
    assert sent.facts["crowdledger.answer"] == "accepted"


async def test_a_collector_that_does_not_answer_keeps_nobody(
    collector: service.Collector, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "_LAST_SECONDS", 0.2)
    collector.status = 503
    caplog.set_level(logging.INFO)
    began = time.monotonic()
    async with sending(Collector.of(collector.url, 1.0), "worker"):
        for _ in range(3000):  # more than a batch
            with spans.span("lost"):
                pass
        assert time.monotonic() - began < 5
    assert time.monotonic() - began < 10
    assert spans.span("off") is spans.span("again")
    said = [record.message for record in caplog.records if record.name == "ledger.spans"]
    assert said in (["The collector takes no spans; they are dropped."], [])
    assert [record for record in caplog.records if record.name.startswith("opentelemetry.exporter")] == []


async def test_it_is_said_when_the_collector_takes_spans_again(
    collector: service.Collector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ledger.spans")
    async with sending(Collector.of(collector.url, 1.0), "worker"):
        for status in (400, 400, 200, 200):
            collector.status = status
            with spans.span("work"):
                pass
            assert spans._on is not None
            await asyncio.to_thread(spans._on.provider.force_flush)
    words = [record.message for record in caplog.records if record.name == "ledger.spans"]
    assert words == ["The collector takes no spans; they are dropped.", "Spans are sent again."]


def test_the_headers_of_a_collector() -> None:
    found = Collector.of("https://otlp.example/base/", 0.5, "Authorization: Basic YTpi\n \nx-team:\tseven \n")
    assert found.url == "https://otlp.example/base/v1/traces"
    assert found.headers == {"authorization": "Basic YTpi", "x-team": "seven"}
    assert "YTpi" not in repr(found)
    for bad in ("Authorization", ": x", "a b: c", "a: b\x01c", "a: é"):
        with pytest.raises(ConfigError) as failed:
            Collector.of("https://otlp.example", 1.0, bad)
        assert bad not in str(failed.value)


async def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"crowdledger\[otel\]"):
        async with sending(Collector.of("http://127.0.0.1:1", 1.0), "worker"):
            pass
    async with sending(None, "worker"):
        assert spans.onward() == {}


async def test_a_group_is_sent_if_one_who_waits_for_it_is(collector: service.Collector) -> None:
    """The share is a third, by the trace's id: what waits for a group decides, whoever came first."""
    low, high = f"{'ab' * 8}{'0' * 15}1", "f" * 32

    def asker(trace: str) -> SpanContext | None:
        with spans.served([(b"traceparent", f"00-{trace}-{PARENT}-01".encode())], "GET"):
            return spans.here()

    async with sending(Collector.of(collector.url, 0.3), "serve"):
        sent, other, never = asker(low), asker(low), asker(high)
        for askers in ([never, sent, None, other, sent], [never, never], [sent]):
            with spans.span("group", askers=askers, askers_count=len(askers)) as opened:
                assert (opened is None) == (askers == [never, never])
    assert sent is not None
    assert other is not None
    assert {each.trace for each in collector.spans} == {low}
    shared, lone = sorted(collector.named("group"), key=lambda each: len(each.links), reverse=True)
    assert (shared.parent, lone.parent) == (f"{sent.span_id:016x}", f"{sent.span_id:016x}")
    assert (shared.links, lone.links) == (((low, f"{other.span_id:016x}"),), ())
