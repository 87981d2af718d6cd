"""A chain that takes itself for a real one: anvil behind a proxy that gives another name, and may pull the plug."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx

from ledger.chain.devchain import DevChain

CHAIN_ID = 424242


class RealChain:
    """``before`` and ``after`` are called around every transaction; the chain gets it if ``before`` says so."""

    def __init__(self) -> None:
        self.chain = DevChain(chain_id=CHAIN_ID)
        self.before: Callable[[], bool] = lambda: True
        self.after: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self.chain.start()
        self._http = httpx.Client(trust_env=False)
        real = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = real.answer(self.rfile.read(int(self.headers["content-length"])))
                try:
                    self.send_response(200)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # who asked was killed

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._http.close()
        self.chain.stop()

    def answer(self, asked: bytes) -> bytes:
        """What the chain says to one JSON-RPC call."""
        call: dict[str, Any] = json.loads(asked)
        if call["method"] == "web3_clientVersion":
            return json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": "Geth/v1.17.0"}).encode()
        sends = call["method"] == "eth_sendRawTransaction"
        if sends and not self.before():
            return b"{}"
        said = self._http.post(self.chain.url, content=asked, headers={"content-type": "application/json"}).content
        if sends:
            self.after()
        return said

    @contextmanager
    def as_it_was(self) -> Iterator[Self]:
        """Undo, at the end, all that happens to the chain meanwhile."""
        snapshot = self.chain.snapshot()
        yield self
        self.chain.revert(snapshot)
