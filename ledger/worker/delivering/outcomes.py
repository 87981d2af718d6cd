"""What follows from how a sending went: for it, and for its endpoint. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.outgoing.webhooks import Outcome
from ledger.statements.values import format_time
from ledger.worker.delivering.rows import Endpoint, Job, Sent, Standing
from ledger.worker.delivering.schedule import GIVE_UP_MS, next_delay_ms, pause_ms, retry_after_seconds


@dataclass(frozen=True, slots=True)
class Tried:
    """A try, when it ended, and the random hundredths by which the next may be later."""

    job: Job
    outcome: Outcome
    at_ms: int
    jitter: int


def sent_of(tried: Tried) -> Sent:
    """The sending after a try: sent, waiting for the next one, or dead after the last one (or 410)."""
    outcome, tries = tried.outcome, tried.job.tries + 1
    delay = None if outcome.arrived or outcome.gone else next_delay_ms(tries, tried.jitter)
    return Sent(
        event=tried.job.event.number,
        state="sent" if outcome.arrived else "dead" if delay is None else "waiting",
        tries=tries,
        next_ms=None if delay is None else tried.at_ms + delay,
        status=outcome.status,
        words=outcome.words,
        took_ms=outcome.took_ms,
    )


def standing_after(
    endpoint: Endpoint, tried: Sequence[Tried], cursor: int, now_ms: int, least_pause_ms: int = 0
) -> Standing:
    """The endpoint after these tries: left alone for a while where it fails, disabled where it is gone or long away."""
    failures, failing_ms, wish, disabled = endpoint.failures, endpoint.failing_ms, None, None
    for each in tried:
        if each.outcome.arrived:
            failures, failing_ms, wish = 0, None, None
            continue
        failures += 1
        failing_ms = each.at_ms if failing_ms is None else failing_ms
        wish = retry_after_seconds(each.outcome.retry_after)
        if each.outcome.gone:
            disabled = "It answered 410: it wants no more."
    if tried and failing_ms is not None and now_ms - failing_ms >= GIVE_UP_MS:
        disabled = disabled or f"Nothing has arrived since {format_time(failing_ms)}."
    pause = max(least_pause_ms, pause_ms(failures, wish) if failures else 0)
    return Standing(cursor, failures, failing_ms, now_ms + pause if pause else 0, disabled)
