"""The lease is kept in the middle of what takes long: a settlement's tree, the questions to a slow node."""

from __future__ import annotations

import threading
import time

import pytest

from ledger.chain.nodes import Nodes
from ledger.errors import NodeError, UnavailableError
from ledger.worker.real.chain import NodesChain
from ledger.worker.real.clock import ThreadWork
from tests.unit.worker.sending_rows import Rows
from tests.unit.worker.sending_stage import Stage, done


async def test_long_work_keeps_the_lease_and_short_work_does_not_ask() -> None:
    kept = 0
    enough = threading.Event()

    async def keep() -> None:
        nonlocal kept
        kept += 1
        if kept == 3:
            enough.set()

    work = ThreadWork(keep, 0.01)
    assert await work.run(enough.wait, timeout=10)
    assert kept >= 3
    kept = 0
    assert await ThreadWork(keep, 10).run(lambda number: number + 1, 1) == 2
    assert kept == 0


async def test_a_lost_lease_is_told_once_the_work_has_ended() -> None:
    ended = False

    def work() -> None:
        nonlocal ended
        time.sleep(0.1)
        ended = True

    async def lose() -> None:
        raise UnavailableError("Another worker leads by now.")

    with pytest.raises(UnavailableError):
        await ThreadWork(lose, 0.01).run(work)
    assert ended


async def test_every_question_to_a_node_keeps_the_lease_first() -> None:
    kept = 0

    async def keep() -> None:
        nonlocal kept
        kept += 1

    nodes = Nodes(["http://127.0.0.1:1"], 1)
    chain = NodesChain(nodes, Stage().context().deployment, keep=keep)
    for ask in (chain.block("latest"), chain.balance("0x" + "11" * 20), chain.line()):
        with pytest.raises(NodeError):
            await ask
    assert kept == 3
    chain.close()


class LeaseRows(Rows):
    """Counts renewals; ``leads`` is whether they are granted."""

    def __init__(self) -> None:
        super().__init__()
        self.renewed = 0
        self.leads = True

    async def hold(self, holder: str, token: int, now_ms: int, seconds: float) -> int:
        self.renewed += 1
        return token * self.leads


def test_the_lease_is_renewed_once_a_third_of_it_is_over() -> None:
    stage = Stage()
    context, rows = stage.context(), LeaseRows()
    context.rows = rows  # type: ignore[assignment]  # the part of them that is asked
    done(context.keep())
    assert rows.renewed == 0  # it does not take what it does not hold
    context.token = 7
    done(context.renew())
    for seconds, renewed in ((1, 1), (3, 1), (2, 2), (4, 2), (60, 3)):
        stage.clock.ms += seconds * 1000
        done(context.keep())
        assert rows.renewed == renewed
    rows.leads = False
    stage.clock.ms += 60_000
    with pytest.raises(UnavailableError):
        done(context.keep())
    done(context.keep())  # what is lost is not taken again in the middle of a step
    assert rows.renewed == 4


async def test_a_long_question_keeps_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = threading.Semaphore(0)

    async def keep() -> None:
        kept.release()

    nodes = Nodes(["http://127.0.0.1:1"], 1)
    monkeypatch.setattr(nodes, "connect", lambda: [kept.acquire(timeout=10) for _ in range(2)])
    await NodesChain(nodes, Stage().context().deployment, keep=keep).connect()
    nodes.close()
