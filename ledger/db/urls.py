"""Database URLs: which databases and drivers there are."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ledger.errors import ConfigError

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def parse_url(url: str) -> URL:
    """The URL with the driver that is used for its database. Raises ConfigError for any other database."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("The database URL is not a URL.", remedy=_REMEDY) from error
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ConfigError(f"There is no support for a database '{parsed.drivername}'.", remedy=_REMEDY)
    if driver.startswith("sqlite") and (parsed.database or ":memory:") == ":memory:":
        raise ConfigError("A log in memory would be lost at the end.", remedy=_REMEDY)
    return parsed.set(drivername=driver)


def normalise_url(url: str) -> str:
    """``url`` with its driver, password included: for connecting, not for printing. Raises ConfigError."""
    return parse_url(url).render_as_string(hide_password=False)


_REMEDY = "Write sqlite:///path/to/file.sqlite or postgresql://user@host/database."
