"""Measuring two things in turn, and the rows of the table: medians of rounds, ratios within one run.

A row's ratio is the median of its rounds' ratios. Yardstick and ours follow each other in every round, so what the
machine does besides hits both alike.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Sense = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a row's ratio is to reach."""

    sense: Sense
    ratio: float

    def met_by(self, ratio: float) -> bool:
        """Whether the ratio reaches it."""
        return ratio >= self.ratio if self.sense == "at least" else ratio <= self.ratio

    def __str__(self) -> str:
        return f"{'>=' if self.sense == 'at least' else '<='} {self.ratio:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``ours`` and ``yardstick`` are medians in ``unit``, ``rounds`` each round's ratio.

    ``inverted``: the ratio says how many times quicker ours is, from two times that are spent.
    """

    key: str
    measure: str
    against: str
    unit: str
    ours: float
    yardstick: float
    ratio: float
    rounds: tuple[float, ...]
    reach: Reach | None = None
    notes: dict[str, float | int | str] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the reach is met; None where there is none."""
        return None if self.reach is None else self.reach.met_by(self.ratio)

    def members(self) -> dict[str, object]:
        """The row for the JSON file."""
        return {
            "key": self.key,
            "measure": self.measure,
            "yardstick_is": self.against,
            "unit": self.unit,
            "ours": self.ours,
            "yardstick": self.yardstick,
            "ratio": self.ratio,
            "rounds": list(self.rounds),
            "reach": None if self.reach is None else str(self.reach),
            "met": self.met,
            "notes": self.notes,
        }


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the rounds gave: one number of ours and one of the yardstick's a round."""

    ours: tuple[float, ...]
    yardstick: tuple[float, ...]

    def row(
        self,
        key: str,
        measure: str,
        against: str,
        unit: str,
        reach: Reach | None,
        *,
        times_quicker: bool = False,
        **notes: float | int | str,
    ) -> Row:
        """The row of these rounds; ``times_quicker`` divides the yardstick by ours."""
        pairs = zip(self.ours, self.yardstick, strict=True)
        ratios = tuple(theirs / ours if times_quicker else ours / theirs for ours, theirs in pairs)
        return Row(
            key,
            measure,
            against,
            unit,
            statistics.median(self.ours),
            statistics.median(self.yardstick),
            statistics.median(ratios),
            ratios,
            reach,
            notes,
        )


def interleaved(rounds: int, yardstick: Callable[[], float], ours: Callable[[], float]) -> Pairs:
    """Call both once a round, in turn: yardstick, ours, yardstick, ours ..."""
    pairs = [(yardstick(), ours()) for _ in range(rounds)]
    return Pairs(tuple(ours for _, ours in pairs), tuple(theirs for theirs, _ in pairs))


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one a line."""
    head = ("measure", "ours", "yardstick", "", "ratio", "reach", "met")
    lines = [head, *map(_cells, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    text = []
    for line in lines:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: ""}[row.met]
    reach = "" if row.reach is None else str(row.reach)
    return row.measure, _figure(row.ours), _figure(row.yardstick), row.unit, _figure(row.ratio), reach, met


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.1f}"
