from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.soundness import (
    LOOK_SECONDS,
    MOST_PAUSE_SECONDS,
    Seen,
    Standing,
    after_looks,
    choose,
    lag_blocks,
    nobody,
    pause,
)
from ledger.errors import ChainError, NodeError, WrongChainError

NAMES = ["a", "b", "c", "d"]
DOWN = NodeError("down")
LAG = 120.0

ages = st.floats(-500, 500, allow_nan=False)
looks = st.none() | ages.map(lambda age: Seen(7, age, 0.0)) | st.sampled_from([DOWN, WrongChainError("another")])
rounds = st.lists(st.lists(looks, min_size=4, max_size=4), min_size=1, max_size=6)


def judge(standings: list[Standing], found: list[Seen | ChainError | None], now: float) -> list[Standing]:
    looked = {
        place: Seen(look.block, look.age, now) if isinstance(look, Seen) else look
        for place, look in enumerate(found)
        if look is not None
    }
    return after_looks(standings, looked, NAMES, now=now, lag=LAG)


@given(rounds)
def test_what_holds_after_any_looks(told: list[list[Seen | ChainError | None]]) -> None:
    standings, current, now = [Standing()] * 4, None, 0.0
    for found in told:
        before, standings = standings, judge(standings, found, now)
        for place, (look, was, now_is) in enumerate(zip(found, before, standings, strict=True)):
            if look is None:
                assert now_is == was
            elif isinstance(look, ChainError):
                assert (now_is.failure, now_is.failures) == (look, was.failures + 1)
            assert now_is.failure is None or now_is.failures > 0 or place in range(4)
            assert now_is.look_at <= now + MOST_PAUSE_SECONDS
        seen = [look for look in found if isinstance(look, Seen)]
        if seen:  # whoever answers: somebody is sound, or a sound one was seen lately
            assert any(each.failure is None for each in standings)
        chosen = choose(standings, current)
        if chosen is not None:
            assert standings[chosen].failure is None
        if current is not None and standings[current].failure is None:
            assert chosen == current
        current, now = chosen, now + 1


@given(st.lists(ages, min_size=1, max_size=4))
def test_the_best_is_never_put_aside_and_whoever_lags_is(found: list[float]) -> None:
    standings = after_looks(
        [Standing()] * len(found),
        {place: Seen(1, age, 0.0) for place, age in enumerate(found)},
        NAMES,
        now=0.0,
        lag=LAG,
    )
    youngest = min([age for age in found if age >= -LAG] or found)
    for age, standing in zip(found, standings, strict=True):
        assert (standing.failure is None) == (abs(age - youngest) <= LAG)


def test_a_lone_node_is_compared_with_nobody() -> None:
    """A chain that stands still, or whose clock is not ours, such as a dev chain's."""
    for age in (10_000.0, -10_000.0):
        assert judge([Standing()], [Seen(1, age, 0.0)], 0.0)[0].failure is None


def test_a_node_from_the_future_makes_nobody_look_late() -> None:
    standings = judge([Standing()] * 3, [Seen(9, -3_600.0, 0.0), Seen(5, 4.0, 0.0), Seen(5, 8.0, 0.0)], 0.0)
    assert [each.failure is None for each in standings] == [False, True, True]
    assert "future" in str(standings[0].failure)


def test_a_node_that_is_aside_is_no_measure_for_others() -> None:
    """The best node broke down: the one that is behind is now the best there is, and is used."""
    first = judge([Standing()] * 2, [Seen(100, 1.0, 0.0), Seen(50, 300.0, 0.0)], 0.0)
    assert [each.failure is None for each in first] == [True, False]
    assert "299 s behind" in str(first[1].failure)
    then = judge(first, [DOWN, Seen(51, 299.0, 0.0)], 1.0)
    assert choose(then, 0) == 1
    assert lag_blocks(then, 1) == 0


def test_what_was_seen_long_ago_is_no_measure() -> None:
    """The chain stood still since: nobody lags."""
    first = judge([Standing()] * 2, [Seen(100, 1.0, 0.0), Seen(100, 1.0, 0.0)], 0.0)
    now = 3 * LOOK_SECONDS + LAG
    assert judge(first, [Seen(100, 1.0 + now, 0.0)], now)[0].failure is None


def test_pauses_grow_and_a_good_look_ends_them() -> None:
    standings, now = [Standing()], 0.0
    for failures in range(1, 12):
        standings = judge(standings, [DOWN], now)
        assert standings[0].look_at == now + pause(failures)
        now = standings[0].look_at
    pauses = [pause(failures) for failures in range(1, 40)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1.0, MOST_PAUSE_SECONDS)
    assert judge(standings, [Seen(1, 1.0, 0.0)], now)[0] == Standing(None, 0, now + LOOK_SECONDS, Seen(1, 1.0, now))


def test_the_error_of_nobody_tells_what_to_do() -> None:
    wrong = WrongChainError("The node at b serves chain 2.")
    assert nobody([Standing(failure=DOWN)]) is DOWN
    assert nobody([Standing(failure=wrong), Standing(failure=wrong)]) is wrong
    both = nobody([Standing(failure=DOWN), Standing(failure=wrong)])
    assert isinstance(both, NodeError)
    assert "down" in both.detail
    assert "serves chain 2" in both.detail
    assert "No RPC URL" in nobody([]).detail
