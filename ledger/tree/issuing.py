"""The receipts of a group of new entries, written at once.

The entries of a group share the key, the checkpoint and most of their inclusion proofs: each of these is put into
base64 and JSON once, and a receipt puts what is its own between them. The bytes are those that ``Receipt.encode`` makes
of each one alone.
"""

from __future__ import annotations

import json
from binascii import b2a_base64

from ledger.tree.growth import Growth
from ledger.tree.keys import VerifierKey
from ledger.tree.proofs import FIRST_LINE
from ledger.tree.receipts import VERSION

_LINE_END = rb"\n"
"""A newline inside a JSON string."""


class GroupReceipts:
    """Receipts of the leaves that a growth appended, under the checkpoint of the grown tree. Nothing is verified."""

    def __init__(self, key: VerifierKey, growth: Growth, checkpoint: str) -> None:
        """``checkpoint`` is the signed note of ``growth.after``, ``key`` the one that signed it."""
        self._begin = b'{"key":"%s","proof":"%s' % (_inside(key.vkey), _inside(f"{FIRST_LINE}\nextra "))
        self._end = b'%s%s","v":%d}' % (_LINE_END, _inside(checkpoint), VERSION)
        self._first = growth.before.size
        self._paths: list[bytes] = growth.inclusion_paths(b"", _line)

    def encode(self, index: int, statement: bytes) -> bytes:
        """The canonical bytes of the receipt of entry ``index``, one of the group's, whose bytes are ``statement``."""
        extra = b2a_base64(statement, newline=False)
        return b"%s%s\\nindex %d\\n%s%s" % (self._begin, extra, index, self._paths[index - self._first], self._end)


def _line(sibling: bytes, path: bytes) -> bytes:
    return b2a_base64(sibling, newline=False) + _LINE_END + path


def _inside(text: str) -> bytes:
    """A text as it stands between the quotes of RFC 8785."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()
