import contextlib
import gzip
import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.audit import source as sources
from ledger.audit.mirror import Mirror, read_bundles
from ledger.audit.run import audit
from ledger.audit.source import FolderSource, UrlSource, fetch_summary, open_source
from ledger.errors import ConfigError, FormatError, NotFoundError, UnavailableError
from ledger.tree.keys import LogSigner
from tests.unit.audit import logs


class Service(ThreadingHTTPServer):
    """Serves a folder as a service does; ``replies`` has other answers by path, ``asked`` what was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.replies: dict[str, list[tuple[int, bytes, dict[str, str]]]] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, body, headers = 404, b"", {}
        file = self.server.folder / self.path.removeprefix("/logs/main/")
        if self.path == "/v1/audit/summary":
            file = self.server.folder / "crowdledger.json"
        if self.server.replies.get(self.path):
            status, body, headers = self.server.replies[self.path].pop(0)
        elif file.is_file():
            status, body = 200, file.read_bytes()
        self.send_response(status)
        for name, value in ({"content-length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # a reader that has had enough goes away
            self.wfile.write(body)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service(published: Path) -> Iterator[Service]:
    (published / "crowdledger.json").write_bytes(b'{"origin":"crowd.example/main"}')
    with Service(published) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_mirror_over_http_has_the_files_of_the_service(tmp_path: Path, service: Service, published: Path) -> None:
    with open_source(service.url) as source:
        Mirror(tmp_path / "mirror").sync(source)
    assert logs.files(tmp_path / "mirror") == logs.files(published)
    service.asked.clear()
    with open_source(service.url + "/") as source:
        Mirror(tmp_path / "mirror").sync(source)
    assert not [path for path in service.asked if path.startswith("/logs/main/tile/0")]  # nothing new, nothing fetched


def test_an_audit_over_http(service: Service) -> None:
    with UrlSource(service.url) as source:
        assert audit(source).verdict == "pass"
        assert fetch_summary(source) == {"origin": "crowd.example/main"}


def test_what_is_not_there(service: Service) -> None:
    with UrlSource(service.url, "other") as source, pytest.raises(NotFoundError, match="404"):
        source.fetch("checkpoint", 10)


def test_a_busy_service_is_asked_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.time, "sleep", lambda seconds: None)
    with UrlSource(service.url) as source:
        service.replies["/logs/main/checkpoint"] = [(503, b"", {}), (429, b"", {})]
        assert source.fetch("checkpoint", 10_000).startswith(b"crowd.example/main\n")
        service.replies["/logs/main/checkpoint"] = [(503, b"", {})] * 3
        with pytest.raises(UnavailableError, match="503"):
            source.fetch("checkpoint", 10_000)


def test_an_object_store_does_not_say_which_files_are_missing(service: Service) -> None:
    service.replies["/logs/main/keys.json"] = [(403, b"<Error/>", {})]
    with UrlSource(service.url) as source, pytest.raises(NotFoundError, match="403"):
        source.fetch("keys.json", 10_000)


@pytest.mark.parametrize("status", [301, 400, 401, 500])
def test_other_answers_are_no_files(service: Service, status: int) -> None:
    service.replies["/logs/main/checkpoint"] = [(status, b"", {"location": "/"})]
    with UrlSource(service.url) as source, pytest.raises(FormatError, match=str(status)):
        source.fetch("checkpoint", 10_000)


def test_no_more_is_read_than_is_allowed(service: Service) -> None:
    service.replies["/logs/main/checkpoint"] = [(200, bytes(10**6), {})]
    with UrlSource(service.url) as source, pytest.raises(FormatError, match="longer than"):
        source.fetch("checkpoint", 1000)


def test_gzip_is_unpacked_within_the_bound(service: Service) -> None:
    path = "/logs/main/tile/0/000"
    with UrlSource(service.url, "main") as source:
        for data, limit in ((bytes(10**6), 10**6), (b"", 10), (b"tile" * 9, 36)):
            service.replies[path] = [(200, gzip.compress(data), {"content-encoding": "gzip"})]
            assert source.fetch("tile/0/000", limit) == data
        for bad, words in (
            (gzip.compress(bytes(10**6)), "longer than"),
            (gzip.compress(b"tile" * 9) + bytes(10**6), "gzip|longer"),
            (gzip.compress(b"tile" * 9)[:-1], "does not end"),
            (b"tile" * 9, "is not the gzip"),
        ):
            service.replies[path] = [(200, bad, {"content-encoding": "gzip"})]
            with pytest.raises(FormatError, match=words):
                source.fetch("tile/0/000", 1000)
        service.replies[path] = [(200, b"", {"content-encoding": "br"})]
        with pytest.raises(FormatError, match="'br'"):
            source.fetch("tile/0/000", 1000)


def test_a_folder_has_bounds_too(published: Path) -> None:
    with pytest.raises(FormatError, match="longer than"):
        FolderSource(published).fetch("checkpoint", 10)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b"[" * 5_000])
def test_a_summary_that_is_none(published: Path, data: bytes) -> None:
    (published / "crowdledger.json").write_bytes(data)
    with pytest.raises(FormatError):
        fetch_summary(FolderSource(published))
    (published / "crowdledger.json").unlink()
    assert fetch_summary(FolderSource(published)) == {}


@pytest.mark.parametrize("place", ["http://", "https:///x", "nowhere", "ftp://example.org"])
def test_a_place_that_is_none(place: str) -> None:
    with pytest.raises(ConfigError):
        open_source(place)


def test_a_service_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.time, "sleep", lambda seconds: None)
    with UrlSource("http://127.0.0.1:9") as source, pytest.raises(UnavailableError, match="does not answer"):
        source.fetch("checkpoint", 10)


@pytest.mark.parametrize(
    "url", ["http://a..b/", f"http://{'a' * 70}.org/", "http://[::1", "http://x/\x00", "http://é%zz/", "http://x/?a=b"]
)
def test_an_address_that_cannot_be_one(url: str) -> None:
    with pytest.raises(ConfigError, match="not an HTTP address"), open_source(url) as source:
        source.fetch("checkpoint", 100)


def test_what_is_no_file_in_a_mirror(tmp_path: Path) -> None:
    """Whoever unpacked somebody's mirror must not wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    with contextlib.chdir(tmp_path), socket.socket(socket.AF_UNIX) as listening:  # a socket's path must be short
        listening.bind("socket")
    for path in ("pipe", "folder", "circle", "socket", "pipe/below", "missing"):
        with pytest.raises(NotFoundError):
            FolderSource(tmp_path).fetch(path, 100)


def test_what_a_source_claims_to_have_costs_nothing_before_it_came(tmp_path: Path, signer: LogSigner) -> None:
    source = FolderSource(logs.publish(tmp_path, logs.a_story(signer, 2), signer))
    tracemalloc.start()
    with pytest.raises((NotFoundError, FormatError)):
        next(read_bundles(source, 0, 1 << 30))
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
