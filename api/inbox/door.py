"""What a log keeps in memory for deliveries: turns at the door, a decoy for unknown hooks, counts, a bell."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from api.inbox.refusals import Refusals
from api.inbox.secrets import Secret, seal, unseal
from ledger.db.sealed import SealedSecrets, new_key

_AT_ONCE: Final = 32
_STRANGERS_AT_ONCE: Final = 16


class Door:
    """Bodies of few deliveries are in memory at a time, and strangers, who know no hook, take nobody's place."""

    def __init__(self) -> None:
        self.refusals = Refusals()
        self.arrived = asyncio.Event()
        """Set when there is something to work on."""
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._strangers_turns = asyncio.Semaphore(_STRANGERS_AT_ONCE)
        self._keys = SealedSecrets(new_key())
        self._decoy = seal(self._keys, [Secret(os.urandom(32).hex())])

    def turn(self, *, stranger: bool) -> asyncio.Semaphore:
        """Whose turn it is to send a body."""
        return self._strangers_turns if stranger else self._turns

    def decoy(self) -> list[bytes]:
        """A secret that nobody knows, unsealed as one of a hook is: whoever guesses ids learns nothing by the time."""
        return [each.secret.encode() for each in unseal(self._keys, self._decoy)]
