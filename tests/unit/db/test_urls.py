"""Which databases there are, and how their URLs are written."""

from __future__ import annotations

import pytest

from ledger.db import normalise_url
from ledger.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("sqlite:///log.sqlite", "sqlite+aiosqlite:///log.sqlite"),
        ("sqlite+aiosqlite:////var/log.sqlite", "sqlite+aiosqlite:////var/log.sqlite"),
        ("postgresql://ann:secret@host/db", "postgresql+asyncpg://ann:secret@host/db"),
        ("postgres://host/db", "postgresql+asyncpg://host/db"),
        ("postgresql+asyncpg://host:5433/db?host=/tmp", "postgresql+asyncpg://host:5433/db?host=%2Ftmp"),
    ],
)
def test_both_databases_are_known(url: str, normal: str) -> None:
    assert normalise_url(url) == normal
    assert normalise_url(normal) == normal


@pytest.mark.parametrize("url", ["", "log.sqlite", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "postgresql"])
def test_anything_else_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError):
        normalise_url(url)
