"""A figure: what one row of the table was measured to cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.gas import floor
from scripts.gas.lab import Sent


@dataclass(frozen=True, slots=True)
class Measured:
    """Gas of all transactions of a row, for ``items`` claims, contributions or the like.

    ``floor`` is the computed floor of the same transactions. ``bound`` says whether the data's least price (EIP-7623)
    was what the transactions paid. ``transactions`` are there for a profile.
    """

    key: str
    gas: int
    items: int = 1
    floor: int | None = None
    bound: bool = False
    transactions: tuple[str, ...] = ()

    @property
    def each(self) -> int:
        """Gas for each item, rounded up."""
        return -(-self.gas // self.items)

    @property
    def floor_each(self) -> int | None:
        """The floor for each item, rounded down."""
        return None if self.floor is None else self.floor // self.items


def measured(key: str, sent: Sequence[Sent], items: int = 1, floors: Sequence[int] = ()) -> Measured:
    """The figure of some transactions; ``floors`` are theirs, or empty where none is computed."""
    return Measured(
        key,
        sum(each.gas for each in sent),
        items,
        sum(floors) if floors else None,
        any(each.gas == floor.least(each) for each in sent),
        tuple(each.transaction for each in sent),
    )
