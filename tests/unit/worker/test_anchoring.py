"""When it is anchored: the plan, for any state of log, chain and market."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ledger.worker.anchoring import Waiting, is_late, plan_anchor
from ledger.worker.context import Pace

CAP = 1_000
NOW_MS = 1_700_000_000_000
DUE = {"age", "count", "request", "catching-up"}
PACE = Pace(
    anchor_interval=600,
    anchor_entries=100,
    settle_automatically=True,
    settle_interval=86_400,
    anchor_max_age=3_600,
    anchor_ceiling=50,
)
QUIET = Waiting(entries=1, anchored_ms=NOW_MS - 1_000, oldest_ms=NOW_MS - 500)

_MS = st.integers(NOW_MS - 10_000_000, NOW_MS + 10_000)
_WAITING = st.builds(
    Waiting,
    entries=st.integers(-5, 300),
    anchored_ms=_MS | st.just(0),
    oldest_ms=_MS,
    requested=st.booleans(),
    catching_up=st.booleans(),
    possible=st.booleans(),
)
_PRICE = st.none() | st.integers(0, 2 * CAP)
_CEILING = st.none() | st.integers(1, 2 * CAP)


@given(waiting=_WAITING, price=_PRICE, ceiling=_CEILING)
def test_it_is_anchored_only_with_a_cause_and_for_no_more_than_is_allowed(
    waiting: Waiting, price: int | None, ceiling: int | None
) -> None:
    pace = replace(PACE, anchor_ceiling=ceiling)
    plan = plan_anchor(waiting, pace, NOW_MS, price, CAP)
    assert plan.due == (plan.reason in DUE)
    assert plan.words
    if plan.due:
        assert waiting.possible
        assert waiting.entries > 0
        assert price is None or price <= CAP
        late = is_late(waiting.oldest_ms, pace, NOW_MS)
        assert late or price is None or ceiling is None or price <= ceiling
        assert (
            waiting.requested
            or waiting.catching_up
            or waiting.entries >= pace.anchor_entries
            or waiting.anchored_ms + 600_000 <= NOW_MS
        )


@given(waiting=_WAITING, ceiling=_CEILING)
def test_what_is_late_waits_for_nothing_but_the_cap(waiting: Waiting, ceiling: int | None) -> None:
    waiting = replace(waiting, entries=max(1, waiting.entries), oldest_ms=NOW_MS - 3_600_001, possible=True)
    pace = replace(PACE, anchor_ceiling=ceiling)
    cause = plan_anchor(waiting, pace, NOW_MS, None, CAP).due
    assert plan_anchor(waiting, pace, NOW_MS, CAP, CAP).due == cause
    over = plan_anchor(waiting, pace, NOW_MS, CAP + 1, CAP)
    assert (over.due, over.reason == "over-cap") == (False, cause)


@given(waiting=_WAITING, price=st.integers(0, 2 * CAP), ceiling=_CEILING)
def test_it_is_due_without_a_price_wherever_it_is_with_one(waiting: Waiting, price: int, ceiling: int | None) -> None:
    """The market is asked only once there is a cause."""
    pace = replace(PACE, anchor_ceiling=ceiling)
    if plan_anchor(waiting, pace, NOW_MS, price, CAP).due:
        assert plan_anchor(waiting, pace, NOW_MS, None, CAP).due


def test_each_cause_has_its_reason() -> None:
    def reason(waiting: Waiting, price: int | None = None) -> str:
        return plan_anchor(waiting, PACE, NOW_MS, price, CAP).reason

    assert reason(QUIET) == "waiting"
    assert reason(replace(QUIET, entries=0)) == "nothing"
    assert reason(replace(QUIET, entries=100)) == "count"
    assert reason(replace(QUIET, anchored_ms=NOW_MS - 600_000)) == "age"
    assert reason(replace(QUIET, anchored_ms=0)) == "age"
    assert reason(replace(QUIET, requested=True)) == "request"
    assert reason(replace(QUIET, catching_up=True)) == "catching-up"
    assert reason(replace(QUIET, possible=False, requested=True)) == "nobody"
    assert reason(replace(QUIET, requested=True), 50) == "request"
    assert reason(replace(QUIET, requested=True), 51) == "expensive"
    assert reason(replace(QUIET, requested=True), CAP + 1) == "over-cap"


def test_the_plan_tells_when_and_for_how_much() -> None:
    plan = plan_anchor(replace(QUIET, requested=True), PACE, NOW_MS, 51, CAP)
    assert (plan.at_ms, plan.fee, plan.ceiling, plan.entries) == (QUIET.anchored_ms + 600_000, 51, 50, 1)
    late = plan_anchor(replace(QUIET, requested=True, oldest_ms=0), PACE, NOW_MS, 51, CAP)
    assert (late.reason, late.ceiling) == ("request", None)
