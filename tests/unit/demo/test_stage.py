import socket
from pathlib import Path

import pytest

from ledger.demo.stage import free_port, require_free, server_environment
from ledger.errors import ConfigError


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} .*--port"):
            require_free(port)
    require_free(free_port())


def test_settings_of_the_users_own_service_stay_out() -> None:
    own = {"PATH": "/bin", "CROWDLEDGER_DATABASE_URL": "postgresql://production", "crowdledger_log": "other"}
    made = server_environment(own, Path("/stage/crowdledger.toml"), "http://127.0.0.1:1")
    assert made == {
        "PATH": "/bin",
        "CROWDLEDGER_CONFIG": "/stage/crowdledger.toml",
        "CROWDLEDGER_PUBLIC_URL": "http://127.0.0.1:1",
    }
