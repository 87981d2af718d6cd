"""A saved mapping: which column of somebody's table is what. A TOML file that people can read and change."""

from __future__ import annotations

import tomllib
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from ledger.errors import ConfigError, FormatError

Column = Annotated[str, Meta(min_length=1, max_length=1000)]
Columns = Annotated[list[Column], Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]

_HEADINGS: Final = {
    "name": "# Ids in the log begin with this name: keep it for all files of one system.",
    "file": "# How it is written: member (path of the array in a JSON file), sheet, order (mdy, dmy), zone, decimal.",
    "contribution": "# What people did. id: columns that tell one answer from all others, also in later files.",
    "task": "# What was asked, if there are tasks.",
    "decision": "# What was decided, if it was: which words in the column verdict mean which.",
}


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class FileMapping(_Part, frozen=True, kw_only=True):
    """How the file is written."""

    member: str | None = None
    sheet: str | None = None
    order: Literal["mdy", "dmy"] | None = None
    zone: str = "UTC"
    decimal: Literal[".", ","] | None = None


class ContributionMapping(_Part, frozen=True, kw_only=True):
    """``content`` left out is all columns that mean nothing else. ``json`` names columns that hold JSON."""

    id: Columns
    contributor: Column
    content: Columns | None = None
    json: list[Column] = []
    at: Column | None = None
    anonymous: bool = False
    """Whether rows without a contributor count, each as somebody new."""


class TaskMapping(_Part, frozen=True, kw_only=True):
    """The task that a row belongs to. Without ``content`` only its id is known of it."""

    id: Columns
    content: list[Column] = []


class DecisionMapping(_Part, frozen=True, kw_only=True):
    """``verdict`` is a column whose words ``accepted`` and ``rejected`` list; other words mean: not decided."""

    verdict: Column
    accepted: Columns
    rejected: list[Column] = []
    score: Column | None = None
    feedback: Column | None = None
    reviewer: Column | None = None
    bonus: Column | None = None
    currency: str | None = None


class Mapping(_Part, frozen=True, kw_only=True):
    """All of it. ``name`` stands before the ids."""

    v: Literal[1] = 1
    name: Word
    file: FileMapping = FileMapping()
    contribution: ContributionMapping
    task: TaskMapping | None = None
    decision: DecisionMapping | None = None

    def columns(self) -> set[str]:
        """All columns that it names."""
        found = {*self.contribution.id, self.contribution.contributor, *(self.contribution.content or ())}
        found |= {*self.contribution.json, *filter(None, [self.contribution.at])}
        if self.task is not None:
            found |= {*self.task.id, *self.task.content}
        if self.decision is not None:
            one = self.decision
            found |= {one.verdict, *filter(None, [one.score, one.feedback, one.reviewer, one.bonus])}
        return found


def load(text: str) -> Mapping:
    """Read a mapping. Raises ConfigError that names what is wrong in it."""
    try:
        return msgspec.convert(tomllib.loads(text), Mapping)
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise ConfigError(
            f"The mapping cannot be used: {error}.", remedy="docs/importing.md has one to copy."
        ) from None


def save(mapping: Mapping) -> str:
    """The mapping as TOML, with a word to each part."""
    members: dict[str, Any] = msgspec.to_builtins(mapping)
    lines = ["v = 1", _HEADINGS["name"], f"name = {_value(mapping.name)}"]
    for part in ("file", "contribution", "task", "decision"):
        if members.get(part):
            lines += ["", _HEADINGS[part], f"[{part}]"]
            lines += [f"{name} = {_value(value)}" for name, value in members[part].items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    # A JSON text is a TOML text, but for DEL, which TOML wants escaped.
    text = msgspec.json.encode(str(value)).decode().replace("\x7f", "\\u007f")
    if not text.isprintable() and any("\ud800" <= each <= "\udfff" for each in text):
        raise FormatError("A column's name is not text.", remedy="Rename the column.")
    return text
