"""Whether the process was asked to end: replies that go on and on must end then, or the server would wait for them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """Notices the signals at which the server ends."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def noticed(self) -> Iterator[None]:
        """Notice the signals for the block; what handled them before goes on doing so."""
        if current_thread() is not main_thread():  # signals are not for threads
            yield
            return
        before = {number: signal.getsignal(number) for number in _SIGNALS}

        def notice(number: int, frame: FrameType | None) -> Any:
            self.asked = True
            handler = before[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)
            elif handler == signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)

        for number in _SIGNALS:
            signal.signal(number, notice)
        try:
            yield
        finally:
            for number, handler in before.items():
                if signal.getsignal(number) is notice:
                    signal.signal(number, handler)
