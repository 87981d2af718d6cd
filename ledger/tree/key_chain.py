"""The keys of a log one after the other: each rotation is endorsed by the key before and proved by the new one.

Both sign the same text, which no checkpoint can be: its first line has spaces, as no origin has. The key of a rotation
in entry ``i`` signs every checkpoint that covers entry ``i``, that is, every one of a size above ``i``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ledger.errors import FormatError, SignatureError
from ledger.tree.keys import LogSigner, VerifierKey

_FIRST_LINE = "crowdledger log key rotation v1"


def rotation_text(previous: VerifierKey, key: VerifierKey) -> bytes:
    """What both keys sign; SignatureError where they are not two keys of one log."""
    if previous.name != key.name or previous == key:
        raise SignatureError(
            f"The key '{key.vkey}' cannot follow '{previous.vkey}': it is the same, or of another log.",
            remedy="Make a new key for the log's own origin.",
        )
    return f"{_FIRST_LINE}\n{key.name}\n{previous.vkey}\n{key.vkey}\n".encode()


def sign_rotation(previous: LogSigner, new: LogSigner) -> tuple[bytes, bytes]:
    """The new key's signature, which proves that somebody holds it, and the old one's, which endorses it."""
    text = rotation_text(previous.verifier_key, new.verifier_key)
    return new.sign_bytes(text), previous.sign_bytes(text)


def verify_rotation(previous: VerifierKey, key: VerifierKey, signature: bytes, endorsed: bytes) -> None:
    """Check both signatures of a rotation; SignatureError where one does not verify, or the keys cannot follow."""
    text = rotation_text(previous, key)
    key.verify(signature, text)
    previous.verify(endorsed, text)


@dataclass(frozen=True, slots=True)
class KeyChain:
    """A log's keys in their order, each with the entry that put it in force: 0 for the first, then the rotations.

    It says nothing of who made it: whoever does checks the rotations (:func:`verify_rotation`). FormatError where the
    keys are not of one log, one comes twice, or the entries do not ascend.
    """

    keys: tuple[tuple[int, VerifierKey], ...]

    def __post_init__(self) -> None:
        entries = [entry for entry, _ in self.keys]
        if entries[:1] != [0] or any(one >= two for one, two in pairwise(entries)):
            raise FormatError("The first key of a log is in force from entry 0, each other one from a later entry.")
        if len({key.name for _, key in self.keys}) != 1 or len({key for _, key in self.keys}) != len(self.keys):
            raise FormatError("The keys of a log bear one name, and none of them comes back.")

    @classmethod
    def of(cls, vkeys: Iterable[tuple[int, str]]) -> KeyChain:
        """The chain of verifier keys as texts (C2SP vkeys); FormatError where one is none."""
        return cls(tuple((entry, VerifierKey.parse(vkey)) for entry, vkey in vkeys))

    @classmethod
    def single(cls, key: VerifierKey) -> KeyChain:
        """The chain of a log whose key was never rotated."""
        return cls(((0, key),))

    @property
    def first(self) -> VerifierKey:
        """The key that the log was opened with."""
        return self.keys[0][1]

    @property
    def newest(self) -> VerifierKey:
        """The key that signs now."""
        return self.keys[-1][1]

    def key_at(self, size: int) -> VerifierKey:
        """The key that signs a checkpoint of ``size`` entries."""
        return self.keys[max(bisect_left(self.keys, size, key=lambda item: item[0]), 1) - 1][1]

    def up_to(self, size: int) -> KeyChain:
        """The chain as a log of ``size`` entries tells it."""
        return KeyChain(tuple(item for item in self.keys if item[0] < max(size, 1)))

    def followed_by(self, entry: int, key: VerifierKey) -> KeyChain:
        """The chain with one more key, in force from ``entry``; FormatError where it cannot follow."""
        return KeyChain((*self.keys, (entry, key)))

    def __contains__(self, key: object) -> bool:
        return any(key == each for _, each in self.keys)

    def has(self, vkey: str) -> bool:
        """Whether a verifier key, as a text, is one of the chain."""
        return any(vkey == each.vkey for _, each in self.keys)

    def require(self, key: VerifierKey) -> None:
        """Raise SignatureError (check ``key``) unless ``key`` is one of the chain."""
        if key not in self:
            raise SignatureError(
                f"The log's keys, from '{self.first.vkey}' on, do not lead to '{key.vkey}', which you trust.",
                remedy="Check which log this is; do not trust it if it should be the one of your key.",
                check="key",
            )
