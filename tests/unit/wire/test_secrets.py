"""What is shown once is not shown by accident: no model prints the secrets that it carries."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from ledger import wire
from ledger.wire.values import Model

NAMES = {"key", "token", "secret", "enter_url"}
PUBLIC = {("LogKey", "key"), ("ChainSummary", "token"), ("PoolMoney", "token")}
"""A log's key that verifies; a token of the chain."""


def models() -> list[type[Model]]:
    for each in pkgutil.iter_modules(wire.__path__):
        importlib.import_module(f"ledger.wire.{each.name}")
    found, waiting = [], [Model]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found.append(kind)
    return found


@pytest.mark.parametrize("kind", models(), ids=lambda kind: kind.__name__)
def test_secrets_are_not_printed(kind: type[Model]) -> None:
    shown = {name for name, field in kind.model_fields.items() if name in NAMES and field.repr}
    assert {(kind.__name__, name) for name in shown} <= PUBLIC
