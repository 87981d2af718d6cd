"""What a campaign has cost on the chain: sums of the worker's rows, in whole wei."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from api.reads import Reads
from ledger.db.tables import costs
from ledger.wire import CostLine


async def cost_lines(reads: Reads, chain_id: int, campaign: str) -> list[CostLine]:
    """The costs of a campaign by kind of transaction, in the order of the kinds' names. Wei are text: Python adds."""
    c = costs.c
    query = select(c.intent, c.gas, c.wei).where(c.log == reads.log, c.chain_id == chain_id, c.campaign == campaign)
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in await reads.all(query):
        found[row.intent.partition(":")[0]].append((row.gas, int(row.wei)))
    return [
        CostLine(
            intent=intent, transactions=len(some), gas=sum(gas for gas, _ in some), wei=str(sum(wei for _, wei in some))
        )
        for intent, some in sorted(found.items())
    ]
