"""How commands stand together and how their help reads: by who needs them, with a word for what an option takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

EVERYBODY: Final = "For everybody"
PLATFORMS: Final = "For a platform"
OPERATORS: Final = "For an operator"
TRYING: Final = "To try it"
_TAKEN: Final[dict[Any, str]] = {Path: "FILE", list[Path]: "FILE", str: "TEXT", list[str]: "TEXT", int: "N", float: "N"}


class Command(TyperCommand):
    """A command whose help names what an option takes in a word; a switch takes nothing."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, with a word for each that has none of its own."""
        return _named(super().get_params(ctx))


class Group(TyperGroup):
    """The same for what holds commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """As for a command."""
        return _named(super().get_params(ctx))


def _named(params: list[Any]) -> list[Any]:
    for each in params:
        if each.metavar is None:
            each.metavar = _word(each)
    return params


def _word(param: Any) -> str | None:
    """None where the kinds of values name themselves, as choices do."""
    if isinstance(param, TyperArgument):
        return (param.name or "").upper()
    if param.is_flag:
        return ""
    return _TAKEN.get(param.type_descriptor.annotation)


class Commands(typer.Typer):
    """A group of commands. What is registered stands under ``panel`` in the help, unless it says another."""

    panel: str | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(cls=Group, no_args_is_help=True, **kwargs)

    def command(self, *args: Any, **kwargs: Any) -> Any:
        """As typer's, with our help."""
        return super().command(*args, **{"cls": Command, "rich_help_panel": self.panel} | kwargs)

    def add_typer(self, *args: Any, **kwargs: Any) -> None:
        """As typer's."""
        super().add_typer(*args, **{"rich_help_panel": self.panel} | kwargs)
