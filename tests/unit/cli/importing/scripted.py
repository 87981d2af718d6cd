"""A service on a socket that answers what a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = Callable[[str, str, Any], tuple[int, Any]]
Judge = Callable[[str, dict[str, Any]], dict[str, Any]]
CREATED: dict[str, Any] = {"code": 201}


class Scripted:
    """``answer(method, path, body)`` gives code and reply; ``heard`` is what was asked, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Any]] = []
        self.answer: Answer = lambda *_: (404, {})
        asked = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                asked.heard.append((self.command, self.path, body))
                code, reply = asked.answer(self.command, self.path, body)
                data = json.dumps(reply).encode()
                with suppress(ConnectionError):  # who asked may not have waited
                    self.send_response(code)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            do_PATCH = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def judges(self, judge: Judge) -> Self:
        """Answer batches item by item: ``judge(path, item)`` gives the result of one."""
        self.answer = lambda _, path, body: (200, {"results": [judge(path, item) for item in body["items"]]})
        return self

    def items(self, kind: str) -> list[dict[str, Any]]:
        """All items of this kind that came, such as ``tasks``."""
        return [item for _, path, body in self.heard if path.endswith(f"/{kind}/batch") for item in body["items"]]

    @contextmanager
    def running(self) -> Iterator[Self]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
