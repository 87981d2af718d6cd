from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ledger.connectors import judge_http
from ledger.connectors.judge_http import HttpJudge
from ledger.consensus.judges import Item, checked_judge, judge_items
from ledger.errors import ConfigError, FormatError, UnavailableError

ITEMS = [Item("c1", {"question": "?"}, {"answer": "yes"}), Item("c2", None, "no")]
FINE = {
    "v": 1,
    "results": [
        {"contribution": "c2", "verdict": "rejected", "score": "0", "reason": "too short"},
        {"contribution": "c1", "verdict": "accepted", "score": "0.85", "confidence": "0.9"},
    ],
}


class Service(ThreadingHTTPServer):
    """A judge on this machine: ``plan`` is what it answers, ``seen`` what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plan: tuple[int, dict[str, str], bytes] = (200, {}, json.dumps(FINE).encode())
        self.drip_seconds = 0.0
        self.seen: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/judge"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers), body))
        status, headers, data = self.server.plan
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if self.server.drip_seconds:
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    time.sleep(self.server.drip_seconds)
            else:
                self.wfile.write(data)
        except OSError:
            pass  # the judge hung up, as it should

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def judge_at(url: str, **more: object) -> HttpJudge:
    return HttpJudge(url, "acme", "3", {"model": "small"}, **more)


def test_one_request_for_all_items(service):
    judge = checked_judge(judge_at(service.url, token="secret"), service.url)
    first, second = judge_items(judge, ITEMS)
    assert (first.verdict, first.score, first.confidence) == ("accepted", 850_000, 900_000)
    assert (second.verdict, second.score, second.reason) == ("rejected", 0, "too short")
    [(headers, body)] = service.seen
    assert headers["Authorization"] == "Bearer secret"
    assert "secret" not in repr(judge)
    assert json.loads(body) == {
        "v": 1,
        "parameters": {"model": "small"},
        "items": [
            {"contribution": "c1", "task": {"question": "?"}, "content": {"answer": "yes"}},
            {"contribution": "c2", "task": None, "content": "no"},
        ],
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"v":2,"results":[]}',
        b'{"v":1,"results":[{"contribution":"c1","verdict":"accepted","score":0.5}]}',
        b'{"v":1,"results":[{"contribution":"c1","verdict":"accepted","score":"1.5"}]}',
        b'{"v":1,"results":[{"contribution":"c1","verdict":"paid","score":"1"}]}',
        b'{"v":1,"results":[{"contribution":"c1","verdict":"accepted","score":"1"}]}',
        gzip.compress(json.dumps(FINE).encode()),
    ],
)
def test_nonsense_decides_nothing(service, data):
    service.plan = (200, {"Content-Encoding": "gzip"} if data[:2] == b"\x1f\x8b" else {}, data)
    with pytest.raises(FormatError, match="acme"):
        judge_items(judge_at(service.url), ITEMS)


def test_an_answer_without_end_is_cut(service, monkeypatch):
    monkeypatch.setattr(judge_http, "MAX_REPLY_BYTES", 1000)
    service.plan = (200, {}, b" " * 100_000)
    with pytest.raises(FormatError, match="1000 bytes"):
        judge_at(service.url).judge(ITEMS)


def test_a_slow_drip_ends_in_time(service):
    service.drip_seconds = 0.05
    start = time.monotonic()
    with pytest.raises(UnavailableError, match="seconds"):
        judge_at(service.url, timeout_seconds=0.4).judge(ITEMS)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("status", [201, 302, 307, 404, 500])
def test_only_200_counts_and_no_redirect_is_followed(service, status):
    service.plan = (status, {"Location": service.url}, b"")
    with pytest.raises(UnavailableError, match=str(status)):
        judge_at(service.url).judge(ITEMS)
    assert len(service.seen) == 1


def test_nobody_there(service):
    url = service.url
    service.server_close()
    with pytest.raises(UnavailableError, match="does not answer"):
        judge_at(url).judge(ITEMS)


@pytest.mark.parametrize(
    "url",
    [
        "http://judge.example/",
        "http://10.0.0.1/",
        "http://localhost.example/",
        "ftp://localhost/",
        "judge.example",
        "",
        "https://user:password@judge.example/",
        "https://",
        "http://[::1",
    ],
)
def test_contents_leave_this_machine_only_by_https(url):
    with pytest.raises(ConfigError):
        judge_at(url)


@pytest.mark.parametrize("url", ["https://judge.example/v1", "http://localhost:1/", "http://[::1]:1/"])
def test_addresses_that_may_be_asked(url):
    assert judge_at(url).url == url
