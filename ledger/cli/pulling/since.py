"""How far the pulls of one platform's work are, in a file if a person wants it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ledger.connectors.pulling import Mark
from ledger.errors import ConfigError


class Pull(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is pulled from where to where: what is kept of it is of no other."""

    connector: str
    address: str
    options: dict[str, str]
    campaign: str
    url: str


class _State(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    v: int
    pull: Pull
    since: str


class Since:
    """The last mark before which all is recorded. A round that had to refuse something is not passed."""

    def __init__(self, path: Path | None, pull: Pull) -> None:
        self._path = path
        self._pull = pull
        self._refused: list[int] = []
        self._is_stuck = False
        self.since = self._load()

    def begin(self) -> None:
        """A round begins."""
        self._refused.clear()
        self._is_stuck = False

    def settle(self, marks: Iterable[Mark], refused: Iterable[int]) -> None:
        """A batch is answered: its marks count where nothing since the one before was refused; lines of what was."""
        self._refused += refused
        for mark in marks:
            bad = [line for line in self._refused if line <= mark.line]
            self._refused = [line for line in self._refused if line > mark.line]
            self._is_stuck = self._is_stuck or bool(bad)
            if mark.done is not None and not bad:
                mark.done()
            if mark.since is not None and not self._is_stuck and mark.since != self.since:
                self.since = mark.since
                self._save()

    def _load(self) -> str | None:
        if self._path is None:
            return None
        try:
            state = msgspec.json.decode(self._path.read_bytes(), type=_State)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise ConfigError(f"'{self._path}' cannot be used: {error}.", remedy=_ANOTHER) from None
        if state.v != 1 or state.pull != self._pull:
            raise ConfigError(f"'{self._path}' is of another pull.", remedy=_ANOTHER)
        return state.since

    def _save(self) -> None:
        if self._path is None or self.since is None:
            return
        part = self._path.with_name(f"{self._path.name}.part")
        with part.open("wb") as file:
            file.write(msgspec.json.encode(_State(v=1, pull=self._pull, since=self.since)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


_ANOTHER = "Name another file with --state; what is recorded already is found again."
