"""What a method of consensus is: named, versioned, fit for a statement, blind to the order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ledger.consensus.answers import MILLION, Answer, Votes
from ledger.errors import FieldError

Gold = Mapping[str, str]
"""Task -> the label that is known to be right."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a method makes of all answers. A task without a single best label is in ``labels`` not at all.

    ``confidence`` is by task, ``reliability`` by contributor, both in millionths.
    """

    labels: dict[str, str]
    confidence: dict[str, int]
    reliability: dict[str, int] = field(default_factory=dict)


class Method(Protocol):
    """A way to find the answer of a task from the answers of many.

    ``kind``, ``name``, ``version`` and ``parameters`` are what ``decision.made`` records. ``local`` says that a task's
    label and confidence depend on that task's own answers alone: an erased answer then spoils that task only.
    """

    @property
    def kind(self) -> Literal["consensus", "gold"]: ...

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def parameters(self) -> dict[str, str]: ...

    @property
    def local(self) -> bool: ...

    def judge(self, answers: Sequence[Answer], gold: Gold) -> Outcome: ...


def smoothed(right: int, answered: int) -> int:
    """Laplace's rule of succession, (right + 1) / (answered + 2), in millionths, rounded down."""
    return (right + 1) * MILLION // (answered + 2)


def agreement_with(votes: Votes, labels: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Contributor -> (votes that equal the task's label, votes on tasks that have one), for all who voted."""
    found: dict[str, tuple[int, int]] = {}
    for task, by_contributor in votes.items():
        known = labels.get(task)
        for contributor, label in by_contributor.items():
            right, answered = found.get(contributor, (0, 0))
            if known is not None:
                right, answered = right + (label == known), answered + 1
            found[contributor] = (right, answered)
    return dict(sorted(found.items()))


def single_best(weights: Mapping[str, int]) -> str | None:
    """The label with the greatest weight, None if there is none above zero or several are equal."""
    best = max(weights.values(), default=0)
    winners = [label for label, weight in weights.items() if weight == best]
    return winners[0] if best > 0 and len(winners) == 1 else None


def whole_number(parameters: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """The parameter ``name`` as an integer. Raises FieldError outside [least, most] or for anything but digits."""
    text = parameters.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise FieldError(
            f"The parameter {name} is {text!r}.",
            field=f"parameters.{name}",
            remedy=f"Give a whole number from {least} to {most}.",
        )
    return int(text)


def refuse_unknown(parameters: Iterable[str], known: Iterable[str], method: str) -> None:
    """Raises FieldError for a parameter that the method does not have."""
    names = sorted(known)
    for name in parameters:
        if name not in names:
            raise FieldError(
                f"The method {method} has no parameter {name!r}.",
                field=f"parameters.{name}",
                remedy=f"It takes {', '.join(names)}." if names else "It takes none.",
            )
