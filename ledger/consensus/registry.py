"""Methods by name, as commands and statements write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ledger.consensus import crowdkit_methods
from ledger.consensus.crowdkit_methods import CrowdKit
from ledger.consensus.gold import GoldQuestions, GoldWeighted
from ledger.consensus.majority import MajorityVote
from ledger.consensus.methods import Method
from ledger.errors import FieldError

_BUILT_IN: Final[Mapping[str, Callable[[Mapping[str, str]], Method]]] = {
    MajorityVote.name: MajorityVote.from_parameters,
    GoldQuestions.name: GoldQuestions.from_parameters,
    GoldWeighted.name: GoldWeighted.from_parameters,
}


def method_names() -> list[str]:
    """Every name that ``find_method`` knows, whether or not the extra is installed."""
    return [*_BUILT_IN, *(f"crowdkit:{model.class_name}" for model in crowdkit_methods.MODELS.values())]


def find_method(name: str, parameters: Mapping[str, str] | None = None) -> Method:
    """The method of that name; a statement's spelling ``crowdkit.dawidskene`` is that of ``crowdkit:DawidSkene``.

    Raises FieldError for an unknown name or a wrong parameter, ConfigError where crowd-kit is needed and missing.
    """
    plain = name.lower().replace("crowdkit:", crowdkit_methods.PREFIX)
    if plain in _BUILT_IN:
        return _BUILT_IN[plain](parameters or {})
    model = plain.removeprefix(crowdkit_methods.PREFIX)
    if model != plain and model in crowdkit_methods.MODELS:
        return CrowdKit.from_parameters(model, parameters or {})
    raise FieldError(
        f"There is no method of consensus {name!r}.",
        field="method",
        remedy=f"Choose one of {', '.join(method_names())}.",
    )
