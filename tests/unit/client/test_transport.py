"""What is between a client and its service: nothing of the environment, and what the page on clients says to give."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.client import AsyncClient, Client
from ledger.errors import UnauthorizedError, UnavailableError
from tests.services.certificates import make_certificates
from tests.unit.client.both import KINDS, Kind

PROBLEM = b'{"type":"/problems/unauthorized","detail":"No."}'
REPLY = (
    b"HTTP/1.1 401 No\r\nContent-Type: application/problem+json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
)
TRANSPORTS: dict[Kind, Any] = {Client: httpx.HTTPTransport, AsyncClient: httpx.AsyncHTTPTransport}


class Answering:
    """Answers each connection with a problem, under TLS if told so; keeps the first lines."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.lines: list[str] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError), near if self._tls is None else self._tls.wrap_socket(near, server_side=True) as one:
                self.lines.append(one.recv(65_536).split(b"\r\n")[0].decode())
                one.sendall(REPLY % (len(PROBLEM), PROBLEM))

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def proxy() -> Iterator[Answering]:
    found = Answering()
    yield found
    found.close()


def ask(kind: Kind, url: str, **more: Any) -> None:
    """One request of a client."""
    if kind is Client:
        with Client(url, "key", **more) as client:
            client.me()
        return

    async def asked() -> None:
        async with AsyncClient(url, "key", **more) as client:
            await client.me()

    asyncio.run(asked())


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_is_used_where_it_is_given_alone(kind: Kind, proxy: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(UnavailableError):
        ask(kind, f"http://127.0.0.1:{port}")
    assert proxy.lines == []
    transport = TRANSPORTS[kind](proxy=f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(UnauthorizedError):
        ask(kind, "http://crowd.test", transport=transport)
    assert proxy.lines == ["GET http://crowd.test/v1/contributors/me HTTP/1.1"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_authority_is_trusted_where_it_is_given_alone(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = make_certificates(tmp_path, "localhost")
    server = Answering(certificates.server)
    url = f"https://localhost:{server.port}"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(kind, url)
    verify = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    with pytest.raises(UnauthorizedError):
        ask(kind, url, transport=TRANSPORTS[kind](verify=verify))
    assert len(server.lines) == 1
    server.close()
