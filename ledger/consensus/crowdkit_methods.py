"""crowd-kit's models as methods of consensus; the extra ``consensus`` installs it, and only their use imports it.

What is floating point inside comes out in whole millionths: each probability is rounded to the nearest one, half to
even, and a label must lead by at least one of them, or the task ties. Rows, labels and people go in sorted and under
neutral names, so neither the order of arrival nor a label that looks like a column's name changes anything; the only
model with random numbers (MACE) has a fixed seed. Sums of floats may still differ in the last place between
processors: a score run again elsewhere may be one millionth off. Wawa and ZeroBasedSkill start from a majority whose
ties crowd-kit breaks by the labels' names: where people gave only a few answers each, take another method.

Left out: KOS (two labels only, and no probability of being right), M-MSR (a matrix of all people by all people).
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar, Final, Literal

from ledger.consensus.answers import MILLION, Answer, Votes, votes_of
from ledger.consensus.methods import Gold, Outcome, refuse_unknown, single_best, whole_number
from ledger.errors import ConfigError, TooLargeError

PREFIX: Final = "crowdkit."
MAX_CELLS: Final = 20_000_000
"""Votes times labels: the models hold tables of that size. The limit is about a gigabyte."""

_Table = Any  # a pandas DataFrame: pandas is there only with the extra
_MOST_ITERATIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class _Model:
    """A class of crowd-kit: the whole-number parameters it takes, and whether its fit takes known answers."""

    class_name: str
    defaults: Mapping[str, int] = field(default_factory=dict)
    takes_gold: bool = False


MODELS: Final[Mapping[str, _Model]] = {
    model.class_name.lower(): model
    for model in (
        _Model("MajorityVote"),
        _Model("Wawa"),
        _Model("ZeroBasedSkill", {"n_iter": 100}),
        _Model("DawidSkene", {"n_iter": 100}, takes_gold=True),
        _Model("OneCoinDawidSkene", {"n_iter": 100}),
        _Model("GLAD", {"n_iter": 100}),
        # With one seed every restart is the same run: one is enough.
        _Model("MACE", {"n_iter": 50, "n_restarts": 1, "random_state": 0}),
    )
}


def load() -> ModuleType:
    """The package crowdkit.aggregation. Raises ConfigError where the extra is not installed."""
    try:
        return importlib.import_module("crowdkit.aggregation")
    except ImportError as error:
        raise ConfigError(
            f"The methods crowdkit:* need crowd-kit, which is not installed ({error}).",
            remedy="Install the extra: 'make consensus' in a checkout, or pip install 'crowdledger[consensus]'.",
        ) from error


def installed_version() -> str:
    """crowd-kit's version. Raises ConfigError where the extra is not installed."""
    load()
    return str(importlib.import_module("crowdkit").__version__)


@dataclass(frozen=True, slots=True)
class CrowdKit:
    """One of ``MODELS``. Confidence is the model's probability of the label.

    Reliability is the mean probability that it gives to the contributor's own answers: one rule for all models.
    """

    model: _Model
    version: str
    numbers: Mapping[str, int]

    kind: ClassVar[Literal["consensus"]] = "consensus"
    local: ClassVar[bool] = False

    @classmethod
    def from_parameters(cls, name: str, parameters: Mapping[str, str]) -> CrowdKit:
        """``name`` is a key of ``MODELS``. Raises FieldError for a wrong parameter, ConfigError without the extra."""
        model = MODELS[name]
        refuse_unknown(parameters, model.defaults, PREFIX + name)
        numbers = {
            key: whole_number(parameters, key, default, 0 if key == "random_state" else 1, _MOST_ITERATIONS)
            for key, default in model.defaults.items()
        }
        return cls(model, installed_version(), numbers)

    @property
    def name(self) -> str:
        return PREFIX + self.model.class_name.lower()

    @property
    def parameters(self) -> dict[str, str]:
        return {key: str(number) for key, number in sorted(self.numbers.items())}

    def judge(self, answers: Sequence[Answer], gold: Gold) -> Outcome:
        """See the class; known answers go in where the model takes them. Raises TooLargeError above ``MAX_CELLS``."""
        votes = {task: given for task, given in votes_of(answers).items() if given}
        labels = sorted({label for given in votes.values() for label in given.values()})
        cells = len(labels) * sum(len(given) for given in votes.values())
        if cells > MAX_CELLS:
            raise TooLargeError(
                f"{len(labels)} different answers make {cells} cells, more than {MAX_CELLS}.",
                remedy="Free text has no consensus of this kind: take reviewers, or decide fewer tasks at a time.",
            )
        if len(labels) < 2:  # nothing to tell apart, and the models divide by the number of other labels
            chances = {task: dict.fromkeys(labels, MILLION) for task in votes}
        else:
            chances = self._fit(votes, labels, gold)
        best = {task: single_best(weights) for task, weights in chances.items()}
        return Outcome(
            {task: label for task, label in best.items() if label is not None},
            {task: max(weights.values()) for task, weights in chances.items()},
            _reliability(votes, chances),
        )

    def _fit(self, votes: Votes, labels: Sequence[str], gold: Gold) -> dict[str, dict[str, int]]:
        """Task -> label -> probability in millionths."""
        pandas = importlib.import_module("pandas")
        rows = sorted((label, who, task) for task, given in votes.items() for who, label in given.items())
        # MACE mixes people and labels up unless those first met come first by name too: so they are numbered as met.
        label_code, who_code = _numbered(label for label, _, _ in rows), _numbered(who for _, who, _ in rows)
        task_code = _numbered(task for _, _, task in rows)
        known = {task_code[task]: label_code[gold[task]] for task in votes if gold.get(task) in label_code}
        data = pandas.DataFrame(
            [(task_code[task], who_code[who], label_code[label]) for label, who, task in rows],
            columns=["task", "worker", "label"],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas' advice to crowd-kit's authors
            model = getattr(load(), self.model.class_name)(**self.numbers)
            fit: Callable[..., _Table] = model.fit_predict_proba
            extra = {"true_labels": pandas.Series(known)} if known and self.model.takes_gold else {}
            table = fit(data, **extra)
        by_label = {label: table[code].to_dict() for label, code in label_code.items()}
        return {
            task: {label: _millionths(by_label[label][code]) for label in labels} for task, code in task_code.items()
        }


def _numbered(names: Iterable[str]) -> dict[str, str]:
    """Name -> its number in the order of first appearance, as text that sorts like the number."""
    return {name: f"{number:09}" for number, name in enumerate(dict.fromkeys(names))}


def _millionths(probability: float) -> int:
    """Half to even; what is not a number (a model that failed on a task) is no chance at all."""
    return round(min(max(probability, 0.0), 1.0) * MILLION) if math.isfinite(probability) else 0


def _reliability(votes: Votes, chances: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, tuple[int, int]] = {}
    for task, given in votes.items():
        for who, label in given.items():
            total, count = sums.get(who, (0, 0))
            sums[who] = (total + chances[task][label], count + 1)
    return {who: total // count for who, (total, count) in sorted(sums.items())}
