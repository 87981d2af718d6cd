"""Campaigns and amendments as files that a person writes: TOML or JSON, checked before anything is sent."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ledger.cli.files import read_file
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel

    Read = TypeVar("Read", bound=BaseModel)

MAX_BYTES = 1024 * 1024
_SHOWN = 10


def read_document(path: Path) -> dict[str, Any]:
    """The object that a TOML or JSON file holds; a TOML time becomes its text. Raises ConfigError."""
    data = read_file(path, MAX_BYTES)
    try:
        text = data.decode()
        found = json.loads(text) if text.lstrip().startswith("{") else _texts(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"'{path}' is neither TOML nor JSON: {error}.",
            remedy="Begin with the output of 'crowdledger campaign template'.",
        ) from None
    if not isinstance(found, dict):
        raise ConfigError(f"'{path}' holds no object.", remedy="Write its members between braces.")
    return found


def check(name: str, document: dict[str, Any], model: type[Read]) -> Read:
    """The document as a request; ``name`` is what it is called. Raises ConfigError that names all that is wrong."""
    from pydantic import ValidationError

    try:
        return model.model_validate_json(json.dumps(document))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
    told = "\n".join(f"  {_place(each['loc'])}: {_said(str(each['msg']))}." for each in wrong[:_SHOWN])
    more = f"\n  and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    raise ConfigError(
        f"{name} is not right yet:\n{told}{more}",
        remedy="Amounts and scores are texts ('amount = \"100\"'); 'crowdledger campaign template' shows every member.",
    )


def _place(path: tuple[int | str, ...]) -> str:
    return ".".join(map(str, path)) or "the file"


def _said(message: str) -> str:
    return "it is not a member" if message.startswith("Extra inputs") else message.removeprefix("Value error, ")


def _texts(value: Any) -> Any:
    """TOML's own times as the texts that requests carry."""
    if isinstance(value, dict):
        return {name: _texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_texts(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value
