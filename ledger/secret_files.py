"""Secrets are read from files, never from settings themselves."""

from __future__ import annotations

from pathlib import Path

from ledger.errors import ConfigError

_MAX_BYTES = 16 * 1024


def read_secret(path: Path, setting: str) -> bytes:
    """What the file holds that ``setting`` names. Raises ConfigError, which never repeats what is in it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{setting}: {path} cannot be read ({error.strerror}).", remedy="Create the file or correct the path."
        ) from None
    if not data.strip() or len(data) > _MAX_BYTES:
        raise ConfigError(
            f"{setting}: {path} is empty or too large.", remedy="Write the secret, and nothing else, into it."
        )
    return data
