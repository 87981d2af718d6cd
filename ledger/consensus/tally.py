"""Results that anybody can count again: a document with every entry it was made from, and what they add up to.

``{"method","tally","entries":[{"contribution","value"}]}``, entries in the order of the log; a labels entry names its
task too. ``count`` is all there is to counting: who has the entries has the tally. By method:

- ``tally``: value is the answer; ``{answer: how often}``;
- ``labels``: value is the answer; ``{task: {"label", "votes", "answers"}}`` with the most frequent one, null in a tie;
- ``ranking``: value is the score; ``[{"contribution", "place"}]``, best first, equal scores share a place (1, 2, 2, 4);
- ``assembly``: value is the whole content; the number of parts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ledger.consensus.answers import label_of
from ledger.consensus.majority import majority
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue
from ledger.statements.values import format_score, score_millionths

Making = Literal["tally", "labels", "ranking", "assembly"]
MAKINGS: Final[tuple[Making, ...]] = get_args(Making)
VERSION: Final = "1"
_SCORE = re.compile(r"0|1|0\.[0-9]{0,5}[1-9]")


@dataclass(frozen=True, slots=True)
class Part:
    """An accepted contribution; ``score`` in millionths."""

    contribution: str
    task: str | None
    content: JsonValue
    score: int


def document(making: Making, parts: Iterable[Part], field: str | None = None) -> dict[str, JsonValue]:
    """The document of what stands as accepted, in the order of the log.

    ``field`` is the member of the contents that holds the answer, as ``label_of`` reads it. Raises FieldError for a
    content without it.
    """
    entries: list[JsonValue] = [_entry(making, part, field) for part in parts]
    return {"method": making, "tally": count(making, entries), "entries": entries}


def count(making: str, entries: Sequence[JsonValue]) -> JsonValue:
    """What the entries of a document add up to. Raises FormatError for an unknown method or an entry of another form.

    Equal documents have equal tallies, whoever counts: numbers are whole, ties are said to be ties.
    """
    read = [_read(entry) for entry in entries]
    if len({contribution for contribution, _, _ in read}) != len(read):
        raise FormatError("The document names a contribution twice.")
    match making:
        case "tally":
            return {**Counter(_text(value) for _, value, _ in read)}
        case "labels":
            answers: dict[str, list[str]] = {}
            for _, value, task in read:
                answers.setdefault(_text(task), []).append(_text(value))
            return {task: _label(given) for task, given in answers.items()}
        case "ranking":
            return _ranking([(contribution, _score(value)) for contribution, value, _ in read])
        case "assembly":
            return len(read)
        case _:
            raise FormatError(f"There is no way '{making}' to count a result.")


def _entry(making: Making, part: Part, field: str | None) -> JsonValue:
    match making:
        case "tally":
            return {"contribution": part.contribution, "value": label_of(part.content, field)}
        case "labels":
            label = label_of(part.content, field)
            return {"contribution": part.contribution, "task": part.task or "", "value": label}
        case "ranking":
            return {"contribution": part.contribution, "value": format_score(part.score)}
        case "assembly":
            return {"contribution": part.contribution, "value": part.content}


def _read(entry: JsonValue) -> tuple[str, JsonValue, JsonValue]:
    if not isinstance(entry, dict) or not isinstance(entry.get("contribution"), str) or "value" not in entry:
        raise FormatError("An entry of a result has a contribution and its value.")
    return str(entry["contribution"]), entry["value"], entry.get("task")


def _label(given: Sequence[str]) -> JsonValue:
    found = majority(given)
    return {"label": found.label, "votes": found.votes, "answers": found.answers}


def _ranking(scored: Sequence[tuple[str, int]]) -> JsonValue:
    """Best first; equal scores in the order of the log, at the same place."""
    ranked = sorted(scored, key=lambda one: -one[1])
    places: list[JsonValue] = []
    place = 0
    for number, (contribution, score) in enumerate(ranked, 1):
        if number == 1 or score != ranked[number - 2][1]:
            place = number
        places.append({"contribution": contribution, "place": place})
    return places


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise FormatError("The entries of this result have texts for values, and for tasks where they have any.")
    return value


def _score(value: JsonValue) -> int:
    text = _text(value)
    if _SCORE.fullmatch(text) is None:
        raise FormatError(f"'{text[:40]}' is not a score.")
    return score_millionths(text)
