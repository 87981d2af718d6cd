"""A node in front of the real one that says of its chain what a test wants."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx


class NodeProxy:
    """A node on a port of its own that asks another one, ``url``. ``heard`` are the methods it was asked for.

    With ``chain_id`` it says that it serves that chain. After ``freeze`` it knows no newer block, and does not see
    what later ones did.
    """

    def __init__(self, url: str, *, chain_id: int | None = None) -> None:
        self.heard: list[str] = []
        self._to = httpx.Client(base_url=url, timeout=30.0, trust_env=False)
        self._chain_id = chain_id
        self._newest: int | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._to.close()

    def freeze(self) -> None:
        """Fall behind from now on."""
        self._newest = int(self._ask("eth_blockNumber", []), 16)

    def _ask(self, method: str, params: list[Any]) -> Any:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self._to.post("/", json=call).json()["result"]

    def _reply(self, call: dict[str, Any]) -> dict[str, Any]:
        method, params = call["method"], list(call.get("params", []))
        self.heard.append(method)
        if method == "eth_chainId" and self._chain_id is not None:
            return {"jsonrpc": "2.0", "id": call["id"], "result": hex(self._chain_id)}
        if self._newest is not None:
            if method == "eth_blockNumber":
                return {"jsonrpc": "2.0", "id": call["id"], "result": hex(self._newest)}
            params = [hex(self._newest) if each in ("latest", "pending") else each for each in params]
        reply: dict[str, Any] = self._to.post("/", json=call | {"params": params}).json()
        found = reply.get("result")
        if method == "eth_getTransactionReceipt" and found and self._newest is not None:
            return reply | {"result": found if int(found["blockNumber"], 16) <= self._newest else None}
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # head and body leave together, else each reply waits for an acknowledgement

            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["content-length"])))
                body = json.dumps(proxy._reply(call)).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        return Handler
