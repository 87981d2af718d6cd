"""Attempts are counted by address and in all, in a window that slides, in bounded memory."""

from __future__ import annotations

from contextlib import suppress

import pytest

from api.attempts import Attempts
from ledger.errors import TooManyError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_address_has_its_own_count_in_a_sliding_window() -> None:
    clock = Clock()
    attempts = Attempts(per_address=2, in_all=100, clock=clock)
    attempts.count("a")
    clock.now += 40
    attempts.count("a")
    attempts.count("b")
    with pytest.raises(TooManyError):
        attempts.count("a")
    clock.now += 21
    attempts.count("a")
    with pytest.raises(TooManyError):
        attempts.count("a")


def test_many_addresses_have_one_bound_together() -> None:
    clock = Clock()
    attempts = Attempts(per_address=2, in_all=5000, clock=clock)
    for number in range(5000):
        attempts.count(str(number))
    with pytest.raises(TooManyError):
        attempts.count("another")
    clock.now += 61
    attempts.count("another")


def test_a_refused_attempt_counts_nothing() -> None:
    clock = Clock()
    attempts = Attempts(per_address=1, in_all=2, clock=clock)
    attempts.count("a")
    for _ in range(10):
        with pytest.raises(TooManyError):
            attempts.count("a")
    attempts.count("b")


def test_a_network_of_ipv6_has_one_count() -> None:
    """Whoever has one address there has 2**64."""
    attempts = Attempts(per_address=2, in_all=100, clock=Clock())
    attempts.count("2001:db8:1:2::1")
    attempts.count("2001:db8:1:2:ffff::2%eth0")
    with pytest.raises(TooManyError):
        attempts.count("2001:db8:1:2::3")
    attempts.count("2001:db8:1:3::1")
    for number in range(2):
        attempts.count(f"::ffff:192.0.2.{number}")
        attempts.count(f"192.0.2.{number}")
        with pytest.raises(TooManyError):
            attempts.count(f"192.0.2.{number}")


def test_what_is_refused_costs_no_memory_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.attempts._ADDRESSES", 10)
    attempts = Attempts(per_address=2, in_all=5, clock=Clock())
    for number in range(100):
        with suppress(TooManyError):
            attempts.count(str(number))
    assert len(attempts._by_address) <= 10
