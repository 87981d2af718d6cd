"""What the demo found, for people and as one JSON object."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from ledger.demo.gas import Gas


@dataclass(slots=True)
class Summary:
    """The figures of a run. Amounts are base units; ``phases`` are seconds by step, in their order."""

    questions: int = 0
    contributions: int = 0
    decisions: int = 0
    by_person: int = 0
    accepted: int = 0
    contributors: int = 0
    entries: int = 0
    anchored_size: int = 0
    anchors: int = 0
    settlements: int = 0
    awarded_total: int = 0
    paid_total: int = 0
    claims: int = 0
    early_activation: str = ""
    early_claim: str = ""
    receipts_verified: int = 0
    audit: str = ""
    tampered_audit: str = ""
    turned_entry: int = -1
    """The entry that the cheating operator changed; the audit has to find it by itself."""
    tampered_entry: int | None = None
    tampered_range: list[int] | None = None
    gas: dict[str, Gas] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def problems(self) -> list[str]:
        """What should hold and does not, in words; empty after a good run."""
        low, high = self.tampered_range or [0, -1]
        checks = {
            "the audit of the honest log did not pass": self.audit == "pass",
            "the audit of the tampered log passed": self.tampered_audit == "fail",
            "the audit did not name the changed entry": self.tampered_entry == self.turned_entry,
            "the audit did not name the range of anchors": low <= self.turned_entry < high,
            "not everything that was awarded was paid": self.awarded_total == self.paid_total,
            "the last entries are not anchored": self.anchored_size == self.entries,
            "not every answer was recorded and decided": self.contributions == self.decisions,
            "an activation before its delay was possible": bool(self.early_activation) or not self.accepted,
            "a claim before the activation was possible": bool(self.early_claim) or not self.accepted,
        }
        return [words for words, holds in checks.items() if not holds]

    def to_json(self) -> str:
        """One line; amounts as decimal strings."""
        members: dict[str, Any] = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("gas", "turned_entry")
        }
        members["awarded_total"] = str(self.awarded_total)
        members["paid_total"] = str(self.paid_total)
        members["gas"] = {kind: gas.members() for kind, gas in self.gas.items()}
        members["phases"] = {name: round(seconds, 3) for name, seconds in self.phases.items()}
        members["seconds"] = round(self.seconds, 3)
        return json.dumps(members)

    def show(self, console: Console) -> None:
        """The table at the end."""
        table = Table(title="What happened", show_header=False, title_justify="left")
        table.add_column(style="bold")
        table.add_column()
        for name, value in self._rows():
            table.add_row(name, value)
        console.print(table)
        for words in self.problems():
            console.print(f"[bold red]Not as it should be:[/] {words}.")

    def _rows(self) -> list[tuple[str, str]]:
        low, high = self.tampered_range or [-1, -1]
        gas = ", ".join(f"{each.per_item:,} {_unit(kind)}" for kind, each in self.gas.items())
        phases = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.phases.items())
        return [
            ("recorded", f"{self.contributions:,} answers of {self.contributors} people to {self.questions} questions"),
            ("decided", f"{self.decisions:,}, {self.by_person:,} of them by a person; {self.accepted:,} accepted"),
            ("log", f"{self.entries:,} entries, {self.anchored_size:,} anchored in {self.anchors} anchors"),
            ("paid", f"{_tokens(self.paid_total)} of {_tokens(self.awarded_total)} tokens to {self.claims} accounts"),
            ("too early", f"activation: {self.early_activation or 'none'}; claim: {self.early_claim or 'none'}"),
            ("outside audit", f"{self.audit}; {self.receipts_verified} receipts verified without the service"),
            (
                "after tampering",
                f"{self.tampered_audit}: entry {self.tampered_entry} differs from the mirror; "
                f"by the chain alone it lies between the anchors of {low:,} and {high:,} entries",
            ),
            ("gas", gas),
            ("seconds", f"{self.seconds:.1f} in all: {phases}"),
        ]


def _unit(kind: str) -> str:
    return {"anchor": "an entry anchored", "propose": "a settlement", "claim": "a claim"}[kind]


def _tokens(units: int) -> str:
    """Base units of a token with 18 decimals, exactly."""
    whole, rest = divmod(units, 10**18)
    return f"{whole:,}" + (f".{rest:018d}".rstrip("0") if rest else "")
