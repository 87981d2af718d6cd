"""Batches to the writer: what cannot be written keeps its place among the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ledger.errors import CrowdLedgerError
from ledger.log.items import Item, Written
from ledger.log.writer import Writer

New = TypeVar("New")


async def write_each(
    writer: Writer, requests: Sequence[New | CrowdLedgerError], make: Callable[[New], Item]
) -> list[Written | CrowdLedgerError]:
    """Write every request that is right, in order; the results stand in the order of the requests."""
    results: list[Written | CrowdLedgerError | None] = []
    items: list[Item] = []
    for request in requests:
        made = request if isinstance(request, CrowdLedgerError) else _made(request, make)
        if isinstance(made, CrowdLedgerError):
            results.append(made)
        else:
            results.append(None)
            items.append(made)
    written = iter(await writer.write_many(items) if items else [])
    return [next(written) if result is None else result for result in results]


def _made(request: New, make: Callable[[New], Item]) -> Item | CrowdLedgerError:
    try:
        return make(request)
    except CrowdLedgerError as error:
        return error
