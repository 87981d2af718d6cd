"""Rows of anchors, and how far the chain was read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, update

from ledger.db.tables import anchors, chain_cursor
from ledger.worker.ports import AnchorRow
from ledger.worker.real.stored.base import LeasedRows


class AnchorRows(LeasedRows):
    """See ``ports.Rows``."""

    async def last_final_anchor(self) -> tuple[int, dict[str, int]]:
        """See ``ports.Rows``."""
        query = select(
            anchors.c.log_id, func.max(anchors.c.size).label("size"), func.max(anchors.c.block).label("block")
        )
        final = self._of_chain(anchors, finalized=True)
        rows = await self._all(query.where(final).group_by(anchors.c.log_id))
        return max((row.size for row in rows), default=0), {row.log_id: row.block for row in rows}

    async def loose_anchors(self) -> list[AnchorRow]:
        """See ``ports.Rows``."""
        query = select(anchors).where(self._of_chain(anchors, finalized=False)).order_by(anchors.c.size)
        return [
            AnchorRow(
                size=row.size,
                root=bytes(row.root),
                transaction=row.tx,
                block=row.block,
                log_id=row.log_id,
                finalized=False,
            )
            for row in await self._all(query)
        ]

    async def replace_loose_anchors(self, rows: Sequence[AnchorRow]) -> None:
        """See ``ports.Rows``."""
        values = [
            self._chain_key
            | {"contract": self._deployment.contribution_log, "log_id": row.log_id, "size": row.size, "root": row.root}
            | {"tx": row.transaction, "block": row.block, "finalized": row.finalized}
            for row in rows
        ]
        async with self._writing() as connection:
            await connection.execute(delete(anchors).where(self._of_chain(anchors, finalized=False)))
            if values:
                await connection.execute(insert(anchors), values)

    async def cursor(self) -> tuple[int, int | None, str | None] | None:
        """See ``ports.Rows``."""
        rows = await self._all(select(chain_cursor).where(self._of_chain(chain_cursor)))
        return (rows[0].block, rows[0].block_ms, rows[0].block_hash) if rows else None

    async def move_cursor(self, block: int, block_ms: int | None, block_hash: str | None) -> None:
        """See ``ports.Rows``."""
        values = {"block": block, "block_ms": block_ms, "block_hash": block_hash}
        async with self._writing() as connection:
            moved = await connection.execute(update(chain_cursor).where(self._of_chain(chain_cursor)).values(values))
            if moved.rowcount == 0:
                await connection.execute(insert(chain_cursor).values(self._chain_key | values))
