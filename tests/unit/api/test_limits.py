"""How many requests a key or a network may send: a minute's worth at once, told in headers, in bounded memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import limits
from api.limits import Buckets, Limits, network_of
from api.tracing import HEADERS
from ledger.errors import RateLimitedError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def request(token: str | None = None, address: str = "192.0.2.1", path: str = "/v1/entries") -> dict[str, Any]:
    headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    return {"path": path, "headers": headers, "client": (address, 1234), HEADERS: []}


def known(token: str) -> str | None:
    return token if token.startswith("good") else None


def told(scope: dict[str, Any]) -> str:
    found: bytes = dict(scope[HEADERS])[b"ratelimit"]
    return found.decode()


def test_a_minutes_worth_at_once_and_then_one_after_the_other() -> None:
    clock = Clock()
    buckets = Buckets("key", 60, clock)
    assert [buckets.take("a").granted for _ in range(61)] == [True] * 60 + [False]
    assert buckets.take("b").remaining == 59
    clock.now += 1
    assert [buckets.take("a").granted for _ in range(2)] == [True, False]
    clock.now += 60
    assert buckets.take("a") == (True, 59, 1.0)


def test_what_is_told() -> None:
    scope = request("good")
    Limits(120, 60, Clock()).charge(scope, known)
    assert dict(scope[HEADERS]) == {b"ratelimit-policy": b'"key";q=120;w=60', b"ratelimit": b'"key";r=119;t=1'}


def test_how_long_to_wait() -> None:
    clock = Clock()
    limited = Limits(60, 60, clock)
    for _ in range(60):
        limited.charge(request("good"), known)
    with pytest.raises(RateLimitedError) as raised:
        limited.charge(request("good"), known)
    assert raised.value.retry_after_seconds == 1
    clock.now += raised.value.retry_after_seconds
    limited.charge(request("good"), known)


def test_made_up_keys_have_no_bucket_of_their_own() -> None:
    limited = Limits(1000, 60, Clock())
    for number in range(60):
        limited.charge(request(f"bad{number}"), known)
    with pytest.raises(RateLimitedError, match="network"):
        limited.charge(request("bad"), known)
    with pytest.raises(RateLimitedError):
        limited.charge(request(), known)
    scope = request("good")
    limited.charge(scope, known)
    assert told(scope).startswith('"key";r=999')
    limited.charge(request(address="192.0.2.2"), known)


def test_the_same_network() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("unix") == "unix"


def test_who_watches_is_never_limited() -> None:
    limited = Limits(60, 60, Clock())
    for _ in range(200):
        scope = request(path="/ready")
        limited.charge(scope, known)
        assert scope[HEADERS] == []


def test_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_BUCKETS", 10)
    buckets = Buckets("address", 60, Clock())
    for number in range(1000):
        buckets.take(str(number))
    assert len(buckets._empty_until) == 10


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 40))
def test_never_more_than_the_limit_and_its_burst(pauses: list[float], limit: int) -> None:
    """In any stretch of time at most a bucket and what flowed in since are granted."""
    clock = Clock()
    buckets = Buckets("key", limit, clock)
    granted: list[float] = []
    for pause in pauses:
        clock.now += pause
        standing = buckets.take("a")
        assert 0 <= standing.remaining <= limit
        if standing.granted:
            granted.append(clock.now)
    for begin in range(len(granted)):
        for end in range(begin, len(granted)):
            flowed = limit * (1 + (granted[end] - granted[begin]) / limits.WINDOW_SECONDS)
            assert end - begin + 1 <= flowed + 1e-6
