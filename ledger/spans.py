"""Spans: what the processes do, how long it takes and what it belongs to, for a collector of the operator's.

OpenTelemetry, sent as OTLP over HTTP; contexts travel as W3C Trace Context. It is off until :func:`sending`: then
nothing of the SDK is imported, and a span is one and the same empty block. Spans hold ids, names, counts and states, as
the lines of ``ledger.diagnostics`` do: nothing of a body, a query, a key or a token, and of an error its kind alone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from ledger import __version__
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import SpanContext, Tracer

Fact = str | int | float | bool
Kind = Literal["internal", "server", "client"]
_LOGGER: Final = logging.getLogger(__name__)
_PATH: Final = "/v1/traces"
_TIMEOUT_SECONDS: Final = 5.0
_LAST_SECONDS: Final = 3.0
"""For what is left to be sent when a process ends."""
_MOST_LINKS: Final = 64
_MOST_CHARS: Final = 200
"""Of one fact."""
_MOST_STATE_CHARS: Final = 512
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([!-~](?:[ -~]{0,4000}[!-~])?)")
_PACKAGES: Final = "opentelemetry.trace"
"""Its logger repeats what strangers send in their headers."""
_EXPORTERS: Final = "opentelemetry.exporter"
"""Its logger says at each try what is said once here."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Where spans are sent to, and the share of all traces that is sent."""

    url: str
    share: float = 1.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, url: str, share: float, headers: str = "") -> Self:
        """``headers``: lines ``Name: value``, such as the key of a hosted collector. Raises ConfigError."""
        found = {}
        for line in filter(None, map(str.strip, headers.splitlines())):
            match = _HEADER.fullmatch(line)
            if match is None:
                raise ConfigError(
                    "The file of otlp_headers_file has a line that is no header.",
                    remedy="Write each as 'Name: value', in plain ASCII.",
                )
            found[match[1].lower()] = match[2]
        return cls(url.rstrip("/") + _PATH, share, found)


class Span:
    """A span that is open."""

    __slots__ = ("_span",)

    def __init__(self, span: Any) -> None:
        self._span = span

    def note(self, **facts: Fact | None) -> None:
        """Say more of it; what is None is left out. A name without a dot is one of ours."""
        self._span.set_attributes(_named(facts))

    def name(self, name: str) -> None:
        """Call it otherwise, once more is known."""
        self._span.update_name(name)

    def fail(self, kind: str) -> None:
        """It went wrong; ``kind`` is one of few, never a sentence."""
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)


@dataclass(frozen=True, slots=True)
class _On:
    provider: TracerProvider
    tracer: Tracer


NOTHING: Final[AbstractContextManager[None]] = nullcontext()
"""The block of a span where there are none."""
on = False
"""Whether there are spans: hot paths look here, and ask for nothing else."""
_on: _On | None = None


# ---- what is done ----


def span(
    name: str, *, kind: Kind = "internal", askers: Iterable[SpanContext | None] = (), **facts: Fact | None
) -> AbstractContextManager[Span | None]:
    """A span around the block, below the one that is open; None where spans are off, or this one is not sent.

    ``askers`` are the spans of those who wait for it: it is below the first that is sent, and linked with the others.
    """
    return NOTHING if _on is None else _open(_on.tracer, name, kind, facts, askers=askers)


def served(headers: Iterable[tuple[bytes, bytes]], name: str) -> AbstractContextManager[Span | None]:
    """A span around a request that came in, below the caller's own where its headers name one."""
    return NOTHING if _on is None else _open(_on.tracer, name, "server", {}, above=_above(headers))


def note(**facts: Fact | None) -> None:
    """Say more of the span that is open."""
    if _on is not None:
        from opentelemetry import trace

        found = trace.get_current_span()
        if found.is_recording():
            Span(found).note(**facts)


def here() -> SpanContext | None:
    """The span that is open, to be named as an asker; None where there is none."""
    if _on is None:
        return None
    from opentelemetry import trace

    found = trace.get_current_span().get_span_context()
    return found if found.is_valid else None


def ids() -> tuple[str, str] | None:
    """The ids of the open trace and span in hex, as lines of logs name them."""
    found = here()
    return None if found is None else (f"{found.trace_id:032x}", f"{found.span_id:016x}")


def onward() -> dict[str, str]:
    """The headers ``traceparent`` and ``tracestate`` for a request that belongs to the open span."""
    headers: dict[str, str] = {}
    if _on is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(headers)
    return headers


@contextmanager
def _open(
    tracer: Tracer,
    name: str,
    kind: Kind,
    facts: Mapping[str, Fact | None],
    *,
    above: Context | None = None,
    askers: Iterable[SpanContext | None] = (),
) -> Iterator[Span | None]:
    from opentelemetry import context, trace

    kinds = {"internal": trace.SpanKind.INTERNAL, "server": trace.SpanKind.SERVER, "client": trace.SpanKind.CLIENT}
    asking = _asking(askers)
    if asking:
        above = trace.set_span_in_context(trace.NonRecordingSpan(asking[0]))
    links = [trace.Link(each) for each in asking[1:]]
    opened = tracer.start_span(name, above, kinds[kind], _named(facts), links)
    token = context.attach(trace.set_span_in_context(opened, above))
    try:
        yield Span(opened) if opened.is_recording() else None
    except Exception as error:
        Span(opened).fail(type(error).__name__)  # its words may hold what somebody sent
        raise
    finally:
        context.detach(token)
        opened.end()


def _asking(askers: Iterable[SpanContext | None]) -> list[SpanContext]:
    """Each once, those that are sent; where none is, one of them: then what it asked for is not sent either."""
    found = list({each.span_id: each for each in askers if each is not None}.values())
    return [each for each in found if each.trace_flags.sampled][:_MOST_LINKS] or found[:1]


def _named(facts: Mapping[str, Fact | None]) -> dict[str, Fact]:
    given = ((name.replace("__", "."), fact) for name, fact in facts.items() if fact is not None)
    return {name if "." in name else f"crowdledger.{name}": fact for name, fact in given}


def _above(headers: Iterable[tuple[bytes, bytes]]) -> Context:
    """The context that a caller's headers name (W3C Trace Context, 3.2 and 3.3); an empty one where they do not."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parents = [value for name, value in headers if name == b"traceparent"]
    states = [value for name, value in headers if name == b"tracestate"]
    if len(parents) != 1:
        return Context()
    carrier = {"traceparent": [parents[0].decode("latin-1")]}
    if states and sum(map(len, states)) <= _MOST_STATE_CHARS:
        carrier["tracestate"] = [value.decode("latin-1") for value in states]
    return TraceContextTextMapPropagator().extract(carrier, Context())


# ---- where it goes ----


@asynccontextmanager
async def sending(collector: Collector | None, process: str) -> AsyncIterator[None]:
    """Send this process's spans for the block; None leaves them off. Raises ConfigError without the extra ``otel``.

    In the end what is left is sent, within seconds. One block at a time in a process.
    """
    global on, _on  # noqa: PLW0603 - as with logging, a process has one
    if collector is None:
        yield
        return
    require()
    started = _on = _start(collector, process)
    on = True
    try:
        yield
    finally:
        on, _on = False, None
        # In a thread that nobody waits for: a collector that does not answer must not keep the process from ending.
        ending = threading.Thread(target=started.provider.shutdown, name="last spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _LAST_SECONDS)


def require() -> None:
    """Raises ConfigError where the packages of the extra are missing."""
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk.trace  # noqa: F401 - whether they are there
    except ImportError:
        raise ConfigError(
            "otlp_url is set, and the packages that send spans are not installed.",
            remedy="Run: pip install 'crowdledger[otel]'",
        ) from None


def _start(collector: Collector, process: str) -> _On:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    class Exporter(OTLPSpanExporter):
        """OTLP's own, whose trouble is said once until it is over."""

        failing = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result = super().export(spans)
            failed = result is not SpanExportResult.SUCCESS
            if failed != self.failing:
                self.failing = failed
                words = "The collector takes no spans; they are dropped." if failed else "Spans are sent again."
                _LOGGER.log(logging.WARNING if failed else logging.INFO, words)
            return result

    for name, level in ((_PACKAGES, logging.ERROR), (_EXPORTERS, logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)
    # A caller's flag decides nothing: nobody hides from us by it, and nobody has us record all that he sends.
    share = TraceIdRatioBased(collector.share)
    provider = TracerProvider(
        ParentBased(share, remote_parent_sampled=share, remote_parent_not_sampled=share),
        Resource.create(
            {
                "service.name": "crowdledger",
                "service.version": __version__,
                "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
                "crowdledger.process": process,
            }
        ),
        shutdown_on_exit=False,
        span_limits=SpanLimits(max_attribute_length=_MOST_CHARS, max_links=_MOST_LINKS),
    )
    exporter = Exporter(
        collector.url, headers=dict(collector.headers), timeout=_TIMEOUT_SECONDS, compression=Compression.Gzip
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return _On(provider, provider.get_tracer("crowdledger", __version__))
