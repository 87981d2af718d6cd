"""A platform that is asked for what its delivery only named: at the address of the hook and nowhere else, in bounds.

Connectors read in threads; the request itself runs on the event loop.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from typing import Any, Final
from urllib.parse import urlencode

from api.inbox.hooks import StoredHook
from ledger.connectors.reading import lines
from ledger.errors import FormatError, UnavailableError
from ledger.outgoing import Answer, Outgoing

REQUEST_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 60.0
"""For all that one delivery makes us ask."""
MAX_REPLY_BYTES: Final = 4 * 1024 * 1024
MAX_TOTAL_BYTES: Final = 32 * 1024 * 1024
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?")
_LATER: Final = frozenset({408, 425, 429})
_NOT_ALLOWED: Final = frozenset({401, 403})


class Asker:
    """Asks one platform, from a thread other than the loop's."""

    def __init__(self, outgoing: Outgoing, loop: asyncio.AbstractEventLoop, hook: StoredHook) -> None:
        if hook.base_url is None:
            raise ValueError("there is nobody to ask")
        self._outgoing = outgoing
        self._loop = loop
        self._base_url = hook.base_url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "CrowdLedger", **_shown(hook)}
        self._until = time.monotonic() + TOTAL_SECONDS
        self._bytes_left = MAX_TOTAL_BYTES

    def __call__(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON of the reply. Raises UnavailableError where it should be tried again, FormatError for good, and
        OutgoingRefusedError where nothing may be sent there."""
        if _PATH.fullmatch(path) is None:
            raise FormatError("The delivery names what cannot be asked for.", remedy="Look who sent it.")
        answer = self._get(self._base_url + path + (f"?{urlencode(query)}" if query else ""))
        if answer.status in _LATER or answer.status >= 500:
            raise UnavailableError(f"The platform answered {answer.status}.", remedy="It is asked again.")
        if answer.status in _NOT_ALLOWED:
            raise FormatError(
                f"The platform answered {answer.status}: it does not take the hook's token.",
                remedy="Change the hook's token, then try this delivery again.",
            )
        if answer.status != 200:
            raise FormatError(f"The platform answered {answer.status}.", remedy="Look at the hook's base_url.")
        if answer.cut or self._bytes_left <= 0:
            raise FormatError("The platform's answer is too long.", remedy="Import the platform's export instead.")
        return lines.parse(answer.body.decode(errors="replace"))

    def _get(self, url: str) -> Answer:
        seconds = min(REQUEST_SECONDS, self._until - time.monotonic())
        if seconds <= 0:
            raise UnavailableError(f"The platform took over {TOTAL_SECONDS:g} seconds.", remedy="It is asked again.")
        asked = self._outgoing.request(
            "GET", url, headers=self._headers, timeout_seconds=seconds, max_reply_bytes=MAX_REPLY_BYTES
        )
        try:
            answer = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        except CancelledError:
            raise UnavailableError("The service ends.", remedy="It is asked again.") from None
        self._bytes_left -= len(answer.body)
        return answer


def _shown(hook: StoredHook) -> Mapping[str, str]:
    """The headers that show the token, as this platform wants it."""
    if hook.token is None:
        return {}
    source = hook.platforms.source
    if source is None or source.speaks != "http":  # a relay of the operator's own
        return {"Authorization": f"Bearer {hook.token}"}
    return source.headers(hook.token)
