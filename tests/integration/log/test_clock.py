"""A log that slept: time moves more than a day forward only on somebody's word."""

from __future__ import annotations

import pytest

from ledger.errors import ClockError
from ledger.log.writer import Clock, Writer, system_clock_ms
from ledger.statements.kinds import parse
from ledger.statements.values import time_ms
from tests.integration.log.conftest import LOG, OpenLog
from tests.unit.log.samples import DAY_MS


def ahead(milliseconds: int) -> Clock:
    return lambda: system_clock_ms() + milliseconds


async def test_an_idle_log_without_a_chain_goes_on_by_its_own_clock(log: OpenLog) -> None:
    """Entry 2 was written a moment ago; for the writers here that is more than a day."""
    slept = ahead(DAY_MS + 60_000)
    async with Writer(log.database, LOG, log.signer, clock=slept) as writer:
        writer.allow_writes()
        with pytest.raises(ClockError, match="more than a day after the last entry"):
            await writer.write(log.maker.submit("ann"))
        assert (await log.reader.head()).size == 3
    async with Writer(log.database, LOG, log.signer, clock=slept, own_clock=True) as writer:
        writer.allow_writes()
        written = await writer.write(log.maker.submit("ann"))
    assert written.index == 3
    assert time_ms(parse(written.statement).at) >= system_clock_ms() + DAY_MS
    async with Writer(log.database, LOG, log.signer, own_clock=True) as writer:
        writer.allow_writes()
        with pytest.raises(ClockError, match="the last entry is of"):  # its own clock may leap, but never go back
            await writer.write(log.maker.submit("ann"))


async def test_a_confirmed_time_lets_an_idle_log_go_on(log: OpenLog) -> None:
    async with Writer(log.database, LOG, log.signer, clock=ahead(3 * DAY_MS)) as writer:
        writer.allow_writes()
        writer.confirm_time(system_clock_ms() + DAY_MS)
        with pytest.raises(ClockError):
            await writer.write(log.maker.submit("ann"))
        writer.confirm_time(system_clock_ms() + 3 * DAY_MS)
        assert (await writer.write(log.maker.submit("ann"))).index == 3
