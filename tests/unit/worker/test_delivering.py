"""What follows from how a sending went."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.outgoing.webhooks import Outcome
from ledger.worker.delivering.outcomes import Tried, sent_of, standing_after
from ledger.worker.delivering.rows import Endpoint, Happened, Job
from ledger.worker.delivering.schedule import (
    DELAYS_MS,
    FULL_PAUSE_MS,
    GIVE_UP_MS,
    JITTER,
    next_delay_ms,
    pause_ms,
    retry_after_seconds,
)

NOW = 1_790_000_000_000
HOUR = 3_600_000


def endpoint(failures: int = 0, failing_ms: int | None = None) -> Endpoint:
    return Endpoint("e", "https://x.example/", "p", (), 1, ("s",), 5, failures, failing_ms, NOW)


def tried(status: int | None, tries: int = 0, retry_after: str | None = None, at_ms: int = NOW) -> Tried:
    job = Job(Happened(7, "decision.made", NOW, "{}"), tries)
    return Tried(job, Outcome(status, "words", 3, retry_after), at_ms, 0)


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    hours = [delay / HOUR for delay in DELAYS_MS[3:]]
    assert DELAYS_MS[:3] == (5_000, 300_000, 1_800_000)
    assert hours == [2, 5, 10, 14, 20, 24]
    assert next_delay_ms(len(DELAYS_MS), 0) == 24 * HOUR
    assert next_delay_ms(len(DELAYS_MS) + 1, 0) is None


@given(st.integers(1, len(DELAYS_MS)), st.integers(0, JITTER))
def test_jitter_only_makes_later_and_never_by_more_than_a_tenth(tries: int, jitter: int) -> None:
    delay = next_delay_ms(tries, jitter)
    assert delay is not None
    assert DELAYS_MS[tries - 1] <= delay <= DELAYS_MS[tries - 1] * 11 // 10


@given(st.integers(0, 10**6), st.integers(0, 10**9) | st.none())
def test_pauses_grow_and_are_bounded(failures: int, wish: int | None) -> None:
    assert pause_ms(failures, wish) <= pause_ms(failures + 1, wish) <= HOUR
    assert pause_ms(failures) <= 300_000
    assert (pause_ms(failures) == 0) == (failures < 5)


def test_a_wish_to_wait() -> None:
    assert retry_after_seconds("120") == 120
    for text in (None, "", "-1", "1.5", "٣", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 10):
        assert retry_after_seconds(text) is None


def test_a_sending_after_each_kind_of_answer() -> None:
    for status in (200, 201, 204, 299):
        sent = sent_of(tried(status, 3))
        assert (sent.state, sent.tries, sent.next_ms, sent.status) == ("sent", 4, None, status)
    for answer in (100, 101, 199, 300, 400, 404, 429, 500, 503, None):
        sent = sent_of(tried(answer))
        assert (sent.state, sent.tries, sent.next_ms, sent.status) == ("waiting", 1, NOW + 5_000, answer)
    assert sent_of(tried(500, len(DELAYS_MS))).state == "dead"
    assert sent_of(tried(410)).state == "dead"
    assert sent_of(tried(410)).next_ms is None


def test_a_success_ends_the_failing() -> None:
    after = standing_after(endpoint(9, NOW - HOUR), [tried(500), tried(200)], 7, NOW)
    assert (after.failures, after.failing_ms, after.pause_ms, after.disabled) == (0, None, 0, None)


def test_failures_are_counted_from_the_first() -> None:
    after = standing_after(endpoint(), [tried(500, at_ms=NOW - 5), tried(None)], 7, NOW)
    assert (after.failures, after.failing_ms, after.pause_ms, after.disabled) == (2, NOW - 5, 0, None)
    later = standing_after(endpoint(4, NOW - 9), [tried(500)], 7, NOW)
    assert (later.failures, later.failing_ms, later.pause_ms) == (5, NOW - 9, NOW + 5_000)
    assert standing_after(endpoint(), [tried(503, retry_after="60")], 7, NOW).pause_ms == NOW + 60_000


def test_who_is_gone_or_long_away_is_disabled() -> None:
    assert standing_after(endpoint(), [tried(410)], 7, NOW).disabled == "It answered 410: it wants no more."
    away = standing_after(endpoint(30, NOW - GIVE_UP_MS), [tried(500)], 7, NOW)
    assert away.disabled is not None
    assert away.disabled.startswith("Nothing has arrived since 2026-")
    assert standing_after(endpoint(30, NOW - GIVE_UP_MS + 1), [tried(500)], 7, NOW).disabled is None
    assert standing_after(endpoint(30, NOW - GIVE_UP_MS), [], 7, NOW).disabled is None, "nothing was tried just now"


def test_an_endpoint_that_may_get_nothing_now_is_not_looked_at_again_at_once() -> None:
    assert standing_after(endpoint(), [], 5, NOW, FULL_PAUSE_MS).pause_ms == NOW + FULL_PAUSE_MS
    assert standing_after(endpoint(9), [tried(500)], 5, NOW, FULL_PAUSE_MS).pause_ms > NOW + FULL_PAUSE_MS
    assert standing_after(endpoint(), [], 6, NOW).pause_ms == 0
