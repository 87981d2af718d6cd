"""What the demo found, for people and as one JSON object."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from ledger.demo.cheating import Turned
from ledger.demo.gas import Gas
from ledger.demo.planting import Planted


@dataclass(slots=True)
class Summary:
    """The figures of a run. Amounts are base units; ``phases`` are seconds by step, in their order.

    ``figures`` are those of the campaign's type, ``said`` the same in words, ``checks`` what must hold of them.
    """

    campaign: str
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
    planted: Planted | None = None
    turned: Turned | None = None
    gas: dict[str, Gas] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    said: list[tuple[str, str]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What should hold and does not, in words; empty after a good run."""
        checks = {
            "the audit of the honest log did not pass": self.audit == "pass",
            "not everything that was awarded was paid": self.awarded_total == self.paid_total,
            "the last entries are not anchored": self.anchored_size == self.entries,
            "an activation before its delay was possible": bool(self.early_activation) or not self.awarded_total,
            "a claim before the activation was possible": bool(self.early_claim) or not self.awarded_total,
            **self._tampering_checks(),
            **self._planting_checks(),
            **self.checks,
        }
        return [words for words, holds in checks.items() if not holds]

    def _tampering_checks(self) -> dict[str, bool]:
        turned = self.turned
        if turned is None:
            return {}
        low, high = turned.named_range or [0, -1]
        return {
            "the audit of the tampered log passed": turned.verdict == "fail",
            "the audit did not name the changed entry": turned.named_entry == turned.turned_entry,
            "the audit did not name the range of anchors": low <= turned.turned_entry < high,
        }

    def _planting_checks(self) -> dict[str, bool]:
        planted = self.planted
        if planted is None:
            return {}
        return {
            "the wrong settlement was not stopped": planted.end == "vetoed",
            "the watchman did not name the rule that the wrong award breaks": planted.rule not in ("", "none"),
            "the watchman did not say what the log awards": planted.awarded == self.awarded_total,
        }

    def to_json(self) -> str:
        """One line; amounts as decimal strings. The figures of the type stand beside the others."""
        apart = ("gas", "phases", "seconds", "figures", "said", "checks", "planted", "turned")
        members: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in apart}
        members |= {"awarded_total": str(self.awarded_total), "paid_total": str(self.paid_total)}
        if self.planted is not None:
            members["planted"] = self.planted.members()
        if self.turned is not None:
            members["tampered_audit"] = self.turned.verdict
            members["tampered_entry"] = self.turned.named_entry
            members["tampered_range"] = self.turned.named_range
        members |= self.figures
        members["gas"] = {kind: gas.members() for kind, gas in self.gas.items()}
        members["phases"] = {name: round(seconds, 3) for name, seconds in self.phases.items()}
        members["seconds"] = round(self.seconds, 3)
        return json.dumps(members, ensure_ascii=False)

    def show(self, console: Console) -> None:
        """The table at the end."""
        table = Table(title=f"What happened ({self.campaign})", show_header=False, title_justify="left")
        table.add_column(style="bold")
        table.add_column()
        for name, value in self._rows():
            table.add_row(name, value)
        console.print(table)
        for words in self.problems():
            console.print(f"[bold red]Not as it should be:[/] {words}.")

    def _rows(self) -> list[tuple[str, str]]:
        gas = ", ".join(f"{each.per_item:,} {_unit(kind)}" for kind, each in self.gas.items())
        phases = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.phases.items())
        return [
            (
                "recorded",
                f"{self.contributions:,} contributions of {self.contributors} people, {self.questions:,} questions",
            ),
            ("decided", f"{self.decisions:,}, {self.by_person:,} of them by a person; {self.accepted:,} accepted"),
            *self.said,
            ("log", f"{self.entries:,} entries, {self.anchored_size:,} anchored in {self.anchors} anchors"),
            ("paid", f"{tokens(self.paid_total)} of {tokens(self.awarded_total)} tokens to {self.claims} accounts"),
            ("too early", f"activation: {self.early_activation or 'none'}; claim: {self.early_claim or 'none'}"),
            *self._wrong_award(),
            ("outside audit", f"{self.audit}; {self.receipts_verified} receipts verified without the service"),
            *self._tampering(),
            ("gas", gas),
            ("seconds", f"{self.seconds:.1f} in all: {phases}"),
        ]

    def _wrong_award(self) -> list[tuple[str, str]]:
        planted = self.planted
        if planted is None:
            return []
        words = (
            f"a proposal of {tokens(planted.claimed)} tokens where the log awards {tokens(planted.awarded)}; "
            f"the guardian's watchman: {planted.end}. {planted.words}"
        )
        return [("a wrong award", words)]

    def _tampering(self) -> list[tuple[str, str]]:
        turned = self.turned
        if turned is None:
            return []
        low, high = turned.named_range or [-1, -1]
        words = (
            f"{turned.verdict}: entry {turned.named_entry} differs from the mirror; "
            f"by the chain alone it lies between the anchors of {low:,} and {high:,} entries"
        )
        return [("after tampering", words)]


def _unit(kind: str) -> str:
    return {"anchor": "an entry anchored", "propose": "a settlement", "claim": "a claim"}[kind]


def tokens(units: int) -> str:
    """Base units of a token with 18 decimals, exactly."""
    whole, rest = divmod(units, 10**18)
    return f"{whole:,}" + (f".{rest:018d}".rstrip("0") if rest else "")
