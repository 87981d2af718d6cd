"""A service that a test scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.cli.importing.scripted import Scripted


@pytest.fixture
def service() -> Iterator[Scripted]:
    with Scripted().running() as found:
        yield found
