"""What a log keeps in memory for deliveries: turns at the door, a decoy for unknown hooks, counts, a bell."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from api.inbox.refusals import Refusals
from api.inbox.secrets import Secret, seal, unseal
from ledger.db.sealed import SealedSecrets, new_key
from ledger.errors import TooManyError

_AT_ONCE: Final = 128
_OF_A_PLATFORM: Final = 32
_STRANGERS_AT_ONCE: Final = 16
_STRANGERS: Final = ""


class Door:
    """Bodies of few deliveries are in memory at a time. Whoever sends slowly takes nobody's place but that of his own
    platform; strangers, who know no hook, only one another's.
    """

    def __init__(self) -> None:
        self.refusals = Refusals()
        self.arrived = asyncio.Event()
        """Set when there is something to work on."""
        self._inside: Counter[str] = Counter()
        """How many send a body, by platform."""
        self._keys = SealedSecrets(new_key())
        self._decoy = seal(self._keys, [Secret(os.urandom(32).hex())])

    @contextmanager
    def turn(self, platform: str | None) -> Iterator[None]:
        """A place to send a body; of no platform for a stranger. Raises TooManyError where all are taken."""
        whose = _STRANGERS if platform is None else platform
        most = _STRANGERS_AT_ONCE if platform is None else _OF_A_PLATFORM
        if self._inside[whose] >= most or self._inside.total() >= _AT_ONCE + _STRANGERS_AT_ONCE:
            raise TooManyError("Too many deliveries come in at this moment.", limit="deliveries")
        self._inside[whose] += 1
        try:
            yield
        finally:
            self._inside[whose] -= 1
            if not self._inside[whose]:
                del self._inside[whose]

    def decoy(self) -> list[bytes]:
        """A secret that nobody knows, unsealed as one of a hook is: whoever guesses ids learns nothing by the time."""
        return [each.secret.encode() for each in unseal(self._keys, self._decoy)]
