"""The listening socket that ``serve`` inherits."""

from __future__ import annotations

import os
import socket
from contextlib import closing

import pytest

from ledger.cli.serve import inherited_socket
from ledger.errors import ConfigError


def test_a_socket_by_its_number() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        found = inherited_socket(listening.fileno())
        assert found is not None
        with closing(found):
            assert found.getsockname() == listening.getsockname()


def test_more_sockets_than_one_are_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would listen somewhere else, and nobody would be served."""
    assert inherited_socket(None) is None
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "2")
    with pytest.raises(ConfigError, match="2 sockets"):
        inherited_socket(None)
