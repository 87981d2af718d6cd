"""Nodes that lie, stammer, drip or are silent: small HTTP servers that say whatever a test wants."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[dict[str, Any]], tuple[int, bytes]]
HASH = "0x" + "ab" * 32


class Liar:
    """One server. ``reply`` is what it answers to a call; ``calls`` are those that it got."""

    def __init__(self) -> None:
        self.reply: Reply = lambda call: (200, b"")
        self.calls: list[dict[str, Any]] = []
        self.drips = 0.0
        """Seconds between two bytes of an answer."""
        self.gone = threading.Event()
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["content-length"])))
                liar.calls.append(call)
                status, body = liar.reply(call)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    for byte in body if liar.drips else ():
                        self.wfile.write(bytes([byte]))
                        time.sleep(liar.drips)
                    self.wfile.write(b"" if liar.drips else body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v3/access-key"

    def answers(self, result: object = None, **members: object) -> None:
        """The same to every call: a result, or the members of an answer."""
        told = members or {"result": result}
        self.reply = lambda call: (200, json.dumps({"jsonrpc": "2.0", "id": call["id"], **told}).encode())

    def by_method(self, answers: dict[str, object]) -> None:
        """To each method its result; an exception's text is a JSON-RPC error; what is callable is called."""

        def reply(call: dict[str, Any]) -> tuple[int, bytes]:
            told = answers[call["method"]]
            found = told(call) if callable(told) else told
            if isinstance(found, tuple):
                return found
            member = {"error": {"code": -32000, "message": str(found)}} if isinstance(found, Exception) else None
            return 200, json.dumps({"jsonrpc": "2.0", "id": call["id"]} | (member or {"result": found})).encode()

        self.reply = reply

    def asked(self, method: str) -> int:
        """How often a method was called."""
        return sum(call["method"] == method for call in self.calls)


@contextlib.contextmanager
def lying(number: int = 1) -> Iterator[list[Liar]]:
    """Some servers, as long as they are needed."""
    liars = [Liar() for _ in range(number)]
    threads = []
    for liar in liars:
        thread = threading.Thread(target=liar.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        threads.append(thread)
    try:
        yield liars
    finally:
        for liar, thread in zip(liars, threads, strict=True):
            liar.gone.set()
            liar.server.shutdown()
            liar.server.server_close()
            thread.join()
