"""The addresses of hosts, as the system's resolver gives them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_THREADS: Final = 64
LookUp = Callable[[str, int], list[str]]


def _look_up(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Names:
    """Looks hosts up in threads of its own, so that a slow server of names holds up nothing else.

    A look-up cannot be stopped: whoever asks for a host that is being looked up waits for that one, given up or not.
    So a host takes one thread, however many requests go there, and leaves the others to other people's hosts.
    """

    def __init__(self, look_up: LookUp = _look_up) -> None:
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")
        self._under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def find(self, host: str, port: int) -> Sequence[str]:
        """The host's addresses. Raises OSError."""
        asked = host, port
        found = self._under_way.get(asked)
        if found is None:
            found = asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host, port)
            self._under_way[asked] = found
            found.add_done_callback(lambda done: self._ended(asked, done))
        return await asyncio.shield(found)

    def _ended(self, asked: tuple[str, int], done: asyncio.Future[list[str]]) -> None:
        del self._under_way[asked]
        if not done.cancelled():
            done.exception()  # looked at, should nobody wait for it any more

    def close(self) -> None:
        """Begin no further look-up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
