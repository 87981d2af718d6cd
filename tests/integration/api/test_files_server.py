"""Files through a real server process and the client: memory, broken lines, and what the client checks."""

from __future__ import annotations

import hashlib
import http.server
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from ledger import wire
from ledger.client import Client
from ledger.errors import ConfigError, FieldError, NotFoundError, ProofError, RuleError, UnavailableError
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, BRIEF
from tests.integration.api.serving import Server, serving
from tests.services.databases import copy_sqlite

MEGABYTE = 1_000_000
LARGE = 300 * MEGABYTE
ALLOWED_GROWTH = 50 * MEGABYTE


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, log_signer: LogSigner) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("files")
    database_url = copy_sqlite(migrated_sqlite, folder / "crowdledger.sqlite")
    with serving(folder, database_url, log_signer) as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client with the key of a new platform."""
    with Client(server.url, ADMIN_KEY) as operator:
        key = operator.register_platform("Pictures Ltd").key
    with Client(server.url, key) as found:
        yield found


def key_of(client: Client) -> str:
    return str(client._http.headers["Authorization"])


def stored(server: Server) -> list[str]:
    """Every file in the store: it stands beside the SQLite file where no folder is configured."""
    return sorted(path.name for path in (server.folder / "blobs").rglob("*") if path.is_file())


def connect(server: Server) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port or 0), timeout=10)


def test_there_and_back(server: Server, client: Client, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(os.urandom(3 * MEGABYTE))
    content = client.upload(picture, "image/png")
    assert content == {
        "sha256": hashlib.sha256(picture.read_bytes()).hexdigest(),
        "bytes": 3 * MEGABYTE,
        "type": "image/png",
    }
    assert client.upload(picture, "image/png") == content
    client.download(str(content["sha256"]), tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == picture.read_bytes()
    campaign = client.open_campaign(
        wire.NewCampaign.model_validate(
            {
                "title": "P",
                "type": "rating",
                "brief": BRIEF,
                "terms": "",
                "policy": {"name": "piece_rate", "amount": "1"},
                "budget": "9",
            }
        )
    )
    one = client.submit(wire.NewContribution(campaign=campaign.id, contributor="ann", content=content))
    assert client.contribution(one.id).content == content
    (tmp_path / "empty").write_bytes(b"")
    assert client.upload(tmp_path / "empty", "text/plain")["bytes"] == 0


def test_what_the_client_says(server: Server, client: Client, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        client.upload(tmp_path / "nowhere", "image/png")
    (tmp_path / "file").write_bytes(b"the file")
    with pytest.raises(FieldError, match="media type"):
        client.upload(tmp_path / "file", "picture")
    sha256 = str(client.upload(tmp_path / "file", "a/b")["sha256"])
    with pytest.raises(RuleError, match="'a/b'"):
        client.upload(tmp_path / "file", "a/c")
    with pytest.raises(NotFoundError):
        client.download("0" * 64, tmp_path / "back")
    with pytest.raises(ConfigError, match="cannot be written"):
        client.download(sha256, tmp_path / "no folder" / "back")
    place = next(path for path in (server.folder / "blobs").rglob(sha256))
    place.write_bytes(b"the fila")
    with pytest.raises(ProofError, match="digest"):
        client.download(sha256, tmp_path / "back")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_an_upload_is_sent_again_where_the_service_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"the file")
    content = {"sha256": hashlib.sha256(b"the file").hexdigest(), "bytes": 8, "type": "a/b"}
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        assert (request.headers["content-length"], request.headers["content-type"]) == ("8", "a/b")
        return httpx.Response(503 if len(bodies) < 3 else 201, headers={"Retry-After": "0"}, json=content)

    with Client("http://crowd.test", "k", transport=httpx.MockTransport(answer)) as client:
        assert client.upload(tmp_path / "file", "a/b") == content
    assert bodies == [b"the file"] * 3


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Broken(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Broken) as broken:
        thread = threading.Thread(target=broken.handle_request)
        thread.start()
        with Client(f"http://127.0.0.1:{broken.server_port}") as client, pytest.raises(UnavailableError):
            client.download("0" * 64, tmp_path / "back")
        thread.join()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_large_file_is_never_in_memory(server: Server, client: Client, tmp_path: Path) -> None:
    """300 MB up, down, and to somebody who asks for them and does not read."""
    (tmp_path / "small").write_bytes(bytes(3 * MEGABYTE))
    client.upload(tmp_path / "small", "a/b")  # what any upload loads is loaded
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(LARGE)
    before = server.resident_bytes()
    server.forget_highest()
    content = client.upload(large, "application/zip")
    assert content["bytes"] == LARGE
    assert server.resident_bytes(highest=True) - before < ALLOWED_GROWTH
    sha256 = str(content["sha256"])
    client.download(sha256, tmp_path / "back")
    assert (tmp_path / "back").stat().st_size == LARGE
    with connect(server) as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET /v1/files/{sha256} HTTP/1.1\r\nHost: x\r\nAuthorization: {key_of(client)}\r\n\r\n"
        idle.sendall(request.encode())
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(0.5)
        assert server.resident_bytes(highest=True) - before < ALLOWED_GROWTH
    assert client.keys()  # whoever goes away in the middle stops nobody


@pytest.mark.parametrize("framing", ["Content-Length: 5000000", "Transfer-Encoding: chunked"])
def test_a_line_that_breaks_leaves_nothing(server: Server, client: Client, framing: str) -> None:
    before = stored(server)
    head = f"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\n{framing}\r\n"
    head += f"Authorization: {key_of(client)}\r\n\r\n"
    piece = bytes(1000)
    with connect(server) as line:
        line.sendall(head.encode())
        line.sendall(b"3e8\r\n" + piece + b"\r\n" if "chunked" in framing else piece)
        deadline = time.monotonic() + 10
        while stored(server) == before:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    while stored(server) != before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert client.ready()


def test_a_refused_upload_is_asked_not_to_begin(server: Server, client: Client) -> None:
    """Whoever waits for ``100 Continue`` sends nothing in vain."""
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nAuthorization: {key_of(client)}\r\n"
        "Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    )
    with connect(server) as line:
        line.sendall(head.format(length=3 << 30).encode())
        assert line.recv(12) == b"HTTP/1.1 413"
    with connect(server) as line:
        line.sendall(head.format(length=5).encode())
        assert line.recv(12) == b"HTTP/1.1 100"
        line.sendall(b"hello")
        assert b"HTTP/1.1 201" in line.recv(4096) + line.recv(4096)
