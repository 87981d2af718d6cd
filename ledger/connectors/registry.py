"""The connectors by name, and which of them a file looks like."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from ledger.connectors.connector import Connector, FileForm
from ledger.connectors.reading.glance import glance
from ledger.errors import ConfigError

_MODULES: Final = (
    "crowdflower",
    "forms",
    "funding",
    "label_studio",
    "mturk",
    "prolific",
    "pybossa",
    "toloka",
    "turkle",
    "zooniverse",
)
"""Each has ``CONNECTORS``, the connectors that it holds."""


class Guess(NamedTuple):
    """A form of file that a file looks like; ``likeness`` is 1 to 100."""

    connector: Connector
    form: FileForm
    likeness: int


@cache
def connectors() -> Mapping[str, Connector]:
    """All connectors by name."""
    found: dict[str, Connector] = {}
    for module in _MODULES:
        for connector in importlib.import_module(f"ledger.connectors.{module}").CONNECTORS:
            found[connector.name] = connector
    return MappingProxyType(found)


def find(name: str) -> Connector:
    """The connector of this name. Raises ConfigError."""
    known = connectors()
    if name not in known:
        names = ", ".join(sorted(known))
        raise ConfigError(
            f"There is no connector '{name}'.", remedy=f"There are {names}, and any table with --mapping."
        )
    return known[name]


def guess(path: Path) -> list[Guess]:
    """What the file's name and its beginning look like, the likeliest first; of equals, what names more columns.

    Raises FormatError for what is no file that can be read.
    """
    names = frozenset(glance(path).names)
    found = [
        Guess(connector, form, likeness)
        for connector in connectors().values()
        for form in connector.forms
        if path.name.lower().endswith(form.suffixes) and (likeness := form.likeness(names))
    ]
    return sorted(found, key=lambda each: (-each.likeness, -len(each.form.columns), each.connector.name))
