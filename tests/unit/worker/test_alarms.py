"""What is an alarm: nodes that all serve another chain, and a proposal into a pool that the book has no campaign of."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ledger.book.fold import Book
from ledger.chain.contracts import AnchoredHead
from ledger.chain.nodes import NodeHealth
from ledger.errors import CrowdLedgerError, NodeError, TransactionError, WrongChainError, WrongContractError
from ledger.worker.context import Context
from ledger.worker.reporting import Reporting
from ledger.worker.settling import Settling


def alarms(failure: CrowdLedgerError | None, *aside: str) -> tuple[str, ...]:
    nodes = [NodeHealth(shown=f"https://n{number}", aside=each) for number, each in enumerate(aside)]
    context: Any = SimpleNamespace(chain=SimpleNamespace(health=lambda: nodes))
    parts: Any = SimpleNamespace(plan=None, wrong=False, refused=False, failing=False, found_altered=False)
    return Reporting(context, parts, parts, parts, parts)._alarms(failure, late=False, stuck=False)


@pytest.mark.parametrize("failure", [NodeError("gone"), WrongChainError("another"), WrongContractError("none of ours")])
def test_without_a_sound_node_there_is_an_alarm_whatever_is_wrong_with_them(failure: CrowdLedgerError) -> None:
    assert alarms(failure, "wrong", "wrong") == ("no-node",)
    assert alarms(failure, "wrong") == ("no-node",)
    assert alarms(failure, "wrong", "") == ("node-aside",)
    assert alarms(None, "", "") == ()
    assert alarms(TransactionError("no", reason="low-balance"), "") == ("low-balance",)


@pytest.mark.parametrize("number", [0, 1])
def test_a_proposal_into_a_pool_without_campaigns_is_wrong(number: int) -> None:
    async def pending() -> Any:
        return SimpleNamespace(number=number, proposal="0x" + "ab" * 32)

    async def finish(names: list[str], words: str) -> None:
        assert not names

    requests: Any = SimpleNamespace(ready=lambda kind, anchored: [], finish=finish)
    context = SimpleNamespace(book=Book(), pool=(1, "0x" + "11" * 20), chain=SimpleNamespace(pending=pending))
    settling = Settling(cast(Context, context), cast(Any, None), requests)
    asyncio.run(settling.settle(AnchoredHead(0, bytes(32), 0), cast(Any, None)))
    assert settling.wrong == (number > 0)
