"""Models as judges: anything that reads items and gives verdicts, named in the statement with version and parameters.

What a judge answers is checked like any input: a verdict on every item it was given, on no other, each in range. A
model's verdict is a ``decision.made`` of type ``model`` and can be appealed like a person's.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast

from ledger.consensus.answers import MILLION, Judged
from ledger.errors import ConfigError, FormatError, TooLargeError
from ledger.statements import decisions
from ledger.statements.canonical import JsonValue

MAX_ITEMS: Final = 1000
MAX_REASON: Final = 2000
MAX_PARAMETERS: Final = 50
MAX_PARAMETER_TEXT: Final = 500
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SPEC: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_VERDICTS: Final = ("accepted", "rejected", "needs_review")


@dataclass(frozen=True, slots=True)
class Item:
    """One contribution to judge: the task's content and its own, as they were given (None where there is none)."""

    contribution: str
    task: JsonValue
    content: JsonValue


class Judge(Protocol):
    """``name``, ``version`` and the keys of ``parameters`` are words as statements have them: ``[a-z0-9._-]``.

    ``parameters`` never hold a secret: they are public. ``judge`` gives one ``Judged`` an item, in any order.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, str]: ...

    def judge(self, items: Sequence[Item]) -> list[Judged]: ...


def load_judge(spec: str, parameters: Mapping[str, str] | None = None) -> Judge:
    """The judge that ``module:callable`` makes when it is called with ``parameters``.

    This runs the operator's own code: the name comes from a command or the configuration, never from a request.
    Raises ConfigError if it cannot be loaded or is not a judge.
    """
    if not _SPEC.fullmatch(spec):
        raise ConfigError(f"{spec!r} is not a Python judge.", remedy="Name it as module:callable.")
    module, _, name = spec.partition(":")
    try:
        make = cast(Callable[[dict[str, str]], Judge], getattr(importlib.import_module(module), name))
        judge = make(dict(parameters or {}))
    except Exception as error:  # whatever somebody's module raises is a wrong setting here
        raise ConfigError(
            f"The judge {spec} cannot be made: {type(error).__name__}: {error}.",
            remedy="The module must be importable and the callable take one dict of parameters.",
        ) from error
    return checked_judge(judge, spec)


def checked_judge(judge: Judge, spec: str) -> Judge:
    """The judge itself, if its name, version and parameters can stand in a statement. Raises ConfigError."""
    try:
        words = [judge.name, judge.version, *judge.parameters]
        texts = list(judge.parameters.values())
        fits = all(_WORD.fullmatch(word) for word in words) and callable(judge.judge)
        fits = fits and len(texts) <= MAX_PARAMETERS and all(len(text) <= MAX_PARAMETER_TEXT for text in texts)
    except (AttributeError, TypeError) as error:
        raise ConfigError(f"{spec} is not a judge: {error}.", remedy="See ledger.consensus.judges.Judge.") from error
    if not fits:
        raise ConfigError(
            f"The judge {spec} has a name, version or parameter that cannot stand in a statement.",
            remedy="Use a-z, 0-9, '.', '_' and '-' (64 at most) for names, and texts of 500 characters at most.",
        )
    return judge


def judge_items(judge: Judge, items: Sequence[Item]) -> list[Judged]:
    """The judge's verdicts in the order of ``items``.

    Raises TooLargeError above ``MAX_ITEMS``, FormatError where a verdict is missing, doubled, of something else or out
    of range: then none of them counts.
    """
    if len(items) > MAX_ITEMS:
        raise TooLargeError(f"{len(items)} items are more than {MAX_ITEMS}.", remedy="Judge them in smaller batches.")
    found: dict[str, Judged] = {}
    for judged in judge.judge(items):
        _check(judge, judged)
        if judged.contribution in found:
            raise _wrong(judge, f"two verdicts on {judged.contribution}")
        found[judged.contribution] = judged
    wanted = [item.contribution for item in items]
    if found.keys() != set(wanted):
        odd = sorted(found.keys() ^ set(wanted))[0]
        raise _wrong(judge, f"a verdict too many or none on {odd}")
    return [found[contribution] for contribution in wanted]


def statement_method(judge: Judge, inputs: str | None = None) -> decisions.Method:
    """The member ``method`` of ``decision.made``; ``inputs`` is the commitment to what the judge was given."""
    return decisions.Method(
        type="model", name=judge.name, version=judge.version, parameters=dict(judge.parameters) or None, inputs=inputs
    )


def _check(judge: Judge, judged: Judged) -> None:
    if not isinstance(judged, Judged):
        raise _wrong(judge, f"{type(judged).__name__} instead of a verdict")
    if judged.verdict not in _VERDICTS:
        raise _wrong(judge, f"the verdict {judged.verdict!r}")
    for number in (judged.score, judged.confidence):
        if type(number) is not int or not 0 <= number <= MILLION:
            raise _wrong(judge, f"the score or confidence {number!r}")
    if not isinstance(judged.reason, str) or len(judged.reason) > MAX_REASON:
        raise _wrong(judge, f"a reason that is no text of at most {MAX_REASON} characters")


def _wrong(judge: Judge, what: str) -> FormatError:
    return FormatError(f"The judge {judge.name} gave {what}.", remedy="Mend the judge; nothing was decided.")
