"""The service's metrics as Prometheus reads them: from rows alone, for nothing here asks a chain.

``docs/operations.md`` has the table of all names; a test holds the two equal.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from api.inbox import deliveries
from api.reads import sendings, summary, worker
from api.reads.sendings import Outbox
from api.reads.worker import Lease, Report
from api.service import Service
from api.traffic import Traffic
from ledger.errors import LIMITS
from ledger.wire import ALARMS
from ledger.wire.hooks import Refusal

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_REFUSALS: Final[tuple[Refusal, ...]] = get_args(Refusal)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of one log."""

    log: str
    size: int
    anchored: int
    oldest_ms: int | None
    """When the oldest entry was written that no anchor covers."""
    pending: int
    replaced: int
    deliveries: Mapping[str, int]
    """Of webhooks, by state."""
    refused: Mapping[str, int]
    """Deliveries that were not taken, by reason."""
    outbox: Outbox
    """Of webhooks that we send."""
    lease: Lease | None
    report: Report | None
    alarms: Sequence[str]


async def metrics(services: Sequence[Service], traffic: Traffic) -> bytes:
    """The metrics of some logs, and of the process. Raises DatabaseError."""
    now_ms = time.time_ns() // 1_000_000
    figures = [await _figures(service, now_ms) for service in services]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families(figures, now_ms))
    writers = {each.config.log: OfWriter(each.writer.unanswered, each.writer.repeated) for each in services}
    registry.register(OfProcess(traffic, writers))
    return generate_latest(registry)


async def _figures(service: Service, now_ms: int) -> Figures:
    reads = service.reads
    size = (await service.reader.head()).size
    anchor = await summary.last_anchor(reads)
    anchored = min(size, anchor.size) if anchor is not None else 0
    report = await worker.last_report(reads)
    lease_seconds = service.config.lease_seconds
    return Figures(
        log=service.config.log,
        size=size,
        anchored=anchored,
        oldest_ms=await summary.entry_time_ms(reads, anchored),
        pending=await worker.pending(reads),
        replaced=await worker.replaced(reads),
        deliveries=await deliveries.counts(reads),
        refused=await service.door.refusals.totals(reads),
        outbox=await sendings.outbox(reads, now_ms),
        lease=await worker.lease(reads),
        report=report,
        alarms=[] if service.deployment is None else worker.alarms(report, now_ms, lease_seconds),
    )


class OfWriter(NamedTuple):
    """What a log's writer in this process has waiting, and how much came again that was written before."""

    waiting: int
    repeated: int


class OfProcess(Collector):
    """What the process that is asked does; each API process tells of itself."""

    def __init__(self, traffic: Traffic, writers: Mapping[str, OfWriter]) -> None:
        self._traffic = traffic
        self._writers = writers

    def collect(self) -> Iterator[Metric]:
        """Requests by status, their times, those that were too many or came again, and what waits for each writer."""
        requests = CounterMetricFamily("crowdledger_requests", "Requests that were answered", labels=["status"])
        for status, count in sorted(self._traffic.by_status.items()):
            requests.add_metric([str(status)], count)
        seconds = HistogramMetricFamily("crowdledger_request_seconds", "From the request's head to the reply's")
        seconds.add_metric([], self._traffic.cumulative(), self._traffic.seconds)
        limited = CounterMetricFamily("crowdledger_limited", "Requests that were answered 429", labels=["limit"])
        for limit in LIMITS:
            limited.add_metric([limit], self._traffic.limited[limit])
        queue = _gauge("queue_items", "Items that wait for the writer")
        repeats = CounterMetricFamily(
            "crowdledger_repeats", "Writes and requests that came again and got their first reply", labels=["log", "by"]
        )
        for log, writer in self._writers.items():
            queue.add_metric([log], writer.waiting)
            repeats.add_metric([log, "entry"], writer.repeated)
            repeats.add_metric([log, "key"], self._traffic.replayed[log])
        yield from (requests, seconds, limited, queue, repeats)


class Families(Collector):
    """Families of figures that were read already."""

    def __init__(self, figures: Sequence[Figures], now_ms: int) -> None:
        self._figures = figures
        self._now_ms = now_ms

    def collect(self) -> Iterator[Metric]:
        """Every family, with a line for each log."""
        yield from self._of_log()
        yield from self._of_deliveries()
        yield from self._of_sendings()
        yield from self._of_transactions()
        yield from self._of_nodes()
        yield from self._of_worker()

    def _of_log(self) -> Iterator[Metric]:
        entries = _gauge("log_entries", "Entries of the log")
        anchored = _gauge("log_anchored_entries", "Entries that an anchor covers, permanent or not")
        waiting = _gauge("entries_not_anchored", "Entries that no anchor covers")
        age = _gauge("anchor_age_seconds", "Age of the oldest entry that no anchor covers; 0 where all are covered")
        for each in self._figures:
            entries.add_metric([each.log], each.size)
            anchored.add_metric([each.log], each.anchored)
            waiting.add_metric([each.log], each.size - each.anchored)
            since = self._now_ms if each.oldest_ms is None else each.oldest_ms
            age.add_metric([each.log], max(0, self._now_ms - since) / 1000)
        yield from (entries, anchored, waiting, age)

    def _of_deliveries(self) -> Iterator[Metric]:
        kept = _gauge("deliveries", "Deliveries of webhooks that wait, cannot be used, or were given up", "state")
        refused = CounterMetricFamily(
            "crowdledger_deliveries_refused",
            "Deliveries that were not taken: forged, stale, to no webhook, or too many",
            labels=["log", "reason"],
        )
        for each in self._figures:
            for state, count in each.deliveries.items():
                kept.add_metric([each.log, state], count)
            for reason in _REFUSALS:  # from 0 on, or the first one would not be seen as one more
                refused.add_metric([each.log, reason], each.refused.get(reason, 0))
        yield from (kept, refused)

    def _of_sendings(self) -> Iterator[Metric]:
        where = _gauge("endpoints", "Endpoints that events are sent to", "state")
        kept = _gauge("sendings", "Events that wait to be sent again, or were given up", "state")
        age = _gauge("sending_age_seconds", "Age of the oldest event that an enabled endpoint has not taken")
        overdue = _gauge("sending_overdue_seconds", "How long the one that waits longest could have been sent")
        for each in self._figures:
            for state, count in each.outbox.endpoints.items():
                where.add_metric([each.log, state], count)
            for state, count in each.outbox.sendings.items():
                kept.add_metric([each.log, state], count)
            age.add_metric([each.log], each.outbox.age_seconds)
            overdue.add_metric([each.log], each.outbox.overdue_seconds)
        yield from (where, kept, age, overdue)

    def _of_transactions(self) -> Iterator[Metric]:
        pending = _gauge("transactions_pending", "Nonces of which no transaction is mined")
        replaced = CounterMetricFamily(
            "crowdledger_transactions_replaced", "Transactions whose nonce another one took for good", labels=["log"]
        )
        for each in self._figures:
            pending.add_metric([each.log], each.pending)
            replaced.add_metric([each.log], each.replaced)
        yield from (pending, replaced)

    def _of_nodes(self) -> Iterator[Metric]:
        up = _gauge("node_up", "Whether a node of the chain is used", "node")
        lag = _gauge("node_lag_blocks", "Blocks by which a node is behind the best", "node")
        balance = _gauge("signer_balance_wei", "Coins of an account that the worker signs with", "role", "address")
        for each in self._figures:
            for node in each.report.nodes if each.report else ():
                up.add_metric([each.log, node.shown], not node.aside)
                if node.lag_blocks is not None:
                    lag.add_metric([each.log, node.shown], node.lag_blocks)
            for account in each.report.accounts if each.report else ():
                if account.balance is not None:
                    balance.add_metric([each.log, account.role, account.address], account.balance)
        yield from (up, lag, balance)

    def _of_worker(self) -> Iterator[Metric]:
        holder = _gauge("lease_holder_info", "The worker that leads, or led last", "holder")
        expires = _gauge("lease_expires_timestamp_seconds", "When the lease runs out")
        alarm = _gauge("alarm", "Whether an alarm is raised", "alarm")
        age = _gauge("worker_report_age_seconds", "Time since the worker last said how it is")
        for each in self._figures:
            if each.lease is not None:
                holder.add_metric([each.log, each.lease.holder], 1)
                expires.add_metric([each.log], each.lease.expires_ms / 1000)
            for name in ALARMS:
                alarm.add_metric([each.log, name], name in each.alarms)
            if each.report is not None:
                age.add_metric([each.log], max(0, self._now_ms - each.report.at_ms) / 1000)
        yield from (holder, expires, alarm, age)


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"crowdledger_{name}", words, labels=["log", *labels])
