"""What the chain's writes cost, read from the chain as anybody can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.chain import anchors
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import Node


@dataclass(frozen=True, slots=True)
class Gas:
    """Gas of all transactions of one kind; ``items`` are the entries anchored, settlements proposed or claims paid."""

    transactions: int
    items: int
    total: int

    @property
    def per_item(self) -> int:
        """Gas for each item, rounded down."""
        return self.total // max(self.items, 1)

    def members(self) -> dict[str, int]:
        """As the summary shows it."""
        return {
            "total": self.total,
            "per_item": self.per_item,
            "items": self.items,
            "transactions": self.transactions,
        }


def gas_used(node: Node, deployment: Deployment) -> dict[str, Gas]:
    """Gas of anchors, proposals and claims since the log was opened."""
    end = node.block("latest").number
    anchored = anchors.anchor_events(node, deployment.contribution_log, deployment.log_id, deployment.block, end)
    pool = anchors.pool_events(node, deployment.pool, deployment.block, end)
    proposed = [event for event in pool.settlements if event.kind == "proposed"]
    return {
        "anchor": _gas(node, (event.place.transaction for event in anchored), anchored[-1].size if anchored else 0),
        "propose": _gas(node, (event.place.transaction for event in proposed), len(proposed)),
        "claim": _gas(node, (event.place.transaction for event in pool.claims), len(pool.claims)),
    }


def _gas(node: Node, transactions: Iterable[str], items: int) -> Gas:
    receipts = [node.receipt(transaction) for transaction in dict.fromkeys(transactions)]
    return Gas(len(receipts), items, sum(receipt.gas_used for receipt in receipts if receipt is not None))
