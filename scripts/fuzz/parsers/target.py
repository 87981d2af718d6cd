"""A parser as it is attacked."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Final

from ledger.errors import CrowdLedgerError

MAX_SECONDS: Final = 5.0
"""Of processor time, for an input of at most ``MAX_BYTES``: a parser that takes longer can be made to stand still."""
MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """``read`` parses; it may return, or raise a typed error (``CrowdLedgerError``). What must hold of what it returns
    it asserts. ``seeds`` are inputs that it reads. ``parsers`` are the functions that are reached by it."""

    name: str
    parsers: tuple[str, ...]
    read: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]

    def reads(self, data: bytes) -> bool:
        """Whether it reads the input; False where it is refused. Raises whatever must not happen."""
        try:
            self.read(data)
        except CrowdLedgerError as error:
            if not error.detail or not str(error):
                raise AssertionError("a refusal without words") from error
            return False
        return True

    def fault(self, data: bytes) -> str | None:
        """What is wrong with how it takes the input, as a traceback; None where all is well."""
        began = process_time()
        try:
            self.reads(data)
        except Exception:
            return traceback.format_exc()
        took = process_time() - began
        return None if took < MAX_SECONDS else f"It took {took:.1f} seconds."
