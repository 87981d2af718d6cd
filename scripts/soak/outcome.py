"""What a run came to, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from scripts.soak.faults import Faults
from scripts.soak.load import AMOUNT, Load
from scripts.soak.scene import Processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``disagreements`` by check, each empty where all agrees; the counts are of the whole run."""

    seed: int
    seconds: int
    contributions: int
    people: int
    campaigns: int
    settlements: int
    claims: int
    paid: int
    """Base units."""
    lives: dict[str, int]
    """How often each process was started."""
    faults: dict[str, int]
    tries_again: dict[str, int]
    disagreements: dict[str, list[str]]

    @property
    def agrees(self) -> bool:
        """Whether everything agrees."""
        return not any(self.disagreements.values())

    def members(self) -> dict[str, Any]:
        """As JSON."""
        names = ("seed", "seconds", "contributions", "people", "campaigns", "settlements", "claims", "lives", "faults")
        values = {name: getattr(self, name) for name in names}
        return values | {
            "paid": str(self.paid),
            "tries_again": self.tries_again,
            "disagreements": self.disagreements,
            "agrees": self.agrees,
        }

    def words(self) -> str:
        """For people."""
        lines = [
            f"Seed {self.seed}, {self.seconds} s: {self.contributions} contributions of {self.people} people in "
            f"{self.campaigns} campaigns, {self.settlements} settlements, {self.claims} claims, {self.paid} paid.",
            f"Faults: {_counts(self.faults)}. Calls made again: {_counts(self.tries_again)}.",
            f"Lives: {_counts(self.lives)}.",
        ]
        for check, found in self.disagreements.items():
            lines.append(f"{'AGREES' if not found else 'DIFFERS'}  {check}")
            lines += [f"         {each}" for each in found[:20]]
        return "\n".join(lines)


def outcome_of(
    seed: int, seconds: float, faults: Faults, load: Load, processes: Processes, found: dict[str, list[str]]
) -> Outcome:
    """The outcome of a run that came to its end."""
    return Outcome(
        seed=seed,
        seconds=round(seconds),
        contributions=load.done.contributions,
        people=len(load.people),
        campaigns=len(load.done.campaigns),
        settlements=sum(1 for _ in load.client.settlements()),
        claims=len(load.done.claims),
        paid=sum(load.done.accepted.values()) * AMOUNT,
        lives={each.name: each.lives for each in processes.every},
        faults=_sorted(faults.count),
        tries_again=_sorted(load.done.tries),
        disagreements=found,
    )


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
