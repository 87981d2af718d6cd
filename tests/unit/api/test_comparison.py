"""Comparing again and again: what several nodes say of the log that they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api import comparison
from api.comparison import Comparison
from ledger.chain.contracts import AnchoredHead
from ledger.chain.deployments import Deployment
from ledger.errors import LogDivergedError, NodeError, UnavailableError
from ledger.log.never_fork import Heads
from ledger.tree import merkle

ROOTS = [merkle.root([merkle.leaf_hash(b"%d" % number) for number in range(size)]) for size in range(6)]
OURS, AHEAD, ELSE = AnchoredHead(3, ROOTS[3], 1), AnchoredHead(5, ROOTS[5], 1), AnchoredHead(2, ROOTS[3], 1)


class Log:
    """A log of four entries, and its gate."""

    def __init__(self) -> None:
        self.stopped: UnavailableError | None = None

    async def head(self) -> Any:
        return SimpleNamespace(size=4)

    async def log_keys(self) -> Any:
        return SimpleNamespace(has=lambda vkey: vkey == "ours")

    async def root_at(self, size: int) -> bytes:
        return ROOTS[size]

    def allow_writes(self) -> None:
        self.stopped = None

    def stop_writes(self, error: UnavailableError) -> None:
        self.stopped = error

    def confirm_time(self, confirmed_ms: int) -> None:
        """The clock is not what is asked about here."""


@pytest.mark.parametrize(
    ("said", "stops"),
    [
        ({"a": AHEAD}, True),
        ({"a": ELSE}, True),
        ({"a": AHEAD, "b": ELSE}, True),
        ({"a": None, "b": AHEAD}, True),
        ({"a": AHEAD, "b": OURS}, False),
        ({"a": OURS, "b": AHEAD}, False),
        ({"a": None, "b": None}, False),
    ],
)
async def test_writes_stop_once_all_nodes_that_answer_say_so(
    monkeypatch: pytest.MonkeyPatch, said: Mapping[str, AnchoredHead | None], stops: bool
) -> None:
    heads: dict[str, AnchoredHead | None] = dict.fromkeys(said, OURS)
    rounds = 0

    def read(urls: Sequence[str], deployment: Deployment) -> tuple[Any, AnchoredHead, int]:
        nonlocal rounds
        rounds += urls[0] == "a"
        head = heads[urls[0]]
        if head is None:
            raise NodeError("It does not answer.")
        return SimpleNamespace(vkey="ours"), head, 0

    monkeypatch.setattr(comparison, "_read", read)
    monkeypatch.setattr(comparison, "_AGAIN_SECONDS", 0.001)
    log = Log()
    made = Comparison(log, cast(Heads, log), cast(Deployment, object()), list(said))
    await made.run()
    assert (made.done, made.problem, log.stopped) == (True, None, None)
    heads.update(said)
    watching = asyncio.create_task(made.watch())
    if stops:
        await asyncio.wait_for(watching, 5)
        assert isinstance(log.stopped, LogDivergedError)
        assert made.problem is log.stopped
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(watching, 0.1)
    assert rounds > 1
    assert (made.problem, log.stopped) == (None, None)
